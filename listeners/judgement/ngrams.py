"""Hashes of the n-grams of a text: one to five characters, and one to three Latin words.

Hashing is arithmetic on whole arrays, so that a text costs a dozen NumPy calls, and a batch of
texts little more.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

LONGEST_NGRAM: Final = 5
"""Characters of the longest n-gram."""

_MASK: Final = 0xFFFFFFFF
_POWERS: Final = np.array([[pow(0x9E3779B1, i, 2**32)] for i in range(LONGEST_NGRAM)], np.uint32)
_SALTS: Final = np.array(
    [[(0x2C1B3C6D + 34 * i * i) & _MASK] for i in range(LONGEST_NGRAM)], np.uint32
)
_SPREAD: Final = np.uint32(0x85EBCA6B)
_PAIR: Final = np.uint32(0x01000193)
_SECOND: Final = np.uint32(0x85EBCA77)
_THIRD: Final = np.uint32(31337)
_WORDS: Final = np.uint32(0x5BD1E995)
_FIFTEEN: Final = np.uint32(15)
_THIRTEEN: Final = np.uint32(13)
_WORD: Final = re.compile(r"[a-z']+")
_END: Final = " " + "\0" * (LONGEST_NGRAM - 1)
_CACHED: Final = 8
"""Texts: sentiment, topics and evidence need the same one in turn."""


@lru_cache(maxsize=_CACHED)
def character_ngrams(text: str) -> Hashes:
    """Hashes of the n-grams that start at each character: shape (LONGEST_NGRAM, len(text) + 2).

    The text is padded with a space on each side, and its end with NUL. The array is cached and
    read-only.
    """
    found = _hashed(f" {text}{_END}")
    found.flags.writeable = False
    return found


def _hashed(padded: str) -> Hashes:
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), np.uint32) * _SPREAD
    rows = len(codes) - LONGEST_NGRAM + 1
    # Overlapping rows over one buffer; as_strided costs five times as much.
    windows: Hashes = np.ndarray((LONGEST_NGRAM, rows), np.uint32, codes, 0, (4, 4))
    hashes: Hashes = np.add.accumulate(windows * _POWERS, axis=0, dtype=np.uint32)
    found: Hashes = (hashes ^ (hashes >> _FIFTEEN)) * _SALTS
    return found


def word_ngrams(text: str) -> Hashes:
    """Hashes of the Latin words of a lower-case text, and of their pairs and triples."""
    found = _WORD.findall(text)
    one = np.array([zlib.crc32(word.encode()) for word in found], np.uint32)
    two = one[:-1] * _PAIR + one[1:] * _SECOND
    three = two[:-1] * _THIRD + one[2:]
    hashes = np.concatenate([one, two, three])
    mixed: Hashes = (hashes ^ (hashes >> _THIRTEEN)) * _WORDS
    return mixed


@lru_cache(maxsize=_CACHED)
def ngrams(text: str) -> Hashes:
    """The distinct hashes of a folded text, ascending; cached and read-only."""
    hashes = character_ngrams(text).ravel()
    hashes = np.concatenate([hashes, word_ngrams(text)]) if _WORD.search(text) else hashes.copy()
    hashes.sort()
    first = np.empty(len(hashes), np.bool_)
    first[0] = True
    np.not_equal(hashes[1:], hashes[:-1], out=first[1:])
    found: Hashes = hashes[first]
    found.flags.writeable = False
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class NgramBatch:
    """The n-grams of several texts."""

    by_place: Hashes
    """Hashes of the n-grams that start at each character, shape (characters, LONGEST_NGRAM)."""
    places: tuple[int, ...]
    """The first row of each text in ``by_place``: that of the space before it."""
    distinct: Hashes
    """The distinct hashes of each text, ascending, one text after the other."""
    starts: NDArray[np.int64]
    """The place of the first hash of each text in ``distinct``."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of distinct hashes of each text."""
        return lengths_between(self.starts, len(self.distinct))


def ngrams_of_all(texts: Sequence[str]) -> NgramBatch:
    """As ``character_ngrams`` and ``ngrams`` for each text; one text at least."""
    by_place = np.ascontiguousarray(_hashed("".join(f" {text}{_END}" for text in texts)).T)
    places, place = [], 0
    arrays, starts, start = [], [], 0
    flat = by_place.ravel()
    for text in texts:
        size = LONGEST_NGRAM * (len(text) + 2)
        places.append(place)
        starts.append(start)
        arrays.append(flat[LONGEST_NGRAM * place :][:size])
        place += len(text) + 1 + len(_END)
        start += size
        if _WORD.search(text):
            arrays.append(word_ngrams(text))
            start += len(arrays[-1])
    hashes = np.concatenate(arrays)
    for first, last in zip(starts, (*starts[1:], start), strict=True):
        hashes[first:last].sort()
    begins = np.array(starts)
    kept = first_of_each(hashes, begins)
    counts = np.add.reduceat(kept, begins, dtype=np.int64)
    return NgramBatch(
        by_place=by_place,
        places=tuple(places),
        distinct=hashes[kept],
        starts=np.cumsum(counts) - counts,
    )


def first_of_each(ascending: Hashes, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for each number that is the first of its kind in its text."""
    first = np.empty(len(ascending), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    first[starts] = True
    return first


def lengths_between(starts: NDArray[np.int64], end: int) -> NDArray[np.int64]:
    """The lengths of the parts that begin at ``starts``; a tenth of the time of ``np.diff``."""
    found = np.empty_like(starts)
    found[-1] = end
    found[:-1] = starts[1:]
    found -= starts
    return found


def word_hash(word: str) -> int:
    """The hash of one Latin word in lower case."""
    crc = zlib.crc32(word.encode())
    return (crc ^ (crc >> int(_THIRTEEN))) * int(_WORDS) & _MASK
