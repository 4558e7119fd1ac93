"""An index of search terms: two Aho-Corasick automata, so that cost does not grow with the terms.

Latin terms match as whole words; Chinese terms match anywhere within one clause. Beside the plain
spelling, three obfuscations are recognised: look-alike characters, homophones and pinyin. Those
that ordinary language produces by chance are left out (``plausibility.py``): ``和家`` in
``我和家人`` sounds like the name ``禾家``, while ``荷家`` is no word.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Final, Literal, NamedTuple

from ahocorasick import Automaton

from core.text import BREAK, HAN, compact
from listeners.matching.plausibility import reads_as_obfuscated, reads_as_pinyin
from listeners.text.homoglyphs import (
    LATIN,
    LOOKALIKES,
    capital_i_as_l,
    may_be_obfuscated,
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
_LAST_LATIN: Final = "\u052f"
"""No letter that ``LATIN`` matches comes after it."""
_NO_GAPS: Final[frozenset[int]] = frozenset()
_MIN_PHONETIC: Final = 2
"""Chinese characters a term needs before it is searched by sound or pinyin."""


class TermMatch(NamedTuple):
    """One occurrence of a term; a tuple, for there are thousands a second."""

    term: int
    """Index into the terms."""
    start: int
    """Position in the compact form."""
    end: int
    exact: bool
    """Spelled as the term is; case, width, script and separators aside."""


class PreparedText:
    """A text in the forms that are searched."""

    def __init__(self, text: str) -> None:
        self.readable = readable(unboxed(text))
        self.folded = capital_i_as_l(self.readable).casefold()
        self._lettered = symbols_as_letters(self.folded)
        self.form = compact(self._lettered)

    @cached_property
    def _places(self) -> list[int]:
        """Position in the folded text of each character of the form; breaks follow their clause."""
        chars = _WORD_CHAR.finditer(self._lettered)
        places: list[int] = []
        for char in self.form:
            if char == BREAK:
                places.append(places[-1] if places else 0)
            else:
                places.append(next(chars).start())
        return places

    def place(self, position: int) -> int:
        """Position in the folded text of a character of the form."""
        return self._places[position]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the form for a span of the folded text."""
        return bisect_left(self._places, start), bisect_left(self._places, end)

    def run_around(self, start: int, end: int) -> tuple[int, int]:
        """The span of the form around a span that is written without signs between."""
        while start > 0 and self._places[start] - self._places[start - 1] == 1:
            start -= 1
        while end < len(self._places) and self._places[end] - self._places[end - 1] == 1:
            end += 1
        return start, end

    def separators(self, start: int, end: int) -> str:
        """The signs between the characters of a span of the form."""
        if self.form[start:end] in self._lettered:
            return ""
        written = self._lettered[self._places[start] : self._places[end - 1] + 1]
        return _WORD_CHAR.sub("", written)

    def whole(self, start: int, end: int) -> bool:
        """True unless the span is part of a longer Latin word."""
        first, last = self._places[start], self._places[end - 1]
        before, after = self.folded[max(0, first - 1) : first], self.folded[last + 1 : last + 2]
        inside_before = LATIN.match(self.form[start]) and LATIN.match(before)
        inside_after = LATIN.match(self.form[end - 1]) and LATIN.match(after)
        return not inside_before and not inside_after

    def gaps(self, start: int, end: int) -> frozenset[int]:
        """As ``word_gaps``, for a span of the form."""
        return word_gaps(self.folded[self._places[start] : self._places[end - 1] + 1])

    def tokens_between(self, end: int, start: int) -> int:
        """Number of Chinese characters and Latin words between two positions of the form."""
        return len(_TOKEN.findall(self._lettered[self._places[end - 1] + 1 : self._places[start]]))


