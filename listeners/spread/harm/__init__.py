"""Harm of a mention to the brand, and the texts that do none whatever their words."""
