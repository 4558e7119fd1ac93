"""One file a page: what it reads, what it changes, and who may call it."""
