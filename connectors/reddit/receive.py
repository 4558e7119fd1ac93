"""What is new in a listing of Reddit's, which shows the newest first, a hundred at a time.

Reddit is asked for what stands before the third last item that was delivered. If the answer holds
one of the last two, nothing lies between it and what is known. If not (they were deleted, or more
came than one page shows), the listing is read from its top until it reaches what is known; where
it never does, items may be missing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.reddit.cursor import MARKS, Mark
from connectors.reddit.errors import ApiError, Fault
from connectors.reddit.events import Listing, Thing

PAGE: Final = 100
_LONGEST: Final = 1200
"""No listing holds more than a thousand items; while it is read it grows."""

_WORTH: Final = 5
"""From so many new items on it is worth asking for more at once."""

Fetch = Callable[[Mapping[str, str | int]], Awaitable[Listing]]


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What was not delivered yet."""

    things: tuple[Thing, ...]
    """Oldest first, each once."""
    odd: tuple[tuple[object, str], ...]
    gap: bool
    """True where nothing that was known was met again."""
    more: bool
    """True where there may be more at once."""
    marks: tuple[Mark, ...] | None = None
    """The newest items the listing holds, where it was read from its top."""


async def read_news(fetch: Fetch, marks: tuple[Mark, ...] | None, backlog: int) -> News:
    """Read on behind ``marks``, oldest first; ``None`` where the source was never read.

    ``backlog``: how many items a source that is new delivers at most. Raises what ``fetch`` raises,
    and ApiError where one page comes twice.
    """
    if marks and len(marks) > 1:
        listing = await fetch({"before": marks[0].name, "limit": PAGE})
        if _holds(listing, marks[1:]):
            things = [thing for thing in _order(listing.things) if _is_new(thing, marks)]
            more = len(things) >= _WORTH
            return News(things=tuple(things), odd=listing.odd, gap=False, more=more)
    return await _from_the_top(fetch, marks, backlog)


async def _from_the_top(fetch: Fetch, marks: tuple[Mark, ...] | None, backlog: int) -> News:
    found: dict[str, Thing] = {}
    odd: list[tuple[object, str]] = []
    joined, after = False, ""
    while len(found) < _LONGEST:
        asked: dict[str, str | int] = {"limit": PAGE}
        listing = await fetch(asked | {"after": after} if after else asked)
        if found and listing.things and all(thing.name in found for thing in listing.things):
            raise ApiError(Fault.UNCLEAR, "the same page came twice")
        found |= {thing.name: thing for thing in listing.things}
        odd += listing.odd
        joined = bool(marks) and _joins(listing, marks or ())
        full = marks is None and len(found) >= backlog
        after = listing.after or ""
        if joined or full or not after or not listing.things:
            break
    every = _order(list(found.values()))
    things = [thing for thing in every if _is_new(thing, marks or ())]
    return News(
        things=tuple(things[-backlog:] if marks is None else things),
        odd=tuple(odd),
        gap=bool(marks) and bool(found) and not joined,
        more=False,
        marks=tuple(Mark(name=thing.name, created=thing.created) for thing in every[-MARKS:]),
    )


def _order(newest_first: Sequence[Thing]) -> list[Thing]:
    """Oldest first, even where the page is out of order; what is equal keeps its place."""
    things = list(newest_first)
    things.reverse()
    things.sort(key=lambda thing: thing.order)
    return things


def _is_new(thing: Thing, marks: Sequence[Mark]) -> bool:
    """True where it was not delivered: not a mark, and not from before the oldest of them."""
    if not marks:
        return True
    return thing.created >= marks[0].created and not _is_mark(thing, marks)


def _is_mark(thing: Thing, marks: Sequence[Mark]) -> bool:
    return any(thing.name == mark.name for mark in marks)


def _holds(listing: Listing, marks: Sequence[Mark]) -> bool:
    return any(_is_mark(thing, marks) for thing in listing.things)


def _joins(listing: Listing, marks: Sequence[Mark]) -> bool:
    """True where the page reaches what is known: a mark, or something older than all marks."""
    older = any(thing.created < marks[0].created for thing in listing.things)
    return older or _holds(listing, marks)
