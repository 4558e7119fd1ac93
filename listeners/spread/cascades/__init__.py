"""How far a post goes: features of the early curve, the learned model, and its calibration."""
