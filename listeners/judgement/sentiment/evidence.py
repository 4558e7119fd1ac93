"""The pieces of texts that decided their sentiment, from the weights of the n-grams over them."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.ngrams import LONGEST_NGRAM, Hashes, lengths_between, word_hash
from listeners.judgement.sentiment.structure_words import structure_words

WeightedPiece = tuple[float, str]
"""Strength and piece."""

EVIDENCE_LENGTH: Final = 400
"""Characters of a part that are searched for evidence."""

_MAX_CHINESE_PIECE: Final = 6
"""Characters of a Chinese piece of evidence."""

_MIN_LATIN_PIECE: Final = 4
"""Letters below which only listed Latin words are shown: *bad*, but not *was*."""

_MIN_STRENGTH: Final = 5.0
"""Units of weight below which a piece is not shown."""

_WORD: Final = re.compile(r"[a-z][a-z'\-]*")
_SPREAD: Final = (
    np.tril(np.ones((LONGEST_NGRAM, LONGEST_NGRAM))) / np.arange(1, LONGEST_NGRAM + 1)[:, None]
).astype("f4")
"""Splits an n-gram's weight among its characters: row is its length, column the character."""

_GAP: Final = LONGEST_NGRAM - 1

Floats = NDArray[np.float32]


def decisive_pieces(
    texts: Sequence[str],
    by_place: Sequence[Hashes],
    sentiments: Sequence[int],
    *,
    rows: NDArray[np.uint32],
    shift: np.uint32,
) -> list[list[WeightedPiece]]:
    """Pieces of squeezed texts with their strengths: Chinese ones in order, then Latin ones.

    ``by_place``: as in ``NgramBatch``, from the beginning of each text on; ``sentiments``: index of
    the class whose weights count; ``rows``: four packed weights a bucket; ``shift``: turns a hash
    into a bucket.
    """
    if not texts:
        return []
    heads = [text[:EVIDENCE_LENGTH] for text in texts]
    # The hashes are of the text between spaces.
    sizes = np.array([len(head) + 2 for head in heads])
    hashes = np.concatenate(
        [one[: len(head) + 2] for one, head in zip(by_place, heads, strict=True)]
    )
    moves = np.repeat(8 * np.array(sentiments, np.uint32), sizes)[:, None]
    weights = (rows.take(hashes >> shift) >> moves).astype(np.uint8).view(np.int8)
    strengths = _by_character(weights, sizes)
    found = _chinese(heads, strengths, sizes)
    first = 0
    for pieces, head, sentiment in zip(found, heads, sentiments, strict=True):
        own = strengths[first + 1 : first + 1 + len(head)]
        pieces.extend(_latin(head, own, sentiment, rows=rows, shift=shift))
        first += len(head) + 2
    return found


def _by_character(weights: NDArray[np.int8], sizes: NDArray[np.int64]) -> Floats:
    """Support of each character for the sentiment, with the spaces around each text."""
    # Zeros between the texts, for the n-grams that begin before the first character.
    count = len(weights)
    place = np.arange(count) + _GAP * np.repeat(np.arange(1, len(sizes) + 1), sizes)
    padded = np.zeros((count + _GAP * (len(sizes) + 1), LONGEST_NGRAM), np.float32)
    padded[place] = weights.astype(np.float32) @ _SPREAD
    # The support of a character is on a diagonal: the n-grams that begin at it, and those that
    # begin one to four characters before.
    step = padded.itemsize
    diagonal: Floats = np.ndarray(
        (len(padded) - _GAP, LONGEST_NGRAM),
        np.float32,
        padded,
        _GAP * LONGEST_NGRAM * step,
        (LONGEST_NGRAM * step, (1 - LONGEST_NGRAM) * step),
    )
    strengths: Floats = diagonal.sum(axis=1)[place - _GAP]
    return strengths


def _chinese(
    heads: Sequence[str], strengths: Floats, sizes: NDArray[np.int64]
) -> list[list[WeightedPiece]]:
    """Runs of Chinese characters that all support the sentiment."""
    spaced = "".join(f" {head} " for head in heads)
    codes = np.frombuffer(spaced.encode("utf-32-le", "surrogatepass"), np.uint32)
    supports = np.flatnonzero((strengths > 0) & (codes >= 0x3400) & (codes <= 0x9FFF))
    found: list[list[WeightedPiece]] = [[] for _ in heads]
    if not len(supports):
        return found
    is_first = np.ones(len(supports), np.bool_)
    np.not_equal(supports[1:], supports[:-1] + 1, out=is_first[1:])
    begins = np.flatnonzero(is_first)
    lengths = lengths_between(begins, len(supports))
    in_run = np.arange(len(supports)) - np.repeat(begins, lengths)
    cuts = np.flatnonzero(in_run % _MAX_CHINESE_PIECE == 0)
    totals = np.add.reduceat(strengths[supports].astype(np.float64), cuts)
    sizes_of_pieces = lengths_between(cuts, len(supports))
    shown = np.flatnonzero((totals >= _MIN_STRENGTH) & (sizes_of_pieces > 1))
    if not len(shown):
        return found
    firsts = supports[cuts[shown]]
    owners = np.searchsorted(np.cumsum(sizes), firsts, side="right")
    for owner, first, size, total in zip(
        owners.tolist(),
        firsts.tolist(),
        sizes_of_pieces[shown].tolist(),
        totals[shown].tolist(),
        strict=True,
    ):
        found[owner].append((total, spaced[first : first + size]))
    return found


def _latin(
    head: str, strengths: Floats, sentiment: int, *, rows: NDArray[np.uint32], shift: np.uint32
) -> Iterator[WeightedPiece]:
    """Latin words with the support of their characters and of the word as a whole."""
    words = list(_WORD.finditer(head))
    if not words:
        return
    by_place: list[float] = strengths.tolist()
    listed = structure_words().english
    for word in words:
        start, end = word.span()
        if end - start < _MIN_LATIN_PIECE and word[0] not in listed:
            continue
        packed = int(rows[word_hash(word[0].partition("-")[0]) >> int(shift)])
        own = packed >> 8 * sentiment & 0xFF
        strength = sum(by_place[start:end]) + (own - 256 if own > 127 else own)
        if strength >= _MIN_STRENGTH:
            yield strength, word[0]
