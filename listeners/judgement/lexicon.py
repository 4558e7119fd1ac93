"""Word lists in ``lexicons/*.toml``, a fast search for their words, and the rules of risks.

Chinese words match anywhere; words that begin or end with a Latin letter match as whole words
there, unless a final ``*`` stands for any ending.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from ahocorasick import Automaton

from core.taxonomy import RISKS
from listeners.text.normalise import readable

_WIDE: Final = re.compile("[\U00010000-\U0010ffff]")

FOLDER: Final = Path(__file__).with_name("lexicons")


class Hit(NamedTuple):
    """A listed word in a text; a tuple for speed, since every text has several."""

    label: str
    word: str
    start: int
    end: int


class WordIndex:
    """An Aho-Corasick index of labelled words; a word may have several labels."""

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
            # The edges that need a check for a longer Latin word are known in advance.
            edges = _latin(form[0]), _latin(form[-1])
            self._automaton.add_word(_halves(form), (form, len(form), edges, tuple(ways)))
        self._automaton.make_automaton()

    def hits(self, folded: str) -> list[Hit]:
        """Every listed word in a readable, case-folded text, by position; overlaps included."""
        found: list[Hit] = []
        if _WIDE.search(folded):
            folded = _WIDE.sub("\ufffd", folded)  # no word has one
        for last, (form, size, (before, after), ways) in self._automaton.iter(_halves(folded)):
            if not last & 1:
                continue  # it began in the second half of a character
            end = (last + 1) // 2
            start = end - size
            if before and start and _latin(folded[start - 1]):
                continue
            goes_on = after and end < len(folded) and _latin(folded[end])
            for open_end, labels in ways:
                if open_end or not goes_on:
                    for label in labels:
                        found.append(Hit(label, form, start, end))  # noqa: PERF401  # one is usual
        return found


def longest(hits: Sequence[Hit]) -> list[Hit]:
    """The hits by position, without those inside a longer one."""
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


def _halves(text: str) -> str:
    """The text with two characters below U+0100 for each of its own.

    The automaton tries the edges of a node one by one: it has 800 first characters, and 100 first
    halves.
    """
    return text.encode("utf-16-be", "surrogatepass").decode("latin-1")


def _latin(char: str) -> bool:
    return char < "\u0250" and char.isalnum()


@cache
def word_lists(name: str) -> Mapping[str, tuple[str, ...]]:
    """The words of ``NAME.toml`` by label, both languages together."""
    tree = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return {label: (*table["zh"], *table["en"]) for label, table in tree.items()}


_HARMLESS: Final = "harmless"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRisk:
    """A kind of harm with the words that name it."""

    kind: str
    words: tuple[str, ...]


def named_risks(hits: Sequence[Hit], *, prefix: str = "") -> tuple[NamedRisk, ...]:
    """The kinds of harm that hits of ``risk_words`` name, most urgent first.

    A word inside a harmless expression does not count; two words of a pair count where they are
    near each other. ``prefix``: what the labels of the hits begin with.
    """
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
    """The words that ``named_risks`` needs, by label."""
    return _rules().lists


@dataclass(frozen=True, kw_only=True, slots=True)
class _RiskRules:
    lists: Mapping[str, tuple[str, ...]]
    pairs: Mapping[str, tuple[tuple[str, str], ...]]
    reach: int
    """Characters between the two words of a pair."""

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
def _rules() -> _RiskRules:
    tree = tomllib.loads((FOLDER / "risk.toml").read_text(encoding="utf-8"))
    # A risk that was declared without words is left to the model.
    listed = {kind: tree.get(kind, {"words": ()}) for kind in RISKS}
    lists = {kind: tuple(table["words"]) for kind, table in listed.items()}
    lists |= {_group(name): tuple(words) for name, words in tree["groups"].items()}
    lists[_HARMLESS] = tuple(tree["harmless"])
    return _RiskRules(
        lists=lists,
        pairs={
            kind: tuple((_group(a), _group(b)) for a, b in table.get("pairs", ()))
            for kind, table in listed.items()
        },
        reach=tree["reach"],
    )


def _group(name: str) -> str:
    return f"group {name}"
