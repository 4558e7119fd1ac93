"""Kinds of harm that a text names. Recall comes first: any of them brings a person in."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from listeners.lexicon import FOLDER, Hit, Lexicon

KINDS: Final = (
    "self_harm",
    "death",
    "food_poisoning",
    "injury",
    "fire",
    "allergy",
    "child",
    "frail",
    "discrimination",
    "press",
    "regulator",
    "legal",
)
"""All kinds, most urgent first. ``frail``: somebody old, pregnant or ill came to harm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Risk:
    """One kind of harm and the words that name it."""

    kind: str
    words: tuple[str, ...]


def risks(folded: str) -> tuple[Risk, ...]:
    """The kinds that a readable, case-folded text names, most urgent first."""
    rules = _rules()
    harmless = rules.harmless.hits(folded)
    hits: dict[str, list[Hit]] = {}
    for hit in rules.words.hits(folded):
        if not any(one.start <= hit.start and hit.end <= one.end for one in harmless):
            hits.setdefault(hit.label, []).append(hit)
    found = [Risk(kind=kind, words=words) for kind in KINDS if (words := rules.named(kind, hits))]
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rules:
    words: Lexicon
    harmless: Lexicon
    pairs: Mapping[str, tuple[tuple[str, str], ...]]
    reach: int

    def named(self, kind: str, hits: Mapping[str, list[Hit]]) -> tuple[str, ...]:
        words = {hit.word: None for hit in hits.get(kind, ())}
        for one, other in self.pairs[kind]:
            for first in hits.get(f"group {one}", ()):
                for second in hits.get(f"group {other}", ()):
                    gap = max(first.start, second.start) - min(first.end, second.end)
                    if 0 <= gap <= self.reach:
                        words |= {first.word: None, second.word: None}
        return tuple(words)


@cache
def _rules() -> _Rules:
    tree = tomllib.loads((FOLDER / "risk.toml").read_text(encoding="utf-8"))
    lists = {kind: tree[kind]["words"] for kind in KINDS}
    lists |= {f"group {name}": words for name, words in tree["groups"].items()}
    return _Rules(
        words=Lexicon(lists),
        harmless=Lexicon({"harmless": tree["harmless"]}),
        pairs={kind: tuple((a, b) for a, b in tree[kind].get("pairs", ())) for kind in KINDS},
        reach=tree["reach"],
    )
