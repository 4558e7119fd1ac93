"""Pages of the console: one module a page, listed in ``registry.py``."""
