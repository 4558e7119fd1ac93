"""Which pieces of a text decided: the weights of n-grams, laid back on the characters."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.sentiment_grams import WIDTH, Hashes, words
from listeners.structure_words import words as plain_words

Floats = NDArray[np.float64]

HEAD: Final = 400
"""Characters of a part that are looked through: staff are shown a few pieces only."""

_LONGEST: Final = 6
"""Characters of a Chinese piece."""

_LATIN: Final = 4
"""Letters under which a Latin word is shown only if a list has it: *bad*, but not *was*."""

_LEAST: Final = 8.0
"""Units of weight under which a piece says nothing."""

_PIECE: Final = re.compile(r"[a-z][a-z'\-]*|[\u3400-\u9fff]+")


def telling(
    text: str,
    by_place: Hashes,
    rows: NDArray[np.uint32],
    shift: np.uint32,
    weigh: Floats,
) -> Iterator[tuple[float, str]]:
    """Pieces of a squeezed text with their strengths, in their order.

    ``by_place``: hashes of its character n-grams; ``rows``: four weights a bucket, packed;
    ``weigh``: what the four count.
    """
    text = text[:HEAD]
    strengths = _by_character(by_place[: len(text) + 2], rows, shift, weigh).tolist()
    # The text is set between spaces.
    del strengths[0]
    listed = plain_words().english
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        if piece[0].isascii():
            own = rows.take(words(piece[0])[:1] >> shift).view(np.int8)
            strength = sum(strengths[start:end]) + float(own @ weigh)
            if strength >= _LEAST and (end - start >= _LATIN or piece[0] in listed):
                yield strength, piece[0]
        else:
            yield from _runs(text, strengths, start, end)


def _runs(text: str, strengths: list[float], start: int, end: int) -> Iterator[tuple[float, str]]:
    """Stretches in which every character speaks for the sentiment."""
    total, first = 0.0, start
    for place in range(start, end + 1):
        if place < end and strengths[place] > 0 and place - first < _LONGEST:
            total += strengths[place]
            continue
        if total >= _LEAST and place - first > 1:
            yield total, text[first:place]
        goes_on = place < end and strengths[place] > 0
        total, first = (strengths[place], place) if goes_on else (0.0, place + 1)


def _by_character(
    hashes: Hashes, rows: NDArray[np.uint32], shift: np.uint32, weigh: Floats
) -> Floats:
    """How much each character speaks for the sentiment; the text is set between spaces."""
    weights = rows.take(hashes.ravel() >> shift).view(np.int8).reshape(-1, 4) @ weigh
    each = weights.reshape(hashes.shape) * _SHARES
    total = np.zeros(len(each) + WIDTH)
    # An n-gram speaks for each of its characters: what starts here, or one to four before.
    tail = each[:, ::-1].cumsum(axis=1)[:, ::-1]
    for offset in range(WIDTH):
        total[offset : offset + len(each)] += tail[:, offset]
    return total


_SHARES: Final = 1 / np.arange(1, WIDTH + 1)
