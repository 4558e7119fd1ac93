"""Leases: each process holds a lock that the operating system releases when the process ends.

The lock is on a tiny SQLite file, named by the process's random id, so it works wherever SQLite
works, across containers that share the folder too, and needs no process table.
"""

import secrets
import sqlite3
from pathlib import Path


def _file(path: Path, owner: int) -> Path:
    return path.with_name(f"{path.name}-owner-{owner:x}")


class Lease:
    """The lock of this process, held until it ends."""

    def __init__(self, path: Path) -> None:
        self.owner = secrets.randbits(62) + 1
        self._file = _file(path, self.owner)
        self._db = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode = MEMORY")
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        """Release the lock; whatever this process still holds counts as abandoned."""
        self._db.close()
        self._file.unlink(missing_ok=True)


def alive(path: Path, owner: int) -> bool:
    """True while the process with that id holds its lock; removes the file of a dead one."""
    file = _file(path, owner)
    if not file.exists():
        return False
    db = sqlite3.connect(file, timeout=0, isolation_level=None)
    try:
        db.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return True
    finally:
        db.close()
    file.unlink(missing_ok=True)
    return False
