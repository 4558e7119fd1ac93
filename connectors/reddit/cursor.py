"""The cursor: up to where each source is read, and what is watched for changes.

It is JSON: ``{"seen": {source: [[full name, seconds], ...]}, "watch": {full name: [...]}}``. The
last three items of a source are kept, so that the next page can be seen to join on, and so that
one deleted item does not lose the place.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.reddit.events import Fate, Thing

MARKS: Final = 3
WATCHED: Final = 300
_MOST_RECENT: Final = 5000
_FATES: Final[Mapping[int, Fate]] = {0: "live", 1: "removed"}
_CODES: Final[Mapping[Fate, int]] = {"live": 0, "removed": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """An item that was delivered."""

    name: str
    created: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """An item as it was when it was looked at last."""

    edited: int
    """As reddit_things.edited_at."""
    fate: Fate
    conversation: str
    missing: int = 0
    """How often in a row Reddit did not know it."""


@dataclass(kw_only=True, slots=True)
class State:
    """What is known of everything that is read."""

    seen: dict[str, tuple[Mark, ...]] = field(default_factory=dict)
    """By source, oldest first; empty where it was read and held nothing."""
    watch: dict[str, Watched] = field(default_factory=dict)
    """By full name, oldest first."""

    @staticmethod
    def read(cursor: str | None) -> "State":
        """The state in a stored cursor; what is none of ours in it is left out."""
        try:
            data: object = json.loads(cursor or "{}")
        except (ValueError, RecursionError):
            data = {}
        tree = data if isinstance(data, dict) else {}
        state = State()
        for source, marks in _items(tree.get("seen")):
            if isinstance(marks, list):
                state.seen[source] = tuple(found for mark in marks if (found := _mark(mark)))
        for name, entry in _items(tree.get("watch")):
            if watched := _watched(entry):
                state.watch[name] = watched
        return state

    def write(self) -> str:
        """The cursor for this state."""
        seen = {
            source: [[mark.name, mark.created] for mark in marks]
            for source, marks in self.seen.items()
        }
        watch = {
            name: [item.edited, _CODES[item.fate], item.conversation]
            for name, item in self.watch.items()
        }
        return json.dumps({"seen": seen, "watch": watch}, separators=(",", ":"))

    def delivered(self, source: str, things: Iterable[Thing]) -> None:
        """Move the marks of ``source`` behind these as well; they never go back."""
        marks = [Mark(name=thing.name, created=thing.created) for thing in things]
        known = [*self.seen.get(source, ()), *marks]
        newest = sorted({mark.name: mark for mark in known}.values(), key=lambda m: m.created)
        self.seen[source] = tuple(newest[-MARKS:])

    def watches(self, name: str, watched: Watched) -> None:
        """Look at this item from now on, in the place of the oldest where there are too many."""
        self.watch[name] = watched
        while len(self.watch) > WATCHED:
            del self.watch[next(iter(self.watch))]


def first(name: str, recent: dict[str, None]) -> bool:
    """True where ``name`` has not come lately."""
    if name in recent:
        return False
    recent[name] = None
    if len(recent) > _MOST_RECENT:
        del recent[next(iter(recent))]
    return True


def _items(value: object) -> Iterable[tuple[str, object]]:
    return value.items() if isinstance(value, dict) else ()


def _mark(value: object) -> Mark | None:
    match value:
        case [str() as name, int() | float() as created]:
            return Mark(name=name, created=float(created))
    return None


def _watched(value: object) -> Watched | None:
    match value:
        case [int() as edited, (0 | 1) as fate, str() as conversation]:
            return Watched(edited=edited, fate=_FATES[int(fate)], conversation=conversation)
    return None
