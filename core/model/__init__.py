"""The vocabulary, one module an aggregate: frozen values and the pure rules about them."""
