"""Durable storage: the repositories of ``core.repositories`` over SQLite and MongoDB."""
