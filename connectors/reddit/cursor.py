"""The cursor: the position in each source, and the items that are watched for changes.

It is JSON: ``{"seen": {source: [[full name, seconds], ...]}, "watch": {full name: [...]}}``. The
last three items of a source are kept, so that the next page can be seen to join on, and so that the
position survives the deletion of an item.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from connectors.reddit.events import (
    Fate,
    RedditListing,
    RedditThing,
    conversation_of,
    edited_at,
    fate_of,
)

MARKS: Final = 3
WATCHED: Final = 300
BATCH: Final = 100
"""Most items that Reddit returns for one request of ``/api/info``."""
_SURE: Final = 2
"""Answers in a row without an item after which it counts as deleted."""
_MOST_RECENT: Final = 5000
_FATES: Final[Mapping[int, Fate]] = {0: "live", 1: "removed"}
_CODES: Final[Mapping[Fate, int]] = {"live": 0, "removed": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class ListingMark:
    """The position of a delivered item in its listing."""

    name: str
    created: float


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedItem:
    """A delivered item as it was when it was read last."""

    edited: int
    """As events.edited_at."""
    fate: Fate
    conversation: str
    missing: int = 0
    """Answers in a row without the item."""


@dataclass(kw_only=True, slots=True)
class RedditCursor:
    """The position in every source, and the watched items."""

    seen: dict[str, tuple[ListingMark, ...]] = field(default_factory=dict)
    """By source, oldest first; empty if the source was read and held nothing."""
    watch: dict[str, WatchedItem] = field(default_factory=dict)
    """By full name, oldest first."""

    @staticmethod
    def decode(cursor: str | None) -> "RedditCursor":
        """Decode a stored cursor; unreadable parts are left out."""
        try:
            data: object = json.loads(cursor or "{}")
        except (ValueError, RecursionError):
            data = {}
        tree = data if isinstance(data, dict) else {}
        state = RedditCursor()
        for source, marks in _items(tree.get("seen")):
            if isinstance(marks, list):
                state.seen[source] = tuple(found for mark in marks if (found := _mark(mark)))
        for name, entry in _items(tree.get("watch")):
            if watched := _watched(entry):
                state.watch[name] = watched
        return state

    def encode(self) -> str:
        """The cursor as it is stored."""
        seen = {
            source: [[mark.name, mark.created] for mark in marks]
            for source, marks in self.seen.items()
        }
        watch = {
            name: [item.edited, _CODES[item.fate], item.conversation]
            for name, item in self.watch.items()
        }
        return json.dumps({"seen": seen, "watch": watch}, separators=(",", ":"))

    def advance(self, source: str, items: Iterable[RedditThing]) -> None:
        """Move the position in ``source`` behind ``items``; it never moves back."""
        marks = [ListingMark(name=thing.name, created=thing.created) for thing in items]
        known = [*self.seen.get(source, ()), *marks]
        newest = sorted({mark.name: mark for mark in known}.values(), key=lambda m: m.created)
        self.seen[source] = tuple(newest[-MARKS:])

    def add_watched(self, name: str, watched: WatchedItem) -> None:
        """Watch an item; drops the oldest ones beyond the limit."""
        self.watch[name] = watched
        while len(self.watch) > WATCHED:
            del self.watch[next(iter(self.watch))]


def first_seen(name: str, recent: dict[str, None]) -> bool:
    """True the first time that ``name`` comes, within the memory of ``recent``."""
    if name in recent:
        return False
    recent[name] = None
    if len(recent) > _MOST_RECENT:
        del recent[next(iter(recent))]
    return True


def batches(names: Iterable[str]) -> Iterator[Sequence[str]]:
    """Split ``names`` into batches of at most ``BATCH``."""
    every = list(names)
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]


def watched_item(thing: RedditThing) -> WatchedItem:
    """The current state of ``thing``."""
    return WatchedItem(
        edited=edited_at(thing), fate=fate_of(thing), conversation=conversation_of(thing)
    )


def has_changed(thing: RedditThing, state: RedditCursor) -> bool:
    """True if a watched item differs from its last known state."""
    known = state.watch.get(thing.name)
    return known is not None and (
        edited_at(thing) > known.edited or fate_of(thing) not in ("live", known.fate)
    )


def edits(listing: RedditListing, state: RedditCursor) -> list[RedditThing]:
    """The watched items with a new text; their known state is updated."""
    changed = []
    for thing in listing.items:
        known = state.watch.get(thing.name)
        if known is None or fate_of(thing) != "live":
            continue
        if edited_at(thing) > known.edited:
            changed.append(thing)
            state.watch[thing.name] = replace(known, edited=edited_at(thing), missing=0)
        elif known.missing:
            state.watch[thing.name] = replace(known, missing=0)
    return changed


def removals(
    asked: Sequence[str], listing: RedditListing, state: RedditCursor
) -> list[tuple[str, str, Fate]]:
    """The watched items that can no longer be read, as (full name, conversation, fate).

    Items deleted by their author are no longer watched; removed ones may still be deleted.
    """
    fates = {thing.name: fate_of(thing) for thing in listing.items}
    lost: list[tuple[str, str, Fate]] = []
    for name in asked:
        known = state.watch.get(name)
        if known is None:
            continue
        fate = fates.get(name)
        if fate is None:
            state.watch[name] = replace(known, missing=known.missing + 1)
            fate = "deleted" if known.missing + 1 >= _SURE else "live"
        if fate in ("live", known.fate):
            continue
        lost.append((name, known.conversation, fate))
        if fate == "deleted":
            del state.watch[name]
        else:
            state.watch[name] = replace(known, fate=fate, missing=0)
    return lost


def _items(value: object) -> Iterable[tuple[str, object]]:
    return value.items() if isinstance(value, dict) else ()


def _mark(value: object) -> ListingMark | None:
    match value:
        case [str() as name, int() | float() as created]:
            return ListingMark(name=name, created=float(created))
    return None


def _watched(value: object) -> WatchedItem | None:
    match value:
        case [int() as edited, (0 | 1) as fate, str() as conversation]:
            return WatchedItem(edited=edited, fate=_FATES[int(fate)], conversation=conversation)
    return None
