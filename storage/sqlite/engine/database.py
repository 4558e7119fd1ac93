"""The database behind the repositories: opening, closing, writing and reading."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self, TypeVar

from core.clock import Clock
from core.errors import Conflict, StoreError, StoreReadOnly
from storage.encryption import RING, Coder, Keys, unlock
from storage.lease import Lease, alive
from storage.sqlite.engine.connection import SqliteTx, View, connect, translate
from storage.sqlite.engine.mark import CommitMark, compare
from storage.sqlite.engine.schema import migrate
from storage.sqlite.engine.writer import Writer

R = TypeVar("R")
THREADS: Final = 4
"""Readers at once."""


def _open(
    path: Path, max_pages: int | None, keys: Keys
) -> tuple[sqlite3.Connection, CommitMark, Coder, Lease]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(
            f"the folder {path.parent} cannot be made ({error.strerror}). "
            f"Make it and give this user the right to write it, or name another."
        ) from error
    try:
        existed = path.exists() and path.stat().st_size > 0
        db = connect(path)
        mark = CommitMark(path)
        try:
            known = mark.read()  # before the store, which other processes may bring further
            migrate(db, str(path))
            if max_pages is not None:
                db.execute(f"PRAGMA max_page_count = {max_pages}")
            coder = _coder(db, keys, str(path))
            compare(db, known, str(path), existed=existed)
            return db, mark, coder, Lease(path)
        except BaseException:
            mark.close()
            db.close()
            raise
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error


def _coder(db: sqlite3.Connection, keys: Keys, where: str) -> Coder:
    """The coder of the store; a new one gets a ring of keys where there is a key."""
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


class Readers:
    """Runs queries, each in one snapshot of the database."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], coder: Coder, path: str) -> None:
        self._connect = connect
        self._coder = coder
        self._path = path
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store-reader")
        self.closed = False
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []

    def close(self) -> None:
        """Blocks until running queries are done."""
        self.closed = True
        self.pool.shutdown()
        for db in self._opened:
            db.close()

    def ask(self, query: Callable[[View], R]) -> R:
        """The answer of ``query``, which must not write; to be called in a thread of ``pool``."""
        try:
            view: View = getattr(self._own, "view", None) or self._connected()
            view.db.execute("BEGIN")
            try:
                return query(view)
            finally:
                view.db.execute("COMMIT")
        except sqlite3.Error as error:
            raise translate(error, self._path) from error

    def _connected(self) -> View:
        """A view for this thread."""
        db = self._connect()
        db.execute("PRAGMA query_only = ON")
        self._opened.append(db)
        view = self._own.view = View(db, self._coder)
        return view


class SqliteDatabase:
    """One SQLite file: a writer thread, a pool of readers, and the lock of a living process.

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
        db, mark, coder, lease = await asyncio.to_thread(_open, path, max_pages, keys)
        writer = Writer(db, mark, coder=coder, clock=clock, owner=lease.owner, path=str(path))
        database = cls(path, coder, writer, lease)
        try:
            await writer.do(_enrol)
            await writer.do(lambda tx: release_dead(tx, path))
        except BaseException:
            await asyncio.to_thread(database._shut)
            raise
        return database

    async def close(self) -> None:
        """Finish what was handed in and close every connection; may be called twice."""
        with contextlib.suppress(StoreError):  # the end of the lock tells the others the same
            await self._writer.do(_leave)
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._writer.close()
        self._readers.close()
        self._lease.close()

    async def write(self, work: Callable[[SqliteTx], R]) -> R:
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
        readers = self._readers
        try:
            if readers.closed:
                raise StoreError(f"{self.path} is closed. Open the store again.")
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(readers.pool, readers.ask, query)
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


def _enrol(tx: SqliteTx) -> None:
    """Make this process known to the others."""
    tx.db.execute("INSERT INTO owners (id, opened_at) VALUES (?, ?)", (tx.owner, tx.now))


def _leave(tx: SqliteTx) -> None:
    release(tx, tx.owner)


def release_dead(tx: SqliteTx, path: Path) -> None:
    """Hand back what dead processes held."""
    for (owner,) in tx.db.execute("SELECT id FROM owners WHERE id <> ?", (tx.owner,)).fetchall():
        if not alive(path, owner):
            release(tx, owner)


def release(tx: SqliteTx, owner: int) -> None:
    """Hand back what a process held, and forget the process; a reply it was sending is in doubt."""
    release_events(tx, owner)
    tx.db.execute("UPDATE replies SET owner = 0 WHERE state = 'sending' AND owner = ?", (owner,))
    tx.db.execute(
        "UPDATE deliveries SET owner = 0, due = ? WHERE delivered = 0 AND owner = ?",
        (tx.now, owner),
    )
    tx.db.execute("DELETE FROM owners WHERE id = ?", (owner,))


def release_events(tx: SqliteTx, owner: int) -> None:
    """Hand back the events that a process held."""
    tx.db.execute("UPDATE events SET owner = 0 WHERE state = 0 AND owner = ?", (owner,))
