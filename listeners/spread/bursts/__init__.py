"""How much is usually said about a brand, and when there is far more."""
