"""Multinomial logistic regression over hashed features, in NumPy alone.

Adagrad on mini-batches; only the weights that a batch touches are moved. A text of a two-class
set may be neutral although nobody could say so: for it the score of neutral is lowered by a
constant before the softmax, so that it costs little to think so. How often a set of texts is good
news says nothing about the next set: what a set leans to is learned apart and then forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

UNLABELLED_NEUTRAL: Final = -3.0
"""Added to the score of neutral in two-class sets, where one text in twenty may be neutral."""

_BATCH: Final = 256
_TO_GOOD: Final = np.array([-1.0, 0.0, 1.0])
"""Direction in the scores along which the bias of a data set moves them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Features by text, as a sparse matrix: row ``i`` is ``ids[starts[i]:starts[i + 1]]``."""

    ids: NDArray[np.uint32]
    starts: Ints
    sizes: NDArray[np.float64]
    """Square root of the number of n-grams of each text, known to the model or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Examples:
    """Features and labels to train on."""

    matrix: Matrix
    labels: Ints
    two_class: NDArray[np.bool_]
    weights: NDArray[np.float64]
    english: NDArray[np.bool_]
    """Rows of English data sets."""
    sets: Ints
    """Data set of each row; set zero has no bias of its own."""


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
    """The same rows with known features only, as indices into ``known``."""
    places = np.searchsorted(known, whole.ids)
    places[places == len(known)] = 0
    kept = known[places] == whole.ids
    before = np.concatenate([[0], np.cumsum(kept)])
    return Matrix(
        ids=places[kept].astype(np.uint32), starts=before[whole.starts], sizes=whole.sizes
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Hyperparameters of one model; the average of several is better than any of them."""

    passes: int
    rate: float
    scaled: bool = False
    """True to scale steps by the log-count ratio of a feature (Wang and Manning 2012)."""
    smooth: float = 0.0
    """Label smoothing: the share of each label that is spread over all classes."""
    neutral: float = UNLABELLED_NEUTRAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Prepared rows; passes differ only in the order of batches."""

    rows: Ints
    touched: NDArray[np.uint32]
    """Distinct features of the rows, ascending."""
    where: NDArray[np.int32]
    """Index into ``touched`` of each feature of each row."""
    lengths: Ints


def batches(texts: Matrix, chosen: Ints, seed: int) -> list[Batch]:
    """The chosen rows in batches, shuffled by ``seed``."""
    order = np.random.default_rng(seed).permutation(chosen)
    found = []
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        places, lengths = _places(texts.starts, rows)
        touched, where = np.unique(texts.ids[places], return_inverse=True)
        found.append(
            Batch(rows=rows, touched=touched, where=where.astype(np.int32), lengths=lengths)
        )
    return found


def fit(
    examples: Examples,
    learned: Sequence[Batch],
    features: int,
    way: Way,
    *,
    seed: int,
    scale: Floats | None = None,
) -> Fitted:
    """Train on the batches in an order fixed by ``seed``; the biases of data sets are left out."""
    random = np.random.default_rng(seed)
    weights = np.zeros((features, 3), np.float32)
    bias = np.zeros(3, np.float32)
    lean = np.zeros(examples.sets.max(initial=0) + 1)
    seen_lean = np.full(len(lean), 1e-3)
    seen = np.full((features, 3), 1e-3, np.float32)
    seen_bias = np.full(3, 1e-3, np.float32)
    for _ in range(way.passes):
        for turn in random.permutation(len(learned)).tolist():
            batch = learned[turn]
            by = (1 / examples.matrix.sizes[batch.rows])[:, None]
            here = weights[batch.touched]
            told = here if scale is None else here * scale[batch.touched, None]
            found = _sums(told[batch.where], batch.lengths) * by + bias
            sets = examples.sets[batch.rows]
            found += lean[sets, None] * _TO_GOOD
            error = _error(found, examples, batch.rows, way)
            spread = np.repeat((error * by).astype(np.float32), batch.lengths, axis=0)
            size = len(batch.touched)
            slope = np.stack(
                [np.bincount(batch.where, spread[:, c], minlength=size) for c in range(3)], axis=1
            ).astype(np.float32)
            if scale is not None:
                slope *= scale[batch.touched, None]
            now = seen[batch.touched] + slope * slope
            seen[batch.touched] = now
            weights[batch.touched] = here - way.rate * slope / np.sqrt(now)
            whole = error.sum(axis=0).astype(np.float32)
            seen_bias += whole * whole
            bias -= way.rate * whole / np.sqrt(seen_bias)
            pull = np.bincount(sets, error @ _TO_GOOD, minlength=len(lean))
            pull[0] = 0
            seen_lean += pull * pull
            lean -= way.rate * pull / np.sqrt(seen_lean)
    if scale is not None:
        weights *= scale[:, None]
    return Fitted(weights=weights - weights.mean(axis=1, keepdims=True), bias=bias - bias.mean())


def average(several: Sequence[Fitted]) -> Fitted:
    """The mean of models over the same features."""
    return Fitted(
        weights=np.mean([one.weights for one in several], axis=0, dtype=np.float32),
        bias=np.mean([one.bias for one in several], axis=0, dtype=np.float32),
    )


def share(
    texts: Matrix, chosen: Ints, kind: NDArray[np.bool_], features: int
) -> NDArray[np.float64]:
    """Number of rows of a kind among the chosen rows with a feature, by feature."""

    def count(rows: Ints) -> Ints:
        return np.bincount(texts.ids[_places(texts.starts, rows)[0]], minlength=features)

    return np.asarray(count(chosen[kind[chosen]]) / np.maximum(1, count(chosen)))


def telling(examples: Examples, chosen: Ints, features: int, same: NDArray[np.bool_]) -> Floats:
    """Discrimination of each feature by itself; one on average, and where ``same``."""
    counts = np.stack(
        [
            np.bincount(
                examples.matrix.ids[
                    _places(examples.matrix.starts, chosen[examples.labels[chosen] == c])[0]
                ],
                minlength=features,
            )
            for c in range(3)
        ]
    )
    negative, neutral, positive = counts + 1.0

    def ratio(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.abs(np.log((one / one.sum()) / (other / other.sum()))))

    strength = np.maximum(ratio(negative, positive), ratio(neutral, negative + positive))
    return np.where(same, 1, strength / strength.mean()).astype(np.float32)


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
    """The temperature: the divisor of scores whose probabilities fit the labels best."""
    found = found + np.where(two_class[:, None], [0, UNLABELLED_NEUTRAL, 0], 0)
    tried = np.geomspace(0.3, 4, 60)
    rows = np.arange(len(labels))
    losses = [
        -np.log(np.maximum(softmax(found / value)[rows, labels], 1e-9)).mean() for value in tried
    ]
    return float(tried[int(np.argmin(losses))])


def _error(
    found: NDArray[np.float64], examples: Examples, batch: Ints, way: Way
) -> NDArray[np.float64]:
    found[examples.two_class[batch], 1] += way.neutral
    error = softmax(found) - way.smooth / 3
    error[np.arange(len(batch)), examples.labels[batch]] -= 1 - way.smooth
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
