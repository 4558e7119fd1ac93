"""Backup and restore: SQLite as one file; MongoDB as a file of rows that any store reads."""

import asyncio
import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.clock import Clock
from core.errors import SchemaTooNew, StoreError
from core.model.audit import pseudonym
from core.model.conversations import Conversation
from core.model.events import Event
from core.model.outbox import ReplyState
from storage.encoding import text_of
from storage.encryption import NO_KEY, Keys
from storage.factory import AnyStore, open_store, sqlite_path
from storage.moving import read_rows, write_rows
from storage.portable import Row
from storage.sqlite.engine.acknowledged import forget_mark
from storage.sqlite.engine.connection import translate
from storage.sqlite.engine.schema import VERSION, migrate
from storage.sqlite.store import SqliteStore

_NATIVE_SINCE: Final = 3
"""Version of the schema from which on replies have the column ``native``."""
GAP: Final = 1000
"""Numbers left out after putting a backup back; those may have been given since it was made."""
_SQLITE: Final = b"SQLite format 3\x00"


async def backup(store: AnyStore, path: Path) -> None:
    """Write everything the store holds at this moment to ``path``, while it is used.

    Raises StoreError with the remedy; an older file at ``path`` is replaced only by a sound one.
    """
    try:
        if isinstance(store, SqliteStore):
            await asyncio.to_thread(back_up, store.path, path)
        else:
            await write_rows(store, path)
    except sqlite3.Error as error:
        raise translate(error, str(path)) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}). Name another file."
        ) from error


