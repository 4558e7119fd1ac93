"""Splits texts into the pieces of the encoder's vocabulary, many texts at once.

A unigram model (Kudo 2018): of all ways to split a text, the one whose pieces have the highest sum
of scores. The pieces that begin at each character are found for all characters of all texts at
once, by walking a trie whose edges are in one hash table; what is left for Python is the choice.
Ties are broken as sentencepiece does: by the longest last piece.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = 0
FIRST: Final = 1
LAST: Final = 2
"""Ids of the pieces for an unknown character, and around each text."""

_CODE_BITS: Final = 21
_NODE_BITS: Final = 20
_SLOT_BITS: Final = 20
"""Base-2 logarithm of the number of slots, four times as many as edges."""

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_NODE: Final = np.uint64((1 << _NODE_BITS) - 1)
_UNKNOWN_COST: Final = 10.0
_WORST: Final = -1e38
_NO_MATCH: Final = (0, -1, UNKNOWN, 0.0)

Slots = NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceVocabulary:
    """The pieces as a trie."""

    slots: Slots
    """Edges by hash: node, character and the node behind; zero for none."""
    piece_of: NDArray[np.int32]
    """The piece that ends at each node; negative for none."""
    scores: NDArray[np.float32]
    """By piece."""
    longest: int
    """Characters of the longest piece."""

    def split(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of the pieces of each normalised text, between ``FIRST`` and ``LAST``."""
        padded = "".join(f"{text}\0" for text in texts) + "\0" * self.longest
        codes = np.frombuffer(padded.encode("utf-32-le"), np.uint32).astype(np.uint64)
        starts, ends, pieces = self._pieces(codes)
        scores = self.scores[pieces]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
        bounds = np.searchsorted(ends, np.cumsum(lengths)).tolist()
        unknown = float(self.scores.min()) - _UNKNOWN_COST
        found, first, offset = [], 0, 0
        for text, bound in zip(texts, bounds, strict=True):
            matches = zip(
                (starts[first:bound] - offset).tolist(),
                (ends[first:bound] - offset).tolist(),
                pieces[first:bound].tolist(),
                scores[first:bound].tolist(),
                strict=True,
            )
            ids = _best(len(text), tuple(matches), unknown)
            found.append([FIRST, *ids, LAST])
            first, offset = bound, offset + len(text) + 1
        return found

    def _pieces(
        self, codes: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Starts, ends and ids of all pieces in the characters, by end and then by start."""
        places = np.flatnonzero(codes)
        nodes = np.zeros(len(places), np.uint64)
        starts, ends, pieces = [], [], []
        for length in range(self.longest):
            nodes = behind(self.slots, nodes, codes.take(places + length))
            alive = np.flatnonzero(nodes)
            if not len(alive):
                break
            places, nodes = places.take(alive), nodes.take(alive)
            ending = self.piece_of.take(nodes.astype(np.int64))
            is_piece = np.flatnonzero(ending >= 0)
            begun = places.take(is_piece)
            starts.append(begun)
            ends.append(begun + length + 1)
            pieces.append(ending.take(is_piece))
        if not starts:
            none = np.zeros(0, np.int64)
            return none, none, none.astype(np.int32)
        start, end = np.concatenate(starts), np.concatenate(ends)
        order = np.argsort(end * len(codes) + start)
        return start.take(order), end.take(order), np.concatenate(pieces).take(order)


def build_vocabulary(pieces: Sequence[str], scores: Sequence[float]) -> PieceVocabulary:
    """The trie of pieces, in the order of their ids. Raises ValueError where there are too many."""
    lengths = np.array(list(map(len, pieces)))
    longest = int(lengths.max())
    padded = "".join(piece.ljust(longest, "\0") for piece in pieces)
    codes = np.frombuffer(padded.encode("utf-32-le"), np.uint32).reshape(len(pieces), longest)
    nodes = np.zeros(len(pieces), np.uint64)
    edges, count = [], 1
    for length in range(longest):
        alive = np.flatnonzero(lengths > length)
        keys = _key(nodes[alive], codes[alive, length].astype(np.uint64))
        distinct, which = np.unique(keys, return_inverse=True)
        nodes[alive] = (count + which).astype(np.uint64)
        behind_them = np.arange(count, count + len(distinct), dtype=np.uint64)
        edges.append(distinct << np.uint64(_NODE_BITS) | behind_them)
        count += len(distinct)
    if count > 1 << (_SLOT_BITS - 1):
        raise ValueError(f"{count} nodes are too many for the table")
    piece_of = np.full(count, -1, np.int32)
    piece_of[nodes[lengths > 0].astype(np.int64)] = np.flatnonzero(lengths > 0)
    return PieceVocabulary(
        slots=_hashed(np.concatenate(edges)),
        piece_of=piece_of,
        scores=np.array(scores, np.float32),
        longest=longest,
    )


def behind(slots: Slots, nodes: NDArray[np.uint64], codes: NDArray[np.uint64]) -> Slots:
    """The nodes behind the edges from nodes over characters; zero where there is no edge."""
    keys = _key(nodes, codes)
    place = _home(keys)
    found = slots.take(place)
    result = np.where(found >> np.uint64(_NODE_BITS) == keys, found & _NODE, np.uint64(0))
    # Edges that share a home are in the slots after it.
    left = np.flatnonzero((result == 0) & (found != 0))
    while len(left):
        place[left] = (place[left] + 1) % len(slots)
        found = slots.take(place[left])
        same = found >> np.uint64(_NODE_BITS) == keys[left]
        result[left[same]] = found[same] & _NODE
        left = left[~same & (found != 0)]
    return result


def _key(nodes: NDArray[np.uint64], codes: NDArray[np.uint64]) -> Slots:
    return nodes << np.uint64(_CODE_BITS) | codes


def _home(keys: Slots) -> NDArray[np.int64]:
    return (keys * _SPREAD >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)


def _hashed(edges: Slots) -> Slots:
    slots = np.zeros(1 << _SLOT_BITS, np.uint64)
    place = _home(edges >> np.uint64(_NODE_BITS))
    while len(edges):
        free = slots[place] == 0
        _, first = np.unique(place, return_index=True)
        first = first[free[first]]
        slots[place[first]] = edges[first]
        waits = np.ones(len(edges), np.bool_)
        waits[first] = False
        edges, place = edges[waits], (place[waits] + 1) % len(slots)
    return slots


def _best(size: int, matches: Sequence[tuple[int, int, int, float]], unknown: float) -> list[int]:
    """The pieces of the best way through ``size`` characters, by dynamic programming (Viterbi).

    ``matches``: start, end, piece and score; by end and then by start.
    """
    best, begun, last = [0.0] * (size + 1), [0] * (size + 1), [UNKNOWN] * (size + 1)
    following = iter(matches)
    start, ends, piece, score = next(following, _NO_MATCH)
    for end in range(1, size + 1):
        most, latest = _WORST, -1
        while ends == end:
            if best[start] + score > most:
                most, begun[end], last[end] = best[start] + score, start, piece
            latest = start
            start, ends, piece, score = next(following, _NO_MATCH)
        # The shortest comes last: without a piece of one character, it is unknown.
        if latest != end - 1 and best[end - 1] + unknown > most:
            most, begun[end], last[end] = best[end - 1] + unknown, end - 1, UNKNOWN
        best[end] = most
    found: list[int] = []
    place = size
    while place:
        found.append(last[place])
        place = begun[place]
    return found[::-1] or [UNKNOWN]
