"""The network of the multilingual Universal Sentence Encoder (Yang et al. 2020): its forward pass.

Two convolutions of three widths over the embeddings of pieces, their sum over the text, and three
dense layers. All that depends on one piece alone (its embedding, its projection and its products
with the weights of the first convolution: six tenths of the arithmetic) is computed once for each
distinct piece and remembered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DIMENSIONS: Final = 512
_WIDTH: Final = 256
_BLOCKS: Final = 17
"""Blocks of the embeddings, each with a scale of its own; a piece is in that of its remainder."""

_TAPS: Final = ((2, 0), (3, 1), (5, 2))
"""Pieces that each convolution sees, and how many of them stand before its own."""

_GAP: Final = 2
"""Pieces on each side that a convolution may see."""

_PROJECTED: Final = DIMENSIONS + len(_TAPS) * _WIDTH
_SHARE: Final = _PROJECTED + sum(taps for taps, _ in _TAPS) * _WIDTH
"""Numbers that depend on one piece alone: its embedding, projection and products, in this order."""

_REMEMBERED: Final = 2048
"""Pieces whose share of the arithmetic is remembered; each takes 15 KB."""

_FADING: Final = 0.95
"""Factor on how often a piece was used, each time that others are to be remembered."""

PIECES_AT_ONCE: Final = 512
"""Pieces that go through the network together: their numbers still fit the processor's cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """The weights by their names in the file, and the embeddings."""

    table: NDArray[np.uint8]
    """Shape (pieces, DIMENSIONS)."""
    by_name: Mapping[str, Floats]

    def __getitem__(self, name: str) -> Floats:
        return self.by_name[name]