async def restore(path: Path, url: str, *, clock: Clock, keys: Keys = NO_KEY) -> None:
    """Make what ``path`` holds what the store at ``url`` holds.

    A SQLite backup may be put back while other processes use the store; the audit log goes on, and
    who was erased since the backup was made is erased again. A file of rows needs an empty store.
    Raises StoreError with the remedy, and nothing is changed then.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}). Name another file.") from error
    target = sqlite_path(url)
    if head != _SQLITE:
        await read_rows(path, url, clock=clock, keys=keys)
    elif target is None:
        raise StoreError(
            f"{path} is a SQLite backup. Restore it to sqlite:PATH, then move that store to {url}."
        )
    else:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            erased = await asyncio.to_thread(put_back, path, target)
            await _erase_again(erased, url, clock=clock, keys=keys)
        except sqlite3.Error as error:
            raise translate(error, str(target)) from error


async def _erase_again(erased: tuple[str, ...], url: str, *, clock: Clock, keys: Keys) -> None:
    """Forget customers, named by their pseudonyms, whom a backup has brought back."""
    if not erased:
        return
    store = await open_store(url, clock=clock, keys=keys)
    try:
        found: set[str] = set()
        async for rows in store.rows.read("events"):
            found |= {store.coder.load(Event, _body(row)).author.id for row in rows}
        async for rows in store.rows.read("conversations"):
            found |= {store.coder.load(Conversation, _body(row)).customer for row in rows}
        for customer in sorted(found):
            if pseudonym(customer) in erased:
                await store.customers.erase(customer, by="restore")
    finally:
        await store.close()


def _body(row: Row) -> bytes:
    body = row[-1]
    assert isinstance(body, bytes)  # noqa: S101 - the last field of these kinds
    return body


def back_up(source: Path, target: Path) -> None:
    """Copy the store as it is at one moment into one file; writers go on meanwhile.

    Raises StoreError where the copy is not sound; sqlite3.Error and OSError as they come.
    """
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    with _opened(source) as live, _opened(partial) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        _check(copy, source)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(target)


def put_back(backup: Path, target: Path) -> tuple[str, ...]:
    """Make a backup what the store holds; other processes may have the store open.

    Returns pseudonyms of the customers that were erased since the backup was made.

    A reply that waited when the backup was made may have been sent since: it is in doubt, and is
    looked for on the platform or becomes a ticket. What the store has sent since the backup stays
    known, so that nothing is sent twice when its event comes again. Numbers are never given again.
    Raises StoreError and leaves the store as it was where the backup is not sound.
    """
    work = target.with_name(f"{target.name}.restoring")
    work.unlink(missing_ok=True)
    try:
        with _opened(backup) as source, _opened(work) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            _check(copy, backup)
            migrate(copy, str(backup))
            with _opened(target) as live:
                erased = _keep(copy, live)
                copy.backup(live)
                forget_mark(target)
            return erased
    finally:
        work.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        yield db
    finally:
        db.close()


def _check(db: sqlite3.Connection, origin: Path) -> None:
    try:
        (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{origin} is not a Tingfeng backup ({error}). Name another file."
        ) from error
    if verdict != "ok" or not version:
        raise StoreError(f"{origin} is not a sound backup ({verdict}). Name another file.")
    if version > VERSION:
        raise SchemaTooNew(f"{origin} was made by a newer Tingfeng. Install that version first.")


def _keep(copy: sqlite3.Connection, live: sqlite3.Connection) -> tuple[str, ...]:
    """Bring into the copy what must not be forgotten of the store it replaces."""
    erased: tuple[str, ...] = ()
    copy.execute("BEGIN")
    copy.execute("UPDATE events SET owner = 0")
    copy.execute("UPDATE deliveries SET owner = 0")
    copy.execute(
        "UPDATE replies SET state = ?, owner = 0 WHERE state IN (?, ?)",
        (ReplyState.SENDING, ReplyState.PENDING, ReplyState.SENDING),
    )
    copy.execute("DELETE FROM owners")
    if live.execute("SELECT 1 FROM sqlite_master WHERE name = 'replies'").fetchone():
        _keep_replies(copy, live)
        erased = _keep_audit(copy, live)
        copy.executemany(
            "INSERT INTO owners (id, opened_at) VALUES (?, ?)",
            live.execute("SELECT id, opened_at FROM owners"),
        )
        copy.executemany(
            "INSERT INTO numbers (name, last) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
            live.execute("SELECT name, last FROM numbers"),
        )
        for name, last in live.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
            copy.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name)
            )
    copy.execute("UPDATE numbers SET last = last + ?", (GAP,))
    copy.execute("UPDATE sqlite_sequence SET seq = seq + ?", (GAP,))
    copy.execute("COMMIT")
    return erased


def _keep_audit(copy: sqlite3.Connection, live: sqlite3.Connection) -> tuple[str, ...]:
    """Go on with the audit log of the store, unless the backup's goes on from it."""
    columns = "seq, at, who, what, about, before, hash"
    ours, theirs = (
        db.execute(f"SELECT {columns} FROM audit ORDER BY seq").fetchall()  # noqa: S608 - a literal above
        for db in (live, copy)
    )
    if theirs[: len(ours)] == ours:
        return ()
    pairs = zip(ours, theirs, strict=False)
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    guards = copy.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
    ).fetchall()
    for name, _ in guards:
        copy.execute(f"DROP TRIGGER {name}")
    copy.execute("DELETE FROM audit WHERE seq > ?", (same,))
    copy.executemany(
        f"INSERT INTO audit ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a literal above
        ours[same:],
    )
    for _, statement in guards:
        copy.execute(statement)
    return tuple(text_of(row[4]) for row in ours[same:] if row[3] == "erase")


def _keep_replies(copy: sqlite3.Connection, live: sqlite3.Connection) -> None:
    (version,) = live.execute("PRAGMA user_version").fetchone()
    columns = "key, channel, conversation, reply_to, state, due, mention, body, native"
    found = columns if version >= _NATIVE_SINCE else columns.replace("native", "NULL")
    started = "state IN ('sending', 'sent', 'rejected', 'unknown')"
    copy.executemany(
        f"INSERT INTO replies ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a literal above
        " ON CONFLICT (key) DO UPDATE SET state = excluded.state, body = excluded.body,"
        " native = excluded.native",
        live.execute(f"SELECT {found} FROM replies WHERE {started}"),  # noqa: S608 - literals above
    )
