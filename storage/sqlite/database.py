"""The database behind the repositories: opening, closing, writing and reading."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self, TypeVar

from core.clock import Clock
from core.errors import Conflict, StoreError, StoreReadOnly
from storage.encryption import Coder, Seal
from storage.key_ring import RING, Keys, unlock
from storage.lease import Lease
from storage.sqlite import maintenance as upkeep
from storage.sqlite.errors import translate
from storage.sqlite.readers import Readers
from storage.sqlite.schema import migrate
from storage.sqlite.work import Tx, View
from storage.sqlite.writer import Writer

R = TypeVar("R")
BUSY_SECONDS: Final = 5.0


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


def _open(path: Path, max_pages: int | None, keys: Keys) -> tuple[sqlite3.Connection, Seal, Lease]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(
            f"the folder {path.parent} cannot be made ({error.strerror}). "
            f"Make it and give this user the right to write it, or name another."
        ) from error
    try:
        db = connect(path)
        try:
            migrate(db, str(path))
            if max_pages is not None:
                db.execute(f"PRAGMA max_page_count = {max_pages}")
            return db, _seal(db, keys, str(path)), Lease(path)
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error


def _seal(db: sqlite3.Connection, keys: Keys, where: str) -> Seal:
    """What the store is sealed with; a new store gets a ring of keys where there is a key."""
    find = "SELECT value FROM settings WHERE key = ?"
    ring = db.execute(find, (RING,)).fetchone()
    if ring is None:
        empty = db.execute("SELECT 1 FROM events LIMIT 1").fetchone() is None
        fresh = keys.first_ring(empty=empty, where=where)
        if fresh is not None:
            db.execute(
                "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (RING, fresh),
            )
            ring = db.execute(find, (RING,)).fetchone()
    return unlock(ring[0] if ring else None, keys, where)


class Database:
    """One SQLite file: a writer thread, a pool of readers, and the lock that says this process lives.

    Repositories hand it functions of a transaction or of a view; what they return is returned.
    """

    def __init__(self, path: Path, coder: Coder, writer: Writer, lease: Lease) -> None:
        """Use ``open``."""
        self.path = path
        self.coder = coder
        """Encodes records and seals them."""
        self.troubles = 0
        """Number of StoreErrors so far. A caller that met one may have dropped what it had claimed,
        so claims of this process can be claimed again after each."""
        self.failing = False
        """True from a failed write until a write was tried again with success."""
        self._writer = writer
        self._readers = Readers(lambda: connect(path), coder, str(path))
        self._lease = lease

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, keys: Keys, max_pages: int | None) -> Self:
        """As SqliteStore.open."""
        db, seal, lease = await asyncio.to_thread(_open, path, max_pages, keys)
        coder = Coder(seal)
        writer = Writer(db, coder=coder, clock=clock, owner=lease.owner, path=str(path))
        database = cls(path, coder, writer, lease)
        try:
            await writer.do(upkeep.enrol)
            await writer.do(lambda tx: upkeep.release_dead(tx, path))
        except BaseException:
            await asyncio.to_thread(database._shut)
            raise
        return database

    async def close(self) -> None:
        """Finish what was handed in and close every connection; may be called twice."""
        with contextlib.suppress(StoreError):  # the end of the lock tells the others the same
            await self._writer.do(upkeep.leave)
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._writer.close()
        self._readers.close()
        self._lease.close()

    async def write(self, work: Callable[[Tx], R]) -> R:
        """Run ``work`` in a transaction, durable on return; raises what it raises."""
        try:
            return await self._writer.do(work)
        except Conflict:
            raise
        except StoreError:
            self.troubles += 1
            self.failing = True
            raise

    async def read(self, query: Callable[[View], R]) -> R:
        """Run ``query`` on one snapshot; it must not write."""
        try:
            return await self._readers.ask(query)
        except Conflict:
            raise
        except StoreError:
            self.troubles += 1
            raise

    async def truncate_log(self) -> None:
        """Bring all of the write-ahead log into the file and cut it to nothing."""

        def work() -> None:
            with contextlib.closing(connect(self.path)) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        await asyncio.to_thread(work)
