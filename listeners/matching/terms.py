"""An index of search terms: two Aho-Corasick automata, so that cost does not grow with the terms.

Latin terms match as whole words; Chinese terms match anywhere within one clause. Beside the plain
spelling, three obfuscations are recognised: look-alike characters, homophones, pinyin.

Obfuscations that ordinary language produces by chance are rejected: ``和家`` in ``我和家人``
sounds like the name ``禾家``, while ``荷家`` is no word. The evidence is how often two characters
stand together: ``ordinary_pairs.npz``, counted by ``benchmarks/train_ordinary.py``, holds the
``gaps`` between the ascending numbers of the pairs seen, and ``often``, one bit a pair for the very
common ones.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from ahocorasick import Automaton

from core.text import BREAK, HAN, compact
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
_NO_GAPS: Final[frozenset[int]] = frozenset()
_MIN_PHONETIC: Final = 2
"""Chinese characters a term needs before it is searched by sound or pinyin."""

PAIRS_FILE: Final = Path(__file__).with_name("ordinary_pairs.npz")
FIRST_CHARACTER: Final = 0x4E00
CHARACTERS: Final = 0x9FFF - FIRST_CHARACTER + 1

NEVER: Final = 0
SOMETIMES: Final = 1
OFTEN: Final = 2

_SHOP_WORD_AFTER: Final = re.compile(
    "(?:的)?(?:超市|超级市场|商超|便利店|门店|分店|生鲜|商场|卖场|会员店|旗舰店|集市|市集|百货|购物|小程序|官方|客服|"
    "app|配送|外卖|连锁|仓储|mart|market|store)"
)
_SHOPPING_VERB_BEFORE: Final = re.compile("(?:去|在|到|逛|来|从|找|往|曝光|投诉|抵制|支持|拉黑)$")
_LOOK_BACK: Final = 3
_SHORT: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class TermMatch:
    """One occurrence of a term."""

    term: int
    """Index into the terms."""
    start: int
    """Position in the compact form."""
    end: int


class PreparedText:
    """A text in the forms that are searched."""

    def __init__(self, text: str) -> None:
        self.readable = readable(unboxed(text))
        self.folded = capital_i_as_l(self.readable).casefold()
        self._lettered = symbols_as_letters(self.folded)
        self.form = compact(self._lettered)

    @cached_property
    def _places(self) -> list[int]:
        """Position in the folded text of each character of the form; -1 for a break."""
        chars = _WORD_CHAR.finditer(self._lettered)
        return [-1 if char == BREAK else next(chars).start() for char in self.form]

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
            split = _NO_GAPS
            if LATIN.match(surface[0]) or LATIN.match(surface[-1]):
                if not text.whole(start, end):
                    continue
                split = text.gaps(start, end)
            for number, kind, own in terms:
                if not _gaps_allowed(split, own, length):
                    continue
                if kind == "plain":
                    form = self._forms[number]
                    fits = surface == form or (
                        may_be_obfuscated(surface, form)
                        and is_plausible_obfuscation(text.form, start, end)
                    )
                else:
                    fits = is_plausible_pinyin(surface)
                if fits:
                    yield TermMatch(term=number, start=start, end=end)

    def _by_sound(self, text: PreparedText, automaton: Automaton) -> Iterator[TermMatch]:
        for last, (length, numbers) in automaton.iter(phonetic_key(text.form)):
            start, end = last + 1 - length, last + 1
            surface = text.form[start:end]
            for number in numbers:
                # The plain spelling is found by looks already.
                if surface != self._forms[number] and is_plausible_obfuscation(
                    text.form, start, end
                ):
                    yield TermMatch(term=number, start=start, end=end)


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


def pair_number(first: str, second: str) -> int | None:
    """The number of a pair; ``None`` where either is not a common Chinese character."""
    one, two = ord(first) - FIRST_CHARACTER, ord(second) - FIRST_CHARACTER
    if 0 <= one < CHARACTERS and 0 <= two < CHARACTERS:
        return one * CHARACTERS + two
    return None


def pair_frequency(pair: str) -> int:
    """``NEVER``, ``SOMETIMES`` or ``OFTEN``; ``NEVER`` for anything but two common characters."""
    number = pair_number(pair[0], pair[1]) if len(pair) == 2 else None
    if number is None:
        return NEVER
    numbers, often = _pairs()
    place = int(np.searchsorted(numbers, number))
    if place == len(numbers) or numbers[place] != number:
        return NEVER
    return OFTEN if often[place] else SOMETIMES


@cache
def _pairs() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    with np.load(PAIRS_FILE) as data:
        numbers = np.cumsum(data["gaps"], dtype=np.uint32)
        often = np.unpackbits(data["often"], count=len(numbers)).astype(np.bool_)
    return numbers, often


def is_plausible_obfuscation(form: str, start: int, end: int) -> bool:
    """True where a span of a compact form that looks or sounds like a name is meant as the name.

    It is where a word for shops follows, or where its characters do not form ordinary words.
    """
    surface = form[start:end]
    if not all(HAN.match(char) for char in surface):
        return True
    if _SHOP_WORD_AFTER.match(form, end):
        return True
    inner = [pair_frequency(surface[n : n + 2]) for n in range(len(surface) - 1)]
    if len(surface) > _SHORT:
        return NEVER in inner
    left = pair_frequency(form[max(0, start - 1) : start + 1])
    right = pair_frequency(form[end - 1 : end + 1])
    if not inner or max(inner) == OFTEN:
        return False
    if max(inner) == NEVER:
        # The span may straddle two words: 适合|佳能 sounds like a name too.
        return not (left and right and OFTEN in {left, right})
    before = form[max(0, start - _LOOK_BACK) : start].rpartition(BREAK)[2]
    return bool(_SHOPPING_VERB_BEFORE.search(before)) and right != OFTEN


def is_plausible_pinyin(surface: str) -> bool:
    """True unless the pinyin spelling of a name is an English word as well."""
    return surface not in _english_words()


@cache
def _english_words() -> frozenset[str]:
    """English words that are the pinyin of something."""
    tables = tomllib.loads(LOOKALIKES.read_text(encoding="utf-8"))
    return frozenset(str(tables["pinyin"]["english"]).split())
