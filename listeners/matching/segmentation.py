"""Word boundaries in a Chinese text: a unigram model over a word list.

``lexicon.npz``, learned by ``benchmarks/train_lexicon.py``, holds ``words`` (UTF-8, one a line),
``costs`` (negative logarithm of the word's share, in eighths) and ``idioms`` (one bit a word).
"""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from core.text import BREAK, HAN

LEXICON_FILE: Final = Path(__file__).with_name("lexicon.npz")
LONGEST: Final = 4
"""Characters of the longest word."""
STEPS: Final = 8
"""Steps of a cost in the file."""
WINDOW: Final = 5
"""Characters read on either side of a span."""

_UNKNOWN: Final = 14 * STEPS
"""Cost of a Chinese character that is in no text, in steps."""
_OTHER: Final = 7 * STEPS
"""Cost of a letter or digit, in steps."""
_WORST: Final = 1 << 30


def word_cost(word: str) -> float | None:
    """The negative logarithm of the word's share of all words; ``None`` for no known word."""
    steps = _load()[0].get(word)
    return None if steps is None else steps / STEPS


def is_crossed(form: str, start: int, end: int) -> bool:
    """True where a known word overlaps a boundary of the span, or an idiom holds it."""
    before_it, after_it = _neighbours(form[start], form[end - 1])
    length = len(form)
    if (start == 0 or form[start - 1] not in before_it) and (
        end == length or form[end] not in after_it
    ):
        return False
    known = _load()[0]
    for before, after in _crossing(end - start):
        first, last = start - before, end + after
        if (
            first >= 0
            and last <= length
            and form[first:last] in known
            and _may_stand(form, first, last, start, end)
        ):
            return True
    return False


def is_in_idiom(form: str, start: int, end: int) -> bool:
    """True where the span is part of an idiom, in any order, cut short, or one character other.

    ``物美廉价`` and ``物美价兼`` are ``物美价廉`` still; not so ``物美价格``, for 价格 is a word.
    """
    for idiom, offset in _idioms_with(form[start:end]):
        first = start - offset
        written = form[max(0, first) : first + len(idiom)].partition(BREAK)[0]
        cut_short = end - start < len(written) < len(idiom) and idiom.startswith(written)
        if cut_short or sorted(written) == sorted(idiom):
            return True
        same = sum(map(str.__eq__, written, idiom)) if first >= 0 else 0
        rest = form[max(0, first) : start] or form[end : first + len(idiom)]
        if same > end - start and same >= len(idiom) - 1 and word_cost(rest) is None:
            return True
    return False


@lru_cache(maxsize=4096)
def _neighbours(first: str, last: str) -> tuple[frozenset[str], frozenset[str]]:
    """Characters that stand before ``first`` in any known word, and after ``last``."""
    words = _load()[2]
    before = {words[found.start() - 1] for found in re.finditer(re.escape(first), words)}
    after = {words[found.end()] for found in re.finditer(re.escape(last), words)}
    return frozenset(before - {"\n"}), frozenset(after - {"\n"})


@lru_cache(maxsize=4096)
def _idioms_with(name: str) -> tuple[tuple[str, int], ...]:
    """Idioms that hold a name, and where."""
    return tuple((idiom, idiom.index(name)) for idiom in _load()[1] if name in idiom)


@cache
def _crossing(size: int) -> tuple[tuple[int, int], ...]:
    """Pairs (characters before the start, characters after the end) of words that cross a span.

    ``size``: length of the span in characters.
    """
    return tuple(
        (before, after)
        for before in range(1 - size, LONGEST)
        for after in range(1 - size, LONGEST)
        if 1 < before + size + after <= LONGEST and (before > 0 or after > 0)
    )


def margin(form: str, start: int, end: int, *, as_word: bool) -> float:
    """Log-likelihood ratio, in nats, of the text around a span with the span as one free word.

    Compares the likeliest words among which the span is one, at no cost, with the likeliest that
    ignore it. ``as_word``: whether the latter may have the span as a known word too.
    """
    left = form[max(0, start - WINDOW) : start].rpartition(BREAK)[2]
    right = form[end : end + WINDOW].partition(BREAK)[0]
    text = left + form[start:end] + right
    first, last = len(left), len(left) + end - start
    given = _cheapest(text[:first]) + _cheapest(text[last:])
    return (_cheapest(text, first, last, as_word=as_word) - given) / STEPS


def _cheapest(text: str, start: int = 0, end: int = 0, *, as_word: bool = True) -> int:
    """Cost, in steps, of the likeliest words of a text; none of them may hold the span unduly."""
    known = _load()[0]
    best = [0] + [_WORST] * len(text)
    for first in range(len(text)):
        so_far = best[first]
        for last in range(first + 1, min(first + LONGEST, len(text)) + 1):
            cost = known.get(text[first:last])
            if cost is None:
                if last > first + 1:
                    continue
                cost = _UNKNOWN if HAN.match(text[first]) else _OTHER
            if so_far + cost < best[last]:
                if first <= start and last >= end > start:
                    same = first == start and last == end
                    if not (as_word if same else _may_stand(text, first, last, start, end)):
                        continue
                best[last] = so_far + cost
    return best[-1]


def _may_stand(form: str, first: int, last: int, start: int, end: int) -> bool:
    """True unless a word begins or ends with the whole span and is no idiom.

    华润万家 holds the name 华润, while 物美 is no name in 物美价廉, nor 京东 in 南京东路.
    """
    if first > start or last < end or (first < start and last > end):
        return True
    return form[first:last] in _load()[1]


@cache
def _load() -> tuple[dict[str, int], frozenset[str], str]:
    """The words with their costs in steps, the idioms among them, and all of them as lines."""
    with np.load(LEXICON_FILE) as data:
        lines = data["words"].tobytes().decode()
        costs = data["costs"].tobytes()
        words = lines.split("\n")
        idioms = np.flatnonzero(np.unpackbits(data["idioms"], count=len(words)))
    return dict(zip(words, costs, strict=True)), frozenset(words[n] for n in idioms), f"\n{lines}\n"
