"""What a piece of work on the database is given."""

import sqlite3
from collections.abc import Sequence

from storage.encryption import Coder

Value = str | bytes | int | float | None
Row = tuple[Value, ...]


class View:
    """A connection to read from."""

    def __init__(self, db: sqlite3.Connection, coder: Coder) -> None:
        self.db = db
        self.coder = coder


class Tx(View):
    """One caller's part of a write transaction.

    What is put into the index tables is written just before the commit, because SQLite would
    otherwise write out the index at every savepoint.
    """

    def __init__(self, db: sqlite3.Connection, coder: Coder, *, now: int, owner: int) -> None:
        super().__init__(db, coder)
        self.now = now
        """Microseconds since 1970."""
        self.owner = owner
        """This process's id; see storage.lease."""
        self.counts: dict[str, int] = {}
        self.late: list[tuple[str, Row]] = []

    def count(self, name: str, by: int) -> None:
        """Change a counter; ``received``, ``done``, ``pending``, ``dead``, ``dropped:REASON``."""
        name = name.encode("utf-8", "backslashreplace").decode()
        if by:
            self.counts[name] = self.counts.get(name, 0) + by

    def index(self, statement: str, values: Sequence[Value]) -> None:
        """Run an index statement before the commit."""
        self.late.append((statement, tuple(values)))
