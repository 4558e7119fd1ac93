"""Hejia (禾家), a fictional supermarket chain: configuration, articles and generated posts."""
