"""Which pieces of a text decided: the weights of n-grams, laid back on the characters."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.ngrams import WIDTH, Hashes, words
from listeners.judgement.sentiment.structure_words import words as plain_words

Floats = NDArray[np.float32]

HEAD: Final = 400
"""Characters of a part that are looked through: staff are shown a few pieces only."""

_LONGEST: Final = 6
"""Characters of a Chinese piece."""

_LATIN: Final = 4
"""Letters under which a Latin word is shown only if a list has it: *bad*, but not *was*."""

_LEAST: Final = 5.0
"""Units of weight under which a piece says nothing."""

_WORD: Final = re.compile(r"[a-z][a-z'\-]*")


def telling(
    text: str,
    by_place: Hashes,
    rows: NDArray[np.uint32],
    shift: np.uint32,
    sentiment: int,
) -> Iterator[tuple[float, str]]:
    """Pieces of a squeezed text with their strengths, Chinese and Latin ones each in their order.

    ``by_place``: hashes of its character n-grams; ``rows``: four weights a bucket, packed;
    ``sentiment``: whose weights count, those of the others being their contrary.
    """
    text = text[:HEAD]
    strengths = _by_character(by_place[:, : len(text) + 2], rows, shift, sentiment)
    # The text is set between spaces.
    del strengths[0]
    yield from _chinese(text, strengths)
    listed = plain_words().english
    for piece in _WORD.finditer(text):
        start, end = piece.span()
        own = rows.take(words(piece[0])[:1] >> shift).view(np.int8)
        strength = sum(strengths[start:end]) + int(own[sentiment])
        if strength >= _LEAST and (end - start >= _LATIN or piece[0] in listed):
            yield strength, piece[0]


def _chinese(text: str, strengths: list[float]) -> Iterator[tuple[float, str]]:
    """Stretches of Chinese in which every character speaks for the sentiment."""
    total, first = 0.0, 0
    # The strength of the space behind the text ends the last stretch.
    for place, (char, strength) in enumerate(zip(text + " ", strengths, strict=False)):
        speaks = strength > 0 and "\u3400" <= char <= "\u9fff"
        if speaks and place - first < _LONGEST:
            total += strength
            continue
        if total >= _LEAST and place - first > 1:
            yield total, text[first:place]
        total, first = (strength, place) if speaks else (0.0, place + 1)


def _by_character(
    hashes: Hashes, rows: NDArray[np.uint32], shift: np.uint32, sentiment: int
) -> list[float]:
    """How much each character speaks for the sentiment, from the space before the first on."""
    weights = rows.take(hashes >> shift).view(np.int8)[:, sentiment::4].T
    size = hashes.shape[1]
    padded = np.zeros((size + WIDTH - 1, WIDTH), np.float32)
    np.matmul(weights.astype(np.float32), _SPREAD, out=padded[WIDTH - 1 :])
    # What is said of a character stands on the diagonal: by the n-grams that begin at it, and by
    # those that begin one to four before.
    step = padded.itemsize
    diagonal: Floats = np.ndarray(
        (size, WIDTH),
        np.float32,
        padded,
        (WIDTH - 1) * WIDTH * step,
        (WIDTH * step, (1 - WIDTH) * step),
    )
    strengths: list[float] = diagonal.sum(axis=1).tolist()
    return strengths


_SPREAD: Final = (np.tril(np.ones((WIDTH, WIDTH))) / np.arange(1, WIDTH + 1)[:, None]).astype("f4")
"""An n-gram speaks for each of its characters alike: row is its length, column the character."""
