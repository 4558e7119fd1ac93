"""Sentence templates: a name in braces is replaced by an entry of the list with that name."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

Grammar = Mapping[str, tuple[str, ...]]

FOLDER: Final = Path(__file__).with_name("sentences")
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")


@cache
def grammar() -> Grammar:
    """The lists of all files in ``sentences/``, read once."""
    return read_lists(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.toml")))


def read_lists(files: Iterable[str]) -> Grammar:
    """Read a grammar from TOML texts.

    Raises ValueError for a list that is defined twice, is empty, refers to a missing list, or
    refers to itself.
    """
    lists: dict[str, tuple[str, ...]] = {}
    for text in files:
        for name, entries in tomllib.loads(text).items():
            if name in lists:
                raise ValueError(f"the list {name!r} is defined twice")
            if not entries or not all(isinstance(entry, str) for entry in entries):
                raise ValueError(f"the list {name!r} must be a non-empty list of strings")
            lists[name] = tuple(entries)
    for name in lists:
        _check(lists, name, ())
    return lists


def expand(lists: Grammar, name: str, random: Random) -> str:
    """A random sentence of the list ``name``; equal slots are filled differently where possible."""
    return fill(lists, random.choice(lists[name]), random)


def fill(lists: Grammar, text: str, random: Random) -> str:
    """Fill the slots of ``text`` at random."""
    used: dict[str, set[str]] = {}

    def part(found: re.Match[str]) -> str:
        name = found[1]
        before = used.setdefault(name, set())
        for _ in range(5):
            chosen = expand(lists, name, random)
            if chosen not in before:
                break
        before.add(chosen)
        return chosen

    return _SLOT.sub(part, text)


def _check(lists: Grammar, name: str, path: tuple[str, ...]) -> None:
    if name in path:
        raise ValueError(f"the list {name!r} refers to itself through {path[-1]!r}")
    if name not in lists:
        raise ValueError(f"the list {path[-1]!r} refers to {name!r}, which is missing")
    for slot in sorted({slot for entry in lists[name] for slot in _SLOT.findall(entry)}):
        _check(lists, slot, (*path, name))
