"""Connections to the file, what a piece of work on one is given, and what its errors mean."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly
from storage.encryption import Coder

BUSY_SECONDS: Final = 5.0
_NO_SHARED_MEMORY: Final = sqlite3.SQLITE_IOERR_SHMSIZE

Value = str | bytes | int | float | None
Row = tuple[Value, ...]


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits survive a power cut."""
    db = sqlite3.connect(
        path,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA cache_size = -16000")
        db.execute(f"PRAGMA journal_size_limit = {64 << 20}")
    except BaseException:
        db.close()
        raise
    return db


@dataclass(frozen=True, slots=True)
class View:
    """A connection to read from."""

    db: sqlite3.Connection
    coder: Coder


@dataclass(frozen=True, slots=True)
class SqliteTx(View):
    """One caller's part of a write transaction.

    Changes of the index tables are written just before the commit, because SQLite would otherwise
    write out the index at every savepoint.
    """

    now: int
    """Microseconds since 1970."""
    owner: int
    """Id of this process; see storage.lease."""
    counts: dict[str, int] = field(default_factory=dict)
    late: list[tuple[str, Row]] = field(default_factory=list)

    def count(self, name: str, by: int) -> None:
        """Change a counter: ``received``, ``done``, ``pending``, ``dead`` or ``dropped:REASON``."""
        name = name.encode("utf-8", "backslashreplace").decode()
        if by:
            self.counts[name] = self.counts.get(name, 0) + by

    def index(self, statement: str, values: Sequence[Value]) -> None:
        """Run an index statement before the commit."""
        self.late.append((statement, tuple(values)))


def translate(error: sqlite3.Error, path: str) -> StoreError:
    """The StoreError for an error of SQLite, with the remedy."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_FULL or code == _NO_SHARED_MEMORY:
        return StoreFull(
            f"no room left for {path}. Free disk space or raise the limit; "
            f"nothing of this change was stored, and work goes on by itself once there is room."
        )
    match code & 0xFF:
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreReadOnly(
                f"{path} cannot be written ({error}). "
                f"Give this user the right to write the file and its folder, or name another."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreLocked(
                f"another process holds {path}. Stop the other program that has it open, "
                f"or wait until its backup or migration ends."
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(
                f"{path} is damaged or no SQLite file ({error}). Restore the latest backup."
            )
    return StoreError(f"{path}: {error}. Look at the disk and the system log.")
