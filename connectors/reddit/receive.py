"""What is new in a listing of Reddit's, which shows the newest first, a hundred at a time.

Reddit is asked for what stands before the third last item that was delivered. If the answer holds
one of the last two, nothing lies between it and what is known. If not (they were deleted, or more
came than one page shows), the listing is read from its top until it reaches what is known; where
it never does, items may be missing.
"""
# DOC What is read: one listing of Reddit's each, and which of them may not be read just now.

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.reddit.cursor import MARKS, ListingMark
from connectors.reddit.errors import RedditFault, RedditRequestError
from connectors.reddit.events import RedditListing, RedditThing
from connectors.reddit.settings import RedditSettings
from core.clock import Clock

PAGE: Final = 100
_LONGEST: Final = 1200
"""No listing holds more than a thousand items; while it is read it grows."""

_WORTH: Final = 5
"""From so many new items on it is worth asking for more at once."""

Fetch = Callable[[Mapping[str, str | int]], Awaitable[RedditListing]]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewItems:
    """What was not delivered yet."""

    things: tuple[RedditThing, ...]
    """Oldest first, each once."""
    odd: tuple[tuple[object, str], ...]
    gap: bool
    """True where nothing that was known was met again."""
    more: bool
    """True where there may be more at once."""
    marks: tuple[ListingMark, ...] | None = None
    """The newest items the listing holds, where it was read from its top."""


async def read_new(fetch: Fetch, marks: tuple[ListingMark, ...] | None, backlog: int) -> NewItems:
    """Read on behind ``marks``, oldest first; ``None`` where the source was never read.

    ``backlog``: how many items a source that is new delivers at most. Raises what ``fetch`` raises,
    and RedditRequestError where one page comes twice.
    """
    if marks and len(marks) > 1:
        listing = await fetch({"before": marks[0].name, "limit": PAGE})
        if _holds(listing, marks[1:]):
            things = [thing for thing in _order(listing.things) if _is_new(thing, marks)]
            more = len(things) >= _WORTH
            return NewItems(things=tuple(things), odd=listing.odd, gap=False, more=more)
    return await _from_the_top(fetch, marks, backlog)


async def _from_the_top(
    fetch: Fetch, marks: tuple[ListingMark, ...] | None, backlog: int
) -> NewItems:
    found: dict[str, RedditThing] = {}
    odd: list[tuple[object, str]] = []
    joined, after = False, ""
    while len(found) < _LONGEST:
        asked: dict[str, str | int] = {"limit": PAGE}
        listing = await fetch(asked | {"after": after} if after else asked)
        if found and listing.things and all(thing.name in found for thing in listing.things):
            raise RedditRequestError(RedditFault.UNCLEAR, "the same page came twice")
        found |= {thing.name: thing for thing in listing.things}
        odd += listing.odd
        joined = bool(marks) and _joins(listing, marks or ())
        full = marks is None and len(found) >= backlog
        after = listing.after or ""
        if joined or full or not after or not listing.things:
            break
    every = _order(list(found.values()))
    things = [thing for thing in every if _is_new(thing, marks or ())]
    return NewItems(
        things=tuple(things[-backlog:] if marks is None else things),
        odd=tuple(odd),
        gap=bool(marks) and bool(found) and not joined,
        more=False,
        marks=tuple(
            ListingMark(name=thing.name, created=thing.created) for thing in every[-MARKS:]
        ),
    )


def _order(newest_first: Sequence[RedditThing]) -> list[RedditThing]:
    """Oldest first, even where the page is out of order; what is equal keeps its place."""
    things = list(newest_first)
    things.reverse()
    things.sort(key=lambda thing: thing.order)
    return things


def _is_new(thing: RedditThing, marks: Sequence[ListingMark]) -> bool:
    """True where it was not delivered: not a mark, and not from before the oldest of them."""
    if not marks:
        return True
    return thing.created >= marks[0].created and not _is_mark(thing, marks)


def _is_mark(thing: RedditThing, marks: Sequence[ListingMark]) -> bool:
    return any(thing.name == mark.name for mark in marks)


def _holds(listing: RedditListing, marks: Sequence[ListingMark]) -> bool:
    return any(_is_mark(thing, marks) for thing in listing.things)


def _joins(listing: RedditListing, marks: Sequence[ListingMark]) -> bool:
    """True where the page reaches what is known: a mark, or something older than all marks."""
    older = any(thing.created < marks[0].created for thing in listing.things)
    return older or _holds(listing, marks)


_REST: Final = 600.0
"""How long a source that may not be read is left alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListingSource:
    """One listing."""

    key: str
    """In the cursor and for people."""
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)


def listing_sources(settings: RedditSettings) -> tuple[ListingSource, ...]:
    """The inbox first: what is in it as well as elsewhere counts as addressed to the brand."""
    found: list[ListingSource] = []
    if settings.inbox:
        found.append(ListingSource(key="inbox", path="message/inbox/"))
        found.append(ListingSource(key="mentions", path="message/mentions"))
    for name in settings.subreddits:
        found.append(ListingSource(key=f"r/{name}/new", path=f"r/{name}/new"))
        found.append(ListingSource(key=f"r/{name}/comments", path=f"r/{name}/comments"))
    for term in settings.search:
        params = {"q": term, "sort": "new", "t": "all", "type": "link", "restrict_sr": "false"}
        found.append(ListingSource(key=f"search {term}", path="r/all/search/", params=params))
    return tuple(found)


class UnreadableSources:
    """Sources that Reddit does not let the account read, with the reason."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, tuple[float, str]] = {}

    def add(self, source: ListingSource, reason: str) -> None:
        """Leave it alone for ten minutes."""
        self._until[source.key] = (self._clock.monotonic() + _REST, reason)

    def has(self, source: ListingSource) -> bool:
        """True where it is left alone now."""
        until, _ = self._until.get(source.key, (0.0, ""))
        return until > self._clock.monotonic()

    def forget(self, source: ListingSource) -> None:
        """It can be read again."""
        self._until.pop(source.key, None)

    def facts(self) -> Sequence[tuple[str, str]]:
        """(source, reason) of each."""
        return [(key, reason) for key, (_, reason) in self._until.items()]
