"""The store in one SQLite file: a repository a file, all built by ``storage.sqlite.store``."""
