"""Finds any of many terms in a text, however it is written, at a cost that does not grow with them.

Latin terms match as whole words; Chinese terms match anywhere within one clause.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ahocorasick import Automaton

from listeners.normalise import compact, readable, term

_WORD_CHAR: Final = re.compile(r"[^\W_]")
_NONE: Final[frozenset[int]] = frozenset()
_LATIN: Final = re.compile(r"[0-9a-z\u00c0-\u024f\u0370-\u052f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One place where a term stands."""

    term: int
    """Index into the terms."""
    start: int
    """In the compact form."""
    end: int


class TermIndex:
    """A fixed list of terms, ready to be looked for."""

    def __init__(self, terms: Sequence[str]) -> None:
        """Raises ValueError for a term without a letter or digit."""
        by_form: dict[str, list[int]] = {}
        self._spaced: list[frozenset[int]] = []
        for number, text in enumerate(terms):
            form = term(text)
            if not form:
                raise ValueError(f"no letter or digit in the term {text!r}")
            by_form.setdefault(form, []).append(number)
            self._spaced.append(_gaps(readable(text).casefold()))
        self._automaton = Automaton()
        for form, numbers in by_form.items():
            self._automaton.add_word(form, (len(form), tuple(numbers)))
        if by_form:
            self._automaton.make_automaton()

    def find(self, text: str) -> set[int]:
        """Indices of the terms that stand in a readable text."""
        return {found.term for found in self.places(text)}

    def places(self, text: str) -> Iterator[Found]:
        """Every place of every term in a readable text; overlaps included."""
        if not len(self._automaton):
            return
        form = compact(text)
        where: list[int] | None = None
        folded = ""
        for last, (length, numbers) in self._automaton.iter(form):
            start, end = last + 1 - length, last + 1
            gaps = _NONE
            if _LATIN.match(form[start]) or _LATIN.match(form[last]):
                if where is None:
                    folded = text.casefold()
                    where = _positions(folded, form)
                places = where[start:end]
                if not _at_borders(folded, places[0], places[-1] + 1):
                    continue
                gaps = _gaps(folded[places[0] : places[-1] + 1])
            for number in numbers:
                if _may_be_split(gaps, self._spaced[number], length):
                    yield Found(term=number, start=start, end=end)


def _positions(folded: str, form: str) -> list[int]:
    """Where each character of the compact form stands in the folded text; -1 for a break."""
    chars = _WORD_CHAR.finditer(folded)
    return [next(chars).start() if _WORD_CHAR.match(char) else -1 for char in form]


def _at_borders(folded: str, start: int, end: int) -> bool:
    before, first = folded[start - 1 : start], folded[start]
    after, last = folded[end : end + 1], folded[end - 1]
    inside_before = bool(_LATIN.match(first) and _LATIN.match(before))
    inside_after = bool(_LATIN.match(last) and _LATIN.match(after))
    return not inside_before and not inside_after


def _gaps(text: str) -> frozenset[int]:
    """After how many letters and digits there is white space."""
    gaps: set[int] = set()
    letters = 0
    for char in text:
        if char.isspace() and letters:
            gaps.add(letters)
        elif _WORD_CHAR.match(char):
            letters += 1
    return frozenset(gap for gap in gaps if gap < letters)


def _may_be_split(gaps: frozenset[int], own: frozenset[int], length: int) -> bool:
    """``at hejia`` is not ``athejia``, but ``h e j i a`` is ``hejia``."""
    return gaps <= own or len(gaps) == length - 1
