"""The parts of the SQLite store; ``storage.sqlite.store`` is their door."""
