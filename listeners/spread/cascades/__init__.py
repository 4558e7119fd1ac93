"""Forecasts of the reach of a post: features of the early curve, learned model, calibration."""
