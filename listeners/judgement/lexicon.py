"""LEXICON"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from ahocorasick import Automaton

from core.taxonomy import RISKS
from listeners.text.normalise import readable

FOLDER: Final = Path(__file__).with_name("lexicons")


class Hit(NamedTuple):
    """A word of a list, found in a text; a tuple, since every text makes several."""

    label: str
    word: str
    start: int
    end: int


class WordIndex:
    """Words under labels; a word may stand under several."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        labels: dict[tuple[str, bool], list[str]] = {}
        for label, words in lists.items():
            for word in words:
                form = readable(word.rstrip("*")).casefold()
                known = labels.setdefault((form, word.endswith("*")), [])
                if label not in known:
                    known.append(label)
        entries: dict[str, list[tuple[bool, tuple[str, ...]]]] = {}
        for (form, open_end), names in labels.items():
            entries.setdefault(form, []).append((open_end, tuple(names)))
        self._automaton = Automaton()
        for form, ways in entries.items():
            # Whether the edges are Latin letters, and so have to be looked at, is known already.
            edges = _latin(form[0]), _latin(form[-1])
            self._automaton.add_word(form, (form, len(form), edges, tuple(ways)))
        if entries:
            self._automaton.make_automaton()

    def hits(self, folded: str) -> list[Hit]:
        """Every word in a readable, case-folded text by its place; overlaps included."""
        if not len(self._automaton):
            return []
        found: list[Hit] = []
        for last, (form, size, (before, after), ways) in self._automaton.iter(folded):
            end = last + 1
            start = end - size
            if before and start and _latin(folded[start - 1]):
                continue
            goes_on = after and end < len(folded) and _latin(folded[end])
            for open_end, labels in ways:
                if open_end or not goes_on:
                    found += [Hit(one, form, start, end) for one in labels]
        return found

    def longest(self, folded: str) -> list[Hit]:
        """As ``hits``, without those that lie inside another one of any label."""
        return longest(self.hits(folded))


def longest(hits: Sequence[Hit]) -> list[Hit]:
    """The hits by their place, without those that lie inside another one."""
    if len(hits) < 2:
        return list(hits)
    kept: list[Hit] = []
    reached = -1
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        same = bool(kept) and (kept[-1].start, kept[-1].end) == (hit.start, hit.end)
        if hit.end > reached or same:
            kept.append(hit)
            reached = hit.end
    return kept


def _latin(char: str) -> bool:
    return char < "\u0250" and char.isalnum()


@cache
def word_lists(name: str) -> Mapping[str, tuple[str, ...]]:
    """The word lists of ``NAME.toml`` whose tables are languages, by label."""
    tree = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return {label: (*table["zh"], *table["en"]) for label, table in tree.items()}


_HARMLESS: Final = "harmless"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRisk:
    """One kind of harm and the words that name it."""

    kind: str
    words: tuple[str, ...]


def risks(folded: str) -> tuple[NamedRisk, ...]:
    """The kinds that a readable, case-folded text names, most urgent first."""
    return named_risks(_rules().words.hits(folded))


def named_risks(hits: Sequence[Hit], *, prefix: str = "") -> tuple[NamedRisk, ...]:
    """The kinds that words of ``risk_words`` name; their labels begin with ``prefix``."""
    rules = _rules()
    harmless = [hit for hit in hits if hit.label == f"{prefix}{_HARMLESS}"]
    left: dict[str, list[Hit]] = {}
    for hit in hits:
        if not any(one.start <= hit.start and hit.end <= one.end for one in harmless):
            left.setdefault(hit.label.removeprefix(prefix), []).append(hit)
    if not left:
        return ()
    found = [
        NamedRisk(kind=kind, words=words) for kind in RISKS if (words := rules.named(kind, left))
    ]
    return tuple(found)


def risk_words() -> Mapping[str, tuple[str, ...]]:
    """Every word that is looked for, by label."""
    return _rules().lists


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rules:
    lists: Mapping[str, tuple[str, ...]]
    words: WordIndex
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
        words=WordIndex(lists),
        pairs={
            kind: tuple((_group(a), _group(b)) for a, b in tree[kind].get("pairs", ()))
            for kind in RISKS
        },
        reach=tree["reach"],
    )


def _group(name: str) -> str:
    return f"group {name}"
