"""Multinomial logistic regression over hashed features, in NumPy alone.

Adagrad on mini-batches; only the weights that a batch touches are moved. A text of a two-class
set may be neutral although nobody could say so: for it the score of neutral is lowered by a
constant before the softmax, so that it costs little to think so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

UNLABELLED_NEUTRAL: Final = -3.0
"""What is added to the score of neutral in two-class sets: one in twenty may be."""

_BATCH: Final = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Which features each text has: row ``i`` is ``ids[starts[i]:starts[i + 1]]``."""

    ids: NDArray[np.uint32]
    starts: Ints
    sizes: NDArray[np.float64]
    """The square root of how many n-grams a text has, known to the model or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """What is learned from."""

    matrix: Matrix
    labels: Ints
    two_class: NDArray[np.bool_]
    weights: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """Weights of shape (features, 3) and the bias of the three classes."""

    weights: Floats
    bias: Floats


def matrix(features: Sequence[NDArray[np.uint32]]) -> Matrix:
    """One row a text."""
    lengths = np.array([len(row) for row in features], np.int64)
    starts = np.zeros(len(features) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return Matrix(
        ids=np.concatenate(list(features)),
        starts=starts,
        sizes=np.sqrt(np.maximum(lengths, 1)),
    )


def common(whole: Matrix, chosen: Ints, least: int) -> NDArray[np.uint32]:
    """The features that at least ``least`` of the chosen rows have, ascending."""
    places, _ = _places(whole.starts, chosen)
    found, counts = np.unique(whole.ids[places], return_counts=True)
    return found[counts >= least]


def restrict(whole: Matrix, known: NDArray[np.uint32]) -> Matrix:
    """The same rows with known features only, renamed to their places in ``known``."""
    places = np.searchsorted(known, whole.ids)
    places[places == len(known)] = 0
    kept = known[places] == whole.ids
    before = np.concatenate([[0], np.cumsum(kept)])
    return Matrix(
        ids=places[kept].astype(np.uint32), starts=before[whole.starts], sizes=whole.sizes
    )


def fit(
    examples: Examples, chosen: Ints, features: int, *, passes: int, rate: float, seed: int
) -> Fitted:
    """Learn from the chosen rows, in an order that ``seed`` fixes."""
    random = np.random.default_rng(seed)
    weights = np.zeros((features, 3), np.float32)
    bias = np.zeros(3, np.float32)
    seen = np.full((features, 3), 1e-3, np.float32)
    seen_bias = np.full(3, 1e-3, np.float32)
    for _ in range(passes):
        order = random.permutation(chosen)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            places, lengths = _places(examples.matrix.starts, batch)
            ids = examples.matrix.ids[places]
            scale = (1 / examples.matrix.sizes[batch])[:, None]
            error = _error(_sums(weights[ids], lengths) * scale + bias, examples, batch)
            touched, where = np.unique(ids, return_inverse=True)
            spread = np.repeat((error * scale).astype(np.float32), lengths, axis=0)
            slope = np.stack(
                [np.bincount(where, spread[:, c], minlength=len(touched)) for c in range(3)], axis=1
            ).astype(np.float32)
            seen[touched] += slope * slope
            weights[touched] -= rate * slope / np.sqrt(seen[touched])
            whole = error.sum(axis=0).astype(np.float32)
            seen_bias += whole * whole
            bias -= rate * whole / np.sqrt(seen_bias)
    return Fitted(weights=weights - weights.mean(axis=1, keepdims=True), bias=bias - bias.mean())


def scores(fitted: Fitted, texts: Matrix, chosen: Ints) -> NDArray[np.float64]:
    """The three scores of each chosen row."""
    places, lengths = _places(texts.starts, chosen)
    sums = _sums(fitted.weights[texts.ids[places]], lengths)
    return np.asarray(sums / texts.sizes[chosen][:, None] + fitted.bias, np.float64)


def softmax(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row by row."""
    shares = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def temperature(found: NDArray[np.float64], labels: Ints, two_class: NDArray[np.bool_]) -> float:
    """What to divide scores by so that their probabilities fit the labels best."""
    found = found + np.where(two_class[:, None], [0, UNLABELLED_NEUTRAL, 0], 0)
    tried = np.geomspace(0.3, 4, 60)
    rows = np.arange(len(labels))
    losses = [
        -np.log(np.maximum(softmax(found / value)[rows, labels], 1e-9)).mean() for value in tried
    ]
    return float(tried[int(np.argmin(losses))])


def _error(found: NDArray[np.float64], examples: Examples, batch: Ints) -> NDArray[np.float64]:
    found[examples.two_class[batch], 1] += UNLABELLED_NEUTRAL
    error = softmax(found)
    error[np.arange(len(batch)), examples.labels[batch]] -= 1
    return error * examples.weights[batch][:, None]


def _places(starts: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    lengths = starts[chosen + 1] - starts[chosen]
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts[chosen] - before, lengths) + np.arange(lengths.sum()), lengths


def _sums(rows: Floats, lengths: Ints) -> Floats:
    # A row of zeros at the end gives empty texts something to begin at.
    padded = np.concatenate([rows, np.zeros((1, rows.shape[1]), rows.dtype)])
    sums: Floats = np.add.reduceat(padded, np.cumsum(lengths) - lengths, axis=0)
    sums[lengths == 0] = 0
    return sums
