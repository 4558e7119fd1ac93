"""Moving everything from one store to another, and proof that all of it arrived.

A move that was interrupted is started again and goes over what is there already. Rows that are
there stay as they are, so the target must be one that nothing else has written to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.errors import StoreError
from storage.encryption import RING, Keys
from storage.factory import open_store
from storage.portable import KINDS, Movable, Progress, Sum, opened, sealed, sum_of

MOVING: Final = "moving"
"""The setting of a target that is not complete yet."""
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
