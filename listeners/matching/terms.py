"""Finds any of many terms in a text, however it is written, at a cost that does not grow with them.

Latin terms match as whole words; Chinese terms match anywhere within one clause. Beside the plain
spelling, three disguises are seen through: look-alike characters, characters that sound the same,
and pinyin. What chance may have brought together is not taken for a disguise.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from ahocorasick import Automaton

from core.text import BREAK, compact
from listeners.matching.plausibility import is_plausible_disguise, is_plausible_pinyin
from listeners.text.homoglyphs import (
    HAN,
    LATIN,
    capital_i_as_l,
    may_be_disguised,
    phonetic_key,
    phonetic_keys,
    pinyin_spellings,
    syllable_boundaries,
    symbols_as_letters,
    unboxed,
    visual_key,
)
from listeners.text.normalise import readable, term_key

SpellingKind = Literal["plain", "pinyin"]

_WORD_CHAR: Final = re.compile(r"[^\W_]")
_TOKEN: Final = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_NO_GAPS: Final[frozenset[int]] = frozenset()
_MIN_PHONETIC: Final = 2
"""Fewer Chinese characters than that say too little for a disguise by sound."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TermMatch:
    """One place where a term stands."""

    term: int
    """Index into the terms."""
    start: int
    """In the compact form."""
    end: int


class PreparedText:
    """A text in all the forms that are looked through; each is made when it is first needed."""

    def __init__(self, text: str) -> None:
        """Any text."""
        self.readable = readable(unboxed(text))
        self.folded = capital_i_as_l(self.readable).casefold()
        self._signed = symbols_as_letters(self.folded)
        self.form = compact(self._signed)

    @cached_property
    def _places(self) -> list[int]:
        """Where each character of the form stands in the folded text; -1 for a break."""
        chars = _WORD_CHAR.finditer(self._signed)
        return [-1 if char == BREAK else next(chars).start() for char in self.form]

    def whole(self, start: int, end: int) -> bool:
        """True unless a Latin word goes on before or after."""
        first, last = self._places[start], self._places[end - 1]
        before, after = self.folded[max(0, first - 1) : first], self.folded[last + 1 : last + 2]
        inside_before = LATIN.match(self.form[start]) and LATIN.match(before)
        inside_after = LATIN.match(self.form[end - 1]) and LATIN.match(after)
        return not inside_before and not inside_after

    def gaps(self, start: int, end: int) -> frozenset[int]:
        """As ``word_gaps`` for a part of the form."""
        return word_gaps(self.folded[self._places[start] : self._places[end - 1] + 1])

    def tokens_between(self, end: int, start: int) -> int:
        """How many Chinese characters and Latin words lie between two places of the form."""
        return len(_TOKEN.findall(self._signed[self._places[end - 1] + 1 : self._places[start]]))


class TermIndex:
    """A fixed list of terms, ready to be looked for."""

    def __init__(self, terms: Sequence[str]) -> None:
        """Raises ValueError for a term without a letter or digit."""
        self._forms = [term_key(text) for text in terms]
        written: dict[str, list[tuple[int, SpellingKind, frozenset[int]]]] = {}
        heard: dict[str, list[int]] = {}
        for number, (text, form) in enumerate(zip(terms, self._forms, strict=True)):
            if not form:
                raise ValueError(f"no letter or digit in the term {text!r}")
            own = word_gaps(readable(text).casefold())
            written.setdefault(visual_key(form), []).append((number, "plain", own))
            if sum(map(bool, map(HAN.match, form))) < _MIN_PHONETIC:
                continue
            for spelling in pinyin_spellings(form):
                ends = syllable_boundaries(form) if spelling.isascii() else _NO_GAPS
                written.setdefault(visual_key(spelling), []).append((number, "pinyin", ends))
            for sound in phonetic_keys(form):
                heard.setdefault(sound, []).append(number)
        self._written = _automaton({key: (len(key), tuple(of)) for key, of in written.items()})
        self._heard = _automaton({key: (len(key), tuple(of)) for key, of in heard.items()})

    def find(self, text: str) -> set[int]:
        """Indices of the terms that stand in a text."""
        return {found.term for found in self.places(PreparedText(text))}

    def places(self, text: PreparedText) -> Iterator[TermMatch]:
        """Every place of every term; overlaps included, and repeats where two ways agree."""
        if self._written is not None:
            yield from self._seen(text, self._written)
        if self._heard is not None:
            yield from self._sounding(text, self._heard)

    def _seen(self, text: PreparedText, automaton: Automaton) -> Iterator[TermMatch]:
        for last, (length, terms) in automaton.iter(visual_key(text.form)):
            start, end = last + 1 - length, last + 1
            surface = text.form[start:end]
            split = _NO_GAPS
            if LATIN.match(surface[0]) or LATIN.match(surface[-1]):
                if not text.whole(start, end):
                    continue
                split = text.gaps(start, end)
            for number, way, own in terms:
                if not _gaps_allowed(split, own, length):
                    continue
                if way == "plain":
                    form = self._forms[number]
                    fits = surface == form or (
                        may_be_disguised(surface, form)
                        and is_plausible_disguise(text.form, start, end)
                    )
                else:
                    fits = is_plausible_pinyin(surface)
                if fits:
                    yield TermMatch(term=number, start=start, end=end)

    def _sounding(self, text: PreparedText, automaton: Automaton) -> Iterator[TermMatch]:
        for last, (length, numbers) in automaton.iter(phonetic_key(text.form)):
            start, end = last + 1 - length, last + 1
            surface = text.form[start:end]
            for number in numbers:
                # The plain spelling is found by looks already.
                if surface != self._forms[number] and is_plausible_disguise(text.form, start, end):
                    yield TermMatch(term=number, start=start, end=end)


def word_gaps(text: str) -> frozenset[int]:
    """After how many letters and digits there is white space."""
    found: set[int] = set()
    count = 0
    for char in text:
        if char.isspace():
            found.add(count)
        elif _WORD_CHAR.match(char):
            count += 1
    return frozenset(gap for gap in found if 0 < gap < count)


def _gaps_allowed(split: frozenset[int], own: frozenset[int], length: int) -> bool:
    """``at hejia`` is not ``athejia``, but ``h e j i a`` is ``hejia``."""
    return split <= own or len(split) == length - 1


def _automaton(entries: dict[str, tuple[int, tuple[object, ...]]]) -> Automaton | None:
    if not entries:
        return None
    automaton = Automaton()
    for key, entry in entries.items():
        automaton.add_word(key, entry)
    automaton.make_automaton()
    return automaton
