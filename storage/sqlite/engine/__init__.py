"""The SQLite file below the repositories: connections, the writer thread, the schema."""
