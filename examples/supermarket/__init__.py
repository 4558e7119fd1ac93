"""Hejia (禾家), a supermarket chain that does not exist, and what people say about it."""
