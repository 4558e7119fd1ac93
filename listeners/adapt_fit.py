"""The arithmetic of adaptation: regularised logistic regression on top of the model's scores."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEPS: Final = 150
_RATE: Final = 0.3
_HOLD_SLOPE: Final = 2.0
"""How strongly the slope is held at one; in labels' worth."""
_HOLD_BIAS: Final = 0.5
_HOLD_WEIGHTS: Final = 0.1
_MOMENTUM: Final = 0.9
_MOST: Final = 127


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """Labelled texts as numbers; the features as three parallel lists of a sparse matrix."""

    scores: Floats
    """The model's, one row a text."""
    classes: Ints
    rows: Ints
    columns: Ints
    """Places in ``buckets``."""
    values: Floats
    """What one unit more in that bucket adds to the scores of that text, for a unit of one."""
    buckets: Ints
    unit: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """What was learned."""

    slope: float
    bias: Floats
    buckets: Ints
    moves: Ints
    """Shape (buckets, 3), in units of the model."""

    @classmethod
    def unchanged(cls) -> "Fit":
        """What leaves the model as it is."""
        none = np.zeros(0, np.int64)
        return cls(slope=1.0, bias=np.zeros(3), buckets=none, moves=np.zeros((0, 3), np.int64))


def fit(known: Labels, chosen: Ints, *, moving: bool) -> Fit:
    """Learn from the chosen texts, all of them at once; deterministic.

    ``moving``: whether weights of n-grams are learned after slope and bias.
    """
    slope, bias = _platt(known, chosen)
    if not moving:
        return replace(Fit.unchanged(), slope=slope, bias=bias)
    weights = _weights(known, chosen, slope, bias)
    moves = np.clip(np.round(weights / known.unit), -_MOST, _MOST).astype(np.int64)
    return Fit(slope=slope, bias=bias, buckets=known.buckets, moves=moves)


def _platt(known: Labels, chosen: Ints) -> tuple[float, Floats]:
    """Slope and bias, by Adagrad."""
    scores, truth = known.scores[chosen], _truth(known)[chosen]
    slope, bias = 1.0, np.zeros(3)
    seen_slope, seen_bias = 1e-6, np.full(3, 1e-6)
    for _ in range(_STEPS):
        error = softmax(slope * scores + bias) - truth
        push = float((error * scores).sum()) + _HOLD_SLOPE * (slope - 1)
        seen_slope += push * push
        slope = max(0.05, slope - _RATE * push / float(np.sqrt(seen_slope)))
        lift = error.sum(axis=0) + _HOLD_BIAS * bias
        seen_bias += lift * lift
        bias -= _RATE * lift / np.sqrt(seen_bias)
    return slope, bias


def _weights(known: Labels, chosen: Ints, slope: float, bias: Floats) -> Floats:
    """Weights held at zero by a ridge, by gradient descent with steps too short to overshoot."""
    used = np.isin(known.rows, chosen)
    rows, columns, values = known.rows[used], known.columns[used], known.values[used]
    width, truth = len(known.buckets), _truth(known)
    weights: Floats = np.zeros((width, 3))
    pace = weights
    lengths = np.bincount(rows, values * values, minlength=1)
    rate = 1 / (_HOLD_WEIGHTS + 0.5 * slope * slope * float(lengths.sum()))
    for _ in range(_STEPS):
        inner = known.scores + _added(rows, columns, values, weights, len(truth))
        error = softmax(slope * inner + bias) - truth
        spread = error[rows] * (values * slope)[:, None]
        down = [np.bincount(columns, spread[:, c], minlength=width) for c in range(3)]
        pace = _MOMENTUM * pace - rate * (np.stack(down, axis=1) + _HOLD_WEIGHTS * weights)
        weights = weights + pace
    return weights


def _truth(known: Labels) -> Floats:
    truth = np.zeros_like(known.scores)
    truth[np.arange(len(truth)), known.classes] = 1
    return truth


def judged(known: Labels, learned: Fit) -> Floats:
    """Probabilities of all texts under what was learned."""
    inner = known.scores
    if len(learned.moves):
        weights: Floats = np.asarray(learned.moves * known.unit, np.float64)
        inner = inner + _added(known.rows, known.columns, known.values, weights, len(inner))
    return softmax(learned.slope * inner + learned.bias)


def softmax(found: Floats) -> Floats:
    """Row by row."""
    shares = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _added(rows: Ints, columns: Ints, values: Floats, weights: Floats, texts: int) -> Floats:
    spread = weights[columns] * values[:, None]
    return np.stack([np.bincount(rows, spread[:, c], minlength=texts) for c in range(3)], axis=1)
