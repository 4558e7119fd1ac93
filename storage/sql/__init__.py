"""The parts of the SQLite store; ``storage.sqlite`` is their door."""
