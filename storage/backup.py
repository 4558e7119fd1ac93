"""Backup and restore: SQLite to SQLite as one file; MongoDB as a file of rows that any store reads.

The file of rows is gzipped lines of JSON: a head, then kind by kind a line with the kind's name and
its rows, and an end with count and checksum of each kind.
"""

import asyncio
import gzip
import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from core.clock import Clock
from core.errors import InputError, StoreError
from core.model.audit import pseudonym
from core.model.conversations import Conversation
from core.model.events import Event
from storage.encryption import NO_KEY, RING, Keys
from storage.factory import AnyStore, open_store, sqlite_path
from storage.moving import verify
from storage.portable import BATCH, KINDS, Row, Sum, from_json, opened, to_json
from storage.sqlite.backup import back_up, put_back
from storage.sqlite.engine.connection import translate
from storage.sqlite.store import SqliteStore

FORMAT: Final = "tingfeng rows 1"
_OTHER_KEYS: Final = (
    "the backup and the store are not encrypted with the same keys. Restore into a new store, with "
    "TINGFENG_KEY set to the key that was in force when the backup was made."
)
_SQLITE: Final = b"SQLite format 3\x00"


async def backup(store: AnyStore, path: Path) -> None:
    """Write everything the store holds at this moment to ``path``, while it is used.

    Raises StoreError with the remedy; an older file at ``path`` is replaced only by a sound one.
    """
    try:
        if isinstance(store, SqliteStore):
            await asyncio.to_thread(back_up, store.path, path)
        else:
            await _write_rows(store, path)
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
        await _read_rows(path, url, clock=clock, keys=keys)
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


async def _write_rows(store: AnyStore, path: Path) -> None:
    partial = path.with_name(f"{path.name}.partial")
    sums: dict[str, Sum] = {}
    with partial.open("wb") as raw:
        with gzip.open(raw, "wt", encoding="ascii", newline="\n") as file:
            file.write(json.dumps({"format": FORMAT}) + "\n")
            for kind in KINDS:
                file.write(json.dumps({"kind": kind}) + "\n")
                sums[kind] = Sum()
                async for rows in store.rows.read(kind):
                    sums[kind] = sums[kind].plus(kind, rows)
                    file.writelines(to_json(row) + "\n" for row in rows)
            end = {kind: [each.count, str(each.digest)] for kind, each in sums.items()}
            file.write(json.dumps({"end": end}) + "\n")
        raw.flush()
        os.fsync(raw.fileno())
    partial.replace(path)


async def _read_rows(path: Path, url: str, *, clock: Clock, keys: Keys) -> None:
    ring = await asyncio.to_thread(_check, path)
    store = await open_store(url, clock=clock, keys=replace(keys, ring=ring))
    try:
        if await store.rows.count("events"):
            raise StoreError(f"{url} holds events. Restore a file of rows into an empty store.")
        if store.coder.plain != (ring is None):
            raise StoreError(_OTHER_KEYS)
        await _write(path, store)
    finally:
        await store.close()


async def _write(path: Path, store: AnyStore) -> None:
    kind, rows, sums = "", list[Row](), dict[str, Sum]()
    with gzip.open(path, "rt", encoding="ascii") as file:
        for line in file:
            row = None if line.startswith("{") else from_json(line)
            if row is not None and (kind, row[0]) != ("settings", RING):
                rows.append(row)
            if rows and (row is None or len(rows) == BATCH):
                await store.rows.write(kind, rows)
                plain = [opened(kind, each, store.coder) for each in rows]
                sums[kind] = sums.get(kind, Sum()).plus(kind, plain)
                rows = []
            if row is None:
                kind = str(json.loads(line).get("kind", ""))
    await verify(store, sums)


def _check(path: Path) -> str | None:
    """The ring of keys in a file, ``None`` where it is not encrypted.

    Raises StoreError unless the file is whole.
    """
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            if json.loads(file.readline()) != {"format": FORMAT}:
                raise StoreError(f"{path} is not a Tingfeng backup. Name another file.")
            whole, ring = _read(file)
    except (OSError, EOFError, ValueError, InputError) as error:
        raise StoreError(f"{path} is not a sound backup ({error}). Name another file.") from error
    if not whole:
        raise StoreError(f"{path} is truncated or was changed. Name another backup.")
    return ring


def _read(file: IO[str]) -> tuple[bool, str | None]:
    """Whether the end of the file agrees with what stands before it, and the ring of keys."""
    kind, ring, sums = "", None, dict[str, Sum]()
    for line in file:
        if not line.startswith("{"):
            row = from_json(line)
            if kind == "settings" and row[0] == RING:
                ring = str(row[1])
            sums[kind] = sums[kind].plus(kind, [row])
            continue
        head = json.loads(line)
        if "end" in head:
            wanted = {name: [each.count, str(each.digest)] for name, each in sums.items()}
            return head["end"] == wanted, ring
        kind = str(head["kind"])
        sums[kind] = Sum()
    return False, None
