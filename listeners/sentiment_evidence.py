"""Which pieces of a text decided: the weights of n-grams, laid back on the characters."""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.sentiment_grams import WIDTH, Hashes, words

Floats = NDArray[np.float64]

HEAD: Final = 400
"""Characters of a part that are looked through: staff are shown a few pieces only."""

_LONGEST: Final = 6
"""Characters of a Chinese piece."""

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
    by_sign = _by_character(by_place[: len(text) + 2], rows, shift, weigh)
    sums = [0.0, *accumulate(by_sign[1 : len(text) + 1].tolist())]
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        if piece[0].isascii():
            own = rows.take(words(piece[0])[:1] >> shift).view(np.int8)
            strength, found = sums[end] - sums[start] + float(own @ weigh), piece[0]
        else:
            strength, start, end = _best(sums, start, end)
            found = text[start:end]
        if strength >= _LEAST and len(found) > 1:
            yield strength, found


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


def _best(sums: list[float], start: int, end: int) -> tuple[float, int, int]:
    """The strongest stretch of at most _LONGEST characters: strength, start, end."""
    best = (float("-inf"), start, end)
    for stop in range(start + 1, end + 1):
        head = sums[max(start, stop - _LONGEST) : stop]
        least = min(head)
        if sums[stop] - least > best[0]:
            best = sums[stop] - least, stop - len(head) + head.index(least), stop
    return best