class Network:
    """Embeds texts that were split into pieces; for one thread at a time."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._projection = np.concatenate([weights[f"proj{n}"] for n, _ in _TAPS], axis=1)
        self._projection_bias = np.concatenate([weights[f"proj_b{n}"] for n, _ in _TAPS])
        self._gain = np.concatenate([weights[f"ln_g{n}"] for n, _ in _TAPS])
        self._shift = np.concatenate([weights[f"ln_b{n}"] for n, _ in _TAPS])
        # The taps side by side: one product for all of them.
        self._first = [
            np.ascontiguousarray(
                weights[f"w1_{n}"].reshape(n, _WIDTH, _WIDTH).transpose(1, 0, 2)
            ).reshape(_WIDTH, n * _WIDTH)
            for n, _ in _TAPS
        ]
        self._epsilon = float(weights["eps"])
        self._slot_of = np.full(len(weights.table), -1, np.int64)
        self._piece_at = np.full(_REMEMBERED, -1, np.int64)
        self._uses = np.zeros(_REMEMBERED)
        # One row more, of zeros: what stands outside the text.
        self._remembered = np.zeros((_REMEMBERED + 1, _SHARE), np.float32)

    def embed(self, texts: Sequence[Sequence[int]]) -> Floats:
        """One embedding a text, of length one: shape (texts, DIMENSIONS)."""
        found = np.empty((len(texts), DIMENSIONS), np.float32)
        first = size = 0
        for place, text in enumerate(texts):
            if size and size + len(text) > PIECES_AT_ONCE:
                found[first:place] = self._together(texts[first:place])
                first, size = place, 0
            size += len(text)
        if size:
            found[first:] = self._together(texts[first:])
        return found

    def _together(self, texts: Sequence[Sequence[int]]) -> Floats:
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        pieces = np.fromiter(chain.from_iterable(texts), np.int64, int(lengths.sum()))
        starts = np.cumsum(lengths) - lengths
        # Zeros stand before and after each text, so that no sum reaches into another one.
        rows = np.arange(len(pieces)) + np.repeat(np.arange(1, len(texts) + 1) * _GAP, lengths)
        slots = np.full(len(pieces) + (len(texts) + 1) * _GAP, _REMEMBERED)
        slots[rows] = self._slots(pieces)
        own = self._remembered.take(slots, axis=0)
        features = np.empty((len(pieces), DIMENSIONS + len(_TAPS) * _WIDTH), np.float32)
        np.take(own[:, :DIMENSIONS], rows, axis=0, out=features[:, :DIMENSIONS])
        hidden = np.zeros((len(slots), _WIDTH), np.float32)
        inner = hidden[_GAP:-_GAP]
        outside = np.ones(len(slots), np.bool_)
        outside[rows] = False
        product, column = _PROJECTED, DIMENSIONS
        for taps, before in _TAPS:
            first = _GAP - before
            inner[:] = self._weights[f"b1_{taps}"]
            for tap in range(taps):
                inner += own[first + tap :][: len(inner), product : product + _WIDTH]
                product += _WIDTH
            np.maximum(inner, 0, out=inner)
            inner += own[_GAP:-_GAP, column : column + _WIDTH]
            hidden[outside] = 0
            seen = rows[:, None] + np.arange(-before, taps - before)
            window = hidden.take(seen, axis=0).reshape(len(pieces), taps * _WIDTH)
            out = window @ self._weights[f"w2_{taps}"]
            out += self._weights[f"b2_{taps}"]
            np.maximum(out, 0, out=out)
            np.add(out, hidden.take(rows, axis=0), out=features[:, column : column + _WIDTH])
            column += _WIDTH
        _normalise(features, self._weights["ln_g"], self._weights["ln_b"], self._epsilon)
        return self._dense(np.add.reduceat(features, starts, axis=0), lengths)

    def _dense(self, sums: Floats, lengths: NDArray[np.int64]) -> Floats:
        weights, sizes = self._weights, lengths.astype(np.float32)[:, None]
        mean = sums @ weights["cnn_W"] + sizes * weights["cnn_b"]
        mean *= 1 / np.sqrt(sizes)
        first = mean @ weights["p1"] + np.maximum(mean @ weights["d0"], 0) @ weights["d1"]
        np.maximum(first, 0, out=first)
        last = first @ weights["p3"] + np.maximum(first @ weights["d2"], 0) @ weights["d3"]
        np.tanh(last, out=last)
        squares = np.einsum("ij,ij->i", last, last)
        found: Floats = last / np.sqrt(np.maximum(squares, self._epsilon))[:, None]
        return found

    def _embeddings(self, pieces: NDArray[np.int64]) -> Floats:
        block = pieces % _BLOCKS
        found = self._weights.table[pieces].astype(np.float32)
        found *= self._weights["scale"][block, None]
        found += self._weights["lo"][block, None]
        return found

    def _slots(self, pieces: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of the pieces in ``_remembered``; computes those that are not there."""
        distinct, which, counts = np.unique(pieces, return_inverse=True, return_counts=True)
        slots = self._slot_of.take(distinct)
        new = np.flatnonzero(slots < 0)
        if len(new):
            self._uses[slots[slots >= 0]] += _REMEMBERED  # not to be forgotten now
            free = np.argpartition(self._uses, len(new) - 1)[: len(new)]
            self._uses[slots[slots >= 0]] -= _REMEMBERED
            forgotten = self._piece_at[free]
            self._slot_of[forgotten[forgotten >= 0]] = -1
            self._piece_at[free] = distinct[new]
            self._slot_of[distinct[new]] = slots[new] = free
            self._uses *= _FADING
            self._uses[free] = 0
            self._remember(distinct[new], free)
        self._uses[slots] += counts
        return slots[which]

    def _remember(self, pieces: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        own = np.empty((len(pieces), _SHARE), np.float32)
        own[:, :DIMENSIONS] = self._embeddings(pieces)
        projected = own[:, :DIMENSIONS] @ self._projection
        projected += self._projection_bias
        _normalise(projected, self._gain, self._shift, self._epsilon)
        own[:, DIMENSIONS:_PROJECTED] = projected
        column = _PROJECTED
        for number, first in enumerate(self._first):
            of_all_taps = projected[:, number * _WIDTH : (number + 1) * _WIDTH] @ first
            own[:, column : column + first.shape[1]] = of_all_taps
            column += first.shape[1]
        self._remembered[rows] = own


def _normalise(rows: Floats, gain: Floats, shift: Floats, epsilon: float) -> None:
    """Layer normalisation of each row, in place."""
    rows -= rows.mean(axis=-1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows) / rows.shape[-1]
    rows *= (1 / np.sqrt(variance + epsilon))[:, None]
    rows *= gain
    rows += shift
