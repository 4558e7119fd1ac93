"""Kinds of harm that a text names. Recall comes first: any of them brings a person in."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from core.taxonomy import RISKS
from listeners.judgement.lexicon import FOLDER, Hit, Lexicon

_HARMLESS: Final = "harmless"


@dataclass(frozen=True, kw_only=True, slots=True)
class Risk:
    """One kind of harm and the words that name it."""

    kind: str
    words: tuple[str, ...]


def risks(folded: str) -> tuple[Risk, ...]:
    """The kinds that a readable, case-folded text names, most urgent first."""
    return named(_rules().words.hits(folded))


def named(hits: Sequence[Hit], *, prefix: str = "") -> tuple[Risk, ...]:
    """The kinds that words of ``word_lists`` name; their labels begin with ``prefix``."""
    rules = _rules()
    harmless = [hit for hit in hits if hit.label == f"{prefix}{_HARMLESS}"]
    left: dict[str, list[Hit]] = {}
    for hit in hits:
        if not any(one.start <= hit.start and hit.end <= one.end for one in harmless):
            left.setdefault(hit.label.removeprefix(prefix), []).append(hit)
    if not left:
        return ()
    found = [Risk(kind=kind, words=words) for kind in RISKS if (words := rules.named(kind, left))]
    return tuple(found)


def word_lists() -> Mapping[str, tuple[str, ...]]:
    """Every word that is looked for, by label."""
    return _rules().lists


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rules:
    lists: Mapping[str, tuple[str, ...]]
    words: Lexicon
    pairs: Mapping[str, tuple[tuple[str, str], ...]]
    reach: int

    def named(self, kind: str, hits: Mapping[str, list[Hit]]) -> tuple[str, ...]:
        words = {hit.word: None for hit in hits.get(kind, ())}
        for one, other in self.pairs[kind]:
            for first in hits.get(one, ()):
                for second in hits.get(other, ()):
                    gap = max(first.start, second.start) - min(first.end, second.end)
                    if 0 <= gap <= self.reach:
                        words |= {first.word: None, second.word: None}
        return tuple(words)


@cache
def _rules() -> _Rules:
    tree = tomllib.loads((FOLDER / "risk.toml").read_text(encoding="utf-8"))
    lists = {kind: tuple(tree[kind]["words"]) for kind in RISKS}
    lists |= {_group(name): tuple(words) for name, words in tree["groups"].items()}
    lists[_HARMLESS] = tuple(tree["harmless"])
    return _Rules(
        lists=lists,
        words=Lexicon(lists),
        pairs={
            kind: tuple((_group(a), _group(b)) for a, b in tree[kind].get("pairs", ()))
            for kind in RISKS
        },
        reach=tree["reach"],
    )


def _group(name: str) -> str:
    return f"group {name}"