class TermIndex:
    """A fixed list of terms, compiled for searching."""

    def __init__(self, terms: Sequence[str]) -> None:
        """Raises ValueError for a term without a letter or digit."""
        self._forms = [term_key(text) for text in terms]
        visual: dict[str, list[tuple[int, SpellingKind, frozenset[int]]]] = {}
        phonetic: dict[str, list[int]] = {}
        for number, (text, form) in enumerate(zip(terms, self._forms, strict=True)):
            if not form:
                raise ValueError(f"no letter or digit in the term {text!r}")
            own = word_gaps(readable(text).casefold())
            visual.setdefault(visual_key(form), []).append((number, "plain", own))
            if sum(map(bool, map(HAN.match, form))) < _MIN_PHONETIC:
                continue
            for spelling in pinyin_spellings(form):
                ends = syllable_boundaries(form) if spelling.isascii() else _NO_GAPS
                visual.setdefault(visual_key(spelling), []).append((number, "pinyin", ends))
            for sound in phonetic_keys(form):
                phonetic.setdefault(sound, []).append(number)
        self._visual = _automaton({key: (len(key), tuple(of)) for key, of in visual.items()})
        self._phonetic = _automaton({key: (len(key), tuple(of)) for key, of in phonetic.items()})

    def find(self, text: str) -> set[int]:
        """Indices of the terms that occur in a text."""
        return {found.term for found in self.places(PreparedText(text))}

    def places(self, text: PreparedText) -> Iterator[TermMatch]:
        """Every occurrence of every term, overlaps and duplicates included."""
        if self._visual is not None:
            yield from self._by_look(text, self._visual)
        if self._phonetic is not None:
            yield from self._by_sound(text, self._phonetic)

    def _by_look(self, text: PreparedText, automaton: Automaton) -> Iterator[TermMatch]:
        for last, (length, terms) in automaton.iter(visual_key(text.form)):
            start, end = last + 1 - length, last + 1
            surface = text.form[start:end]
            gaps = _NO_GAPS
            if min(surface[0], surface[-1]) <= _LAST_LATIN and (
                LATIN.match(surface[0]) or LATIN.match(surface[-1])
            ):
                if not text.whole(start, end):
                    continue
                gaps = text.gaps(start, end)
            for number, kind, own in terms:
                if gaps and not _gaps_allowed(gaps, own, length):
                    continue
                if kind == "plain":
                    form = self._forms[number]
                    exact = surface == form
                    fits = exact or (
                        may_be_obfuscated(surface, form)
                        and reads_as_obfuscated(text.form, start, end)
                    )
                else:
                    exact = False
                    fits = is_plausible_pinyin(surface) and reads_as_pinyin(
                        text.form, start, end, words=len(gaps) + 1
                    )
                if fits:
                    yield TermMatch(number, start, end, exact)

    def _by_sound(self, text: PreparedText, automaton: Automaton) -> Iterator[TermMatch]:
        for last, (length, numbers) in automaton.iter(phonetic_key(text.form)):
            start, end = last + 1 - length, last + 1
            surface = text.form[start:end]
            for number in numbers:
                # The plain spelling is found by looks already.
                if (
                    surface != self._forms[number]
                    and not text.separators(start, end)
                    and reads_as_obfuscated(text.form, start, end)
                ):
                    yield TermMatch(number, start, end, exact=False)


def word_gaps(text: str) -> frozenset[int]:
    """Numbers of letters and digits after which there is white space."""
    found: set[int] = set()
    count = 0
    for char in text:
        if char.isspace():
            found.add(count)
        elif _WORD_CHAR.match(char):
            count += 1
    return frozenset(gap for gap in found if 0 < gap < count)


def _gaps_allowed(split: frozenset[int], own: frozenset[int], length: int) -> bool:
    """True where the white space inside a match is that of the term, or between all its letters.

    ``at hejia`` is not ``athejia``, but ``h e j i a`` is ``hejia``.
    """
    return split <= own or len(split) == length - 1


def _automaton(entries: dict[str, tuple[int, tuple[object, ...]]]) -> Automaton | None:
    if not entries:
        return None
    automaton = Automaton()
    for key, entry in entries.items():
        automaton.add_word(key, entry)
    automaton.make_automaton()
    return automaton


def is_plausible_pinyin(surface: str) -> bool:
    """True unless the pinyin spelling of a name is an English word as well."""
    return surface not in _english_words()


@cache
def _english_words() -> frozenset[str]:
    """English words that are the pinyin of something."""
    tables = tomllib.loads(LOOKALIKES.read_text(encoding="utf-8"))
    return frozenset(str(tables["pinyin"]["english"]).split())
