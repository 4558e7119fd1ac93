"""Moving everything from one store to another or to a file, and proof that all of it arrived.

A move that was interrupted is started again and goes over what is there already. Rows that are
there stay as they are, so the target must be one that nothing else has written to.

A file of rows holds everything between two stores. It is gzipped lines of JSON: a head, then kind
by kind a line with the kind's name and its rows, and an end with count and checksum of each kind.
"""

import asyncio
import gzip
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from core.clock import Clock
from core.errors import InputError, StoreError
from storage.encryption import RING, Keys
from storage.factory import AnyStore, open_store
from storage.portable import (
    BATCH,
    KINDS,
    Movable,
    Progress,
    Row,
    Sum,
    from_json,
    opened,
    sealed,
    sum_of,
    to_json,
)

MOVING: Final = "moving"
"""The setting of a target that is not complete yet."""
FORMAT: Final = "tingfeng rows 1"
_OTHER_KEYS: Final = (
    "the backup and the store are not encrypted with the same keys. Restore into a new store, with "
    "TINGFENG_KEY set to the key that was in force when the backup was made."
)
_LOCAL: Final = {"settings", "counters", "numbers"}
"""Kinds of which the target may hold more than the source: compared by what was moved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """Counts and checksums of the moved rows by kind, which agree on both sides."""

    sums: dict[str, Sum]

    @property
    def rows(self) -> int:
        return sum(each.count for each in self.sums.values())


async def move(source: Movable, target: Movable, tell: Callable[[Progress], None]) -> Moved:
    """Copy all rows, then compare counts and checksums; ``tell`` is called after each batch.

    Raises StoreError where the target holds something else, or where the sums differ.
    """
    if await target.rows.count("events") and await target.values.get(MOVING) is None:
        raise StoreError(
            "the target is not empty. Name an empty store to move to, or one that an "
            "interrupted move has begun to fill."
        )
    if not source.coder.plain and source.coder.who("?") != target.coder.who("?"):
        raise StoreError(
            "the store to move from is encrypted with other keys than the one to move to. Use an "
            "empty store; it takes over the keys if TINGFENG_KEY is set."
        )
    await target.values.set(MOVING, "1")
    encrypting = source.coder.plain and not target.coder.plain
    sums: dict[str, Sum] = {}
    for kind in KINDS:
        total, sums[kind] = await source.rows.count(kind), Sum()
        tell(Progress(kind=kind, done=0, total=total))
        async for rows in source.rows.read(kind):
            moved = [row for row in rows if kind != "settings" or row[0] not in (MOVING, RING)]
            if encrypting:
                moved = [sealed(kind, row, target.coder) for row in moved]
            await target.rows.write(kind, moved)
            sums[kind] = sums[kind].plus(kind, [opened(kind, row, target.coder) for row in moved])
            tell(Progress(kind=kind, done=sums[kind].count, total=total))
    await verify(target, sums)
    await target.values.set(MOVING, "")
    return Moved(sums=sums)


async def move_store(
    source: str, target: str, *, clock: Clock, key: str | None, tell: Callable[[Progress], None]
) -> Moved:
    """``move`` by URL. With a key, the target is encrypted whether the source was or not."""
    origin = await open_store(source, clock=clock, keys=Keys(master=key, as_is=True))
    try:
        ring = await origin.values.get(RING)
        goal = await open_store(target, clock=clock, keys=Keys(master=key, ring=ring))
        try:
            return await move(origin, goal, tell)
        finally:
            await goal.close()
    finally:
        await origin.close()


async def verify(target: Movable, sums: dict[str, Sum]) -> None:
    """Raise StoreError unless the target holds rows of these sums."""
    for kind, wanted in sums.items():
        if kind in _LOCAL:
            continue
        found = await sum_of(target, kind)
        if found != wanted:
            raise StoreError(
                f"after the move the {kind} differ: {wanted.count} rows were read, {found.count} "
                f"arrived, or their contents differ. Stop what writes to either store, empty the "
                f"target and move again."
            )


async def write_rows(store: AnyStore, path: Path) -> None:
    """Write every row to a file; an older file is replaced only by a whole one."""
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


async def read_rows(path: Path, url: str, *, clock: Clock, keys: Keys) -> None:
    """Put the rows of a file into the empty store at ``url``.

    Raises StoreError where the file is not whole, or the store holds events or has other keys.
    """
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
