"""Which pieces of a text decided: the weights of n-grams, laid back on the characters."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.sentiment_grams import WIDTH, characters, words

Floats = NDArray[np.float64]

_LONGEST: Final = 6
"""Characters of a Chinese piece."""

_LEAST: Final = 8.0
"""Units of weight under which a piece says nothing."""

_PIECE: Final = re.compile(r"[a-z][a-z'\-]*|[\u3400-\u9fff]+")
_LATIN: Final = re.compile(r"[a-z]")


def telling(text: str, rows: NDArray[np.uint32], shift: np.uint32, weigh: Floats) -> Iterator[str]:
    """Pieces of a squeezed text, the strongest first.

    ``rows``: four weights a bucket, packed; ``weigh``: what the four count.
    """
    by_sign = _by_character(text, rows, shift, weigh)
    found: list[tuple[float, str]] = []
    for piece in _PIECE.finditer(text):
        if _LATIN.match(piece[0]):
            own = rows.take(words(piece[0])[:1] >> shift).view(np.int8).reshape(-1, 4) @ weigh
            found.append((float(by_sign[piece.start() : piece.end()].sum() + own[0]), piece[0]))
        else:
            found.append(_best(piece[0], by_sign[piece.start() : piece.end()]))
    for strength, words_of_it in sorted(found, key=lambda pair: -pair[0]):
        if strength >= _LEAST and len(words_of_it) > 1:
            yield words_of_it


def _by_character(text: str, rows: NDArray[np.uint32], shift: np.uint32, weigh: Floats) -> Floats:
    hashes = characters(text)
    weights = rows.take(hashes.ravel() >> shift).view(np.int8).reshape(-1, 4) @ weigh
    each = weights.reshape(hashes.shape)
    total = np.zeros(len(each) + WIDTH)
    for length in range(1, WIDTH + 1):
        share = each[:, length - 1] / length
        for offset in range(length):
            total[offset : offset + len(share)] += share
    # The text is set between spaces.
    return total[1 : len(text) + 1]


def _best(piece: str, strengths: Floats) -> tuple[float, str]:
    """The strongest stretch of at most _LONGEST characters."""
    sums = np.concatenate([[0.0], np.cumsum(strengths)])
    spans = (
        (float(sums[end] - sums[start]), piece[start:end])
        for start in range(len(piece))
        for end in range(start + 1, min(start + _LONGEST, len(piece)) + 1)
    )
    return max(spans)
