"""What SQLite says, in the words of ``core.errors``, with the remedy."""

import sqlite3
from typing import Final

from core.errors import StoreError, StoreFull, StoreLocked, StoreReadOnly

_NO_SHARED_MEMORY: Final = sqlite3.SQLITE_IOERR_SHMSIZE


def translate(error: sqlite3.Error, path: str) -> StoreError:
    """The StoreError that stands for ``error``."""
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
