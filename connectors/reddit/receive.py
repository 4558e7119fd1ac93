"""Reads listings: which there are, and what is new in them.

Reddit returns listings newest first, a hundred items a page. The request asks for items newer than
the third last delivered one. If the answer holds one of the last two, it joins on without a gap.
Otherwise (they were deleted, or more than a page is new) the listing is read from its top until it
reaches known items; if it never does, items may be missing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.reddit.cursor import MARKS, ListingMark
from connectors.reddit.errors import RedditFault, RedditRequestError
from connectors.reddit.events import RedditListing, RedditThing
from connectors.reddit.settings import RedditSettings
from core.clock import Clock

PAGE: Final = 100
_MOST_ITEMS: Final = 1200
"""Items after which reading stops; listings hold a thousand, and may grow while they are read."""

_WORTH_ANOTHER_PAGE: Final = 5
"""New items on a page from which on the next request is sent at once."""
_PAUSE: Final = 600.0
"""Seconds for which an unreadable source is not requested."""

Fetch = Callable[[Mapping[str, str | int]], Awaitable[RedditListing]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListingSource:
    """One listing."""

    key: str
    """Identifies it in the cursor and for staff."""
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)


def listing_sources(settings: RedditSettings) -> tuple[ListingSource, ...]:
    """The listings of a channel; the inbox first, as its items count as addressed to the brand."""
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
    """Sources that the account may not read, with the reason."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, tuple[float, str]] = {}

    def add(self, source: ListingSource, reason: str) -> None:
        """Pause ``source`` for ten minutes."""
        self._until[source.key] = (self._clock.monotonic() + _PAUSE, reason)

    def has(self, source: ListingSource) -> bool:
        """True while ``source`` is paused."""
        until, _ = self._until.get(source.key, (0.0, ""))
        return until > self._clock.monotonic()

    def forget(self, source: ListingSource) -> None:
        """Resume ``source``."""
        self._until.pop(source.key, None)

    def facts(self) -> Sequence[tuple[str, str]]:
        """(source, reason) of each paused source."""
        return [(key, reason) for key, (_, reason) in self._until.items()]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewItems:
    """Items that were not delivered yet."""

    items: tuple[RedditThing, ...]
    """Oldest first, each once."""
    unreadable: tuple[tuple[object, str], ...]
    gap: bool
    """True if no known item was met, so that items may be missing."""
    more: bool
    """True if there may be more new items already."""
    marks: tuple[ListingMark, ...] | None = None
    """The newest items of the listing, if it was read from its top."""


async def read_new(fetch: Fetch, marks: tuple[ListingMark, ...] | None, backlog: int) -> NewItems:
    """Read the items after ``marks``, oldest first; ``marks`` is ``None`` for a new source.

    ``backlog``: most items of a new source. Raises what ``fetch`` raises, and RedditRequestError if
    Reddit returns the same page twice.
    """
    if marks and len(marks) > 1:
        listing = await fetch({"before": marks[0].name, "limit": PAGE})
        if _holds(listing, marks[1:]):
            items = [thing for thing in _order(listing.items) if _is_new(thing, marks)]
            more = len(items) >= _WORTH_ANOTHER_PAGE
            return NewItems(items=tuple(items), unreadable=listing.unreadable, gap=False, more=more)
    return await _from_the_top(fetch, marks, backlog)


async def _from_the_top(
    fetch: Fetch, marks: tuple[ListingMark, ...] | None, backlog: int
) -> NewItems:
    found: dict[str, RedditThing] = {}
    unreadable: list[tuple[object, str]] = []
    joined, after = False, ""
    while len(found) < _MOST_ITEMS:
        asked: dict[str, str | int] = {"limit": PAGE}
        listing = await fetch(asked | {"after": after} if after else asked)
        if found and listing.items and all(thing.name in found for thing in listing.items):
            raise RedditRequestError(RedditFault.UNCLEAR, "the same page came twice")
        found |= {thing.name: thing for thing in listing.items}
        unreadable += listing.unreadable
        joined = bool(marks) and _joins(listing, marks or ())
        full = marks is None and len(found) >= backlog
        after = listing.after or ""
        if joined or full or not after or not listing.items:
            break
    every = _order(list(found.values()))
    items = [thing for thing in every if _is_new(thing, marks or ())]
    return NewItems(
        items=tuple(items[-backlog:] if marks is None else items),
        unreadable=tuple(unreadable),
        gap=bool(marks) and bool(found) and not joined,
        more=False,
        marks=tuple(
            ListingMark(name=thing.name, created=thing.created) for thing in every[-MARKS:]
        ),
    )


def _order(newest_first: Sequence[RedditThing]) -> list[RedditThing]:
    """Sort oldest first; equal items keep their order."""
    items = list(newest_first)
    items.reverse()
    items.sort(key=lambda thing: thing.order)
    return items


def _is_new(thing: RedditThing, marks: Sequence[ListingMark]) -> bool:
    """True if the thing is neither a mark nor older than all marks."""
    if not marks:
        return True
    return thing.created >= marks[0].created and not _is_mark(thing, marks)


def _is_mark(thing: RedditThing, marks: Sequence[ListingMark]) -> bool:
    return any(thing.name == mark.name for mark in marks)


def _holds(listing: RedditListing, marks: Sequence[ListingMark]) -> bool:
    return any(_is_mark(thing, marks) for thing in listing.items)


def _joins(listing: RedditListing, marks: Sequence[ListingMark]) -> bool:
    """True if the page reaches known items: a mark, or anything older than all marks."""
    older = any(thing.created < marks[0].created for thing in listing.items)
    return older or _holds(listing, marks)
