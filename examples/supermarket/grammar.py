"""Sentences out of lists of parts: a name in braces stands for one entry of the list it names."""

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
    """The lists of all files in ``sentences/``; read once."""
    return read_lists(path.read_text("utf-8") for path in sorted(FOLDER.glob("*.toml")))


def read_lists(files: Iterable[str]) -> Grammar:
    """One grammar out of TOML texts.

    Raises ValueError for a list that is there twice, is empty, names a list that is missing, or
    leads back to itself.
    """
    lists: dict[str, tuple[str, ...]] = {}
    for text in files:
        for name, entries in tomllib.loads(text).items():
            if name in lists:
                raise ValueError(f"the list {name!r} is there twice")
            if not entries or not all(isinstance(entry, str) for entry in entries):
                raise ValueError(f"the list {name!r} must hold strings")
            lists[name] = tuple(entries)
    for name in lists:
        _follow(lists, name, ())
    return lists


def expand(lists: Grammar, name: str, random: Random) -> str:
    """One sentence of the list ``name``; two slots of the same name are filled differently."""
    return fill(lists, random.choice(lists[name]), random)


def fill(lists: Grammar, text: str, random: Random) -> str:
    """The text with all its slots filled."""
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


def _follow(lists: Grammar, name: str, path: tuple[str, ...]) -> None:
    if name in path:
        raise ValueError(f"the list {name!r} leads back to itself through {path[-1]!r}")
    if name not in lists:
        raise ValueError(f"the list {path[-1]!r} names {name!r}, which is missing")
    for slot in sorted({slot for entry in lists[name] for slot in _SLOT.findall(entry)}):
        _follow(lists, slot, (*path, name))
