"""Finds what was edited, removed or deleted since it was delivered, in answers of ``/api/info``."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from connectors.reddit.cursor import State, Watched
from connectors.reddit.events import Fate, Listing, Thing, conversation_of, edited_at, fate_of

BATCH: Final = 100
"""The most that Reddit takes in one request."""
_SURE: Final = 2
"""So often in a row Reddit must not know an item; one empty answer is no deletion."""


def batches(names: Iterable[str]) -> Iterator[Sequence[str]]:
    """``names`` in parts of at most ``BATCH``."""
    every = list(names)
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]


def watched(thing: Thing) -> Watched:
    """The item as it is now."""
    return Watched(
        edited=edited_at(thing), fate=fate_of(thing), conversation=conversation_of(thing)
    )


def differs(thing: Thing, state: State) -> bool:
    """True where a watched item is not any more as it was."""
    known = state.watch.get(thing.name)
    return known is not None and (
        edited_at(thing) > known.edited or fate_of(thing) not in ("live", known.fate)
    )


def edits(listing: Listing, state: State) -> list[Thing]:
    """Watched items that say something new; they are known from now on."""
    changed = []
    for thing in listing.things:
        known = state.watch.get(thing.name)
        if known is None or fate_of(thing) != "live":
            continue
        if edited_at(thing) > known.edited:
            changed.append(thing)
            state.watch[thing.name] = replace(known, edited=edited_at(thing), missing=0)
        elif known.missing:
            state.watch[thing.name] = replace(known, missing=0)
    return changed


def losses(asked: Sequence[str], listing: Listing, state: State) -> list[tuple[str, str, Fate]]:
    """Watched items that cannot be read any more, as (full name, conversation, fate).

    What its author deleted is watched no more; what moderators removed may still be deleted.
    """
    fates = {thing.name: fate_of(thing) for thing in listing.things}
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
