"""Which texts are about the same thing: copies, shared words, and shared meaning."""
