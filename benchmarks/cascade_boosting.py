"""Gradient boosting of oblivious trees in NumPy: the learner behind ``train_cascade.py``.

It first minimises the absolute error of the logarithm, then the *relative* error with a loss that
stops growing for far misses (Welsch), because a forecast is judged by its median relative error.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.spread.cascades.trees import Floats, Forest

Ints = NDArray[np.int64]

DEPTH: Final = 5
RATE: Final = 0.1
PENALTY: Final = 20.0
QUANTILES: Final = 48
SAMPLED_FEATURES: Final = 0.35
FEWEST_FEATURES: Final = 3
SAMPLED_ROWS: Final = 0.7
SMOOTHING: Final = 0.15
"""Below this the absolute error is treated as a square."""
RELATIVE_WIDTH: Final = 0.3
"""Relative errors far beyond this do not count any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A training set and its settings."""

    rows: Floats
    target: Floats
    weights: Floats
    trees: int
    relative_from: int
    """From this tree on the relative error counts."""
    seed: int


def boost(task: Task) -> Forest:
    """Learn a forest; the same task gives the same forest."""
    rng = np.random.default_rng(task.seed)
    edges = [_edges(task.rows[:, column]) for column in range(task.rows.shape[1])]
    bins = np.stack([_binned(task.rows[:, i], edge) for i, edge in enumerate(edges)], axis=1)
    weights = task.weights / task.weights.mean()
    base = float(np.median(task.target))
    current = np.full(len(bins), base)
    count = max(min(FEWEST_FEATURES, bins.shape[1]), int(bins.shape[1] * SAMPLED_FEATURES))
    splits: list[list[tuple[int, int]]] = []
    leaves: list[Floats] = []
    for number in range(task.trees):
        slope, bend = _loss(current - task.target, relative=number >= task.relative_from)
        slope, bend = slope * weights, bend * weights
        rows = np.nonzero(rng.random(len(bins)) < SAMPLED_ROWS)[0]
        columns = rng.choice(bins.shape[1], count, replace=False)
        found, leaf = _grow(bins[rows][:, columns], slope[rows], bend[rows])
        size = 1 << DEPTH
        mass = np.bincount(leaf, bend[rows], size) + PENALTY
        value: Floats = -RATE * np.bincount(leaf, slope[rows], size) / mass
        splits.append([(int(columns[column]), cut) for column, cut in found])
        leaves.append(value)
        current += value[_leaves(bins, splits[-1])]
    return Forest(
        base=base,
        features=np.array([[column for column, _ in tree] for tree in splits], np.int16),
        thresholds=np.array(
            [
                [-np.inf if cut == 0 else edges[column][cut - 1] for column, cut in t]
                for t in splits
            ],
            np.float32,
        ),
        leaves=np.array(leaves, np.float32),
    )


def _loss(miss: Floats, *, relative: bool) -> tuple[Floats, Floats]:
    """First and second derivative of the loss by the forecast."""
    if not relative:
        bend = 1 / np.sqrt(miss**2 + SMOOTHING**2)
        return miss * bend, np.maximum(bend, 0.3)
    ratio = np.expm1(np.clip(miss, -3, 3))
    fading = np.exp(-(ratio**2) / (2 * RELATIVE_WIDTH**2)) / RELATIVE_WIDTH
    slope = ratio * (ratio + 1) * fading
    return slope, np.maximum((ratio + 1) ** 2 * fading, 0.05 / RELATIVE_WIDTH)


def _grow(bins: Ints, slope: Floats, bend: Floats) -> tuple[list[tuple[int, int]], Ints]:
    """The best question for each level, as (column, bin), and the leaf of every row."""
    rows, columns = bins.shape
    width = QUANTILES + 2
    slopes, bends = np.repeat(slope, columns), np.repeat(bend, columns)
    place = np.arange(columns)[None, :] * width + bins
    leaf = np.zeros(rows, np.int64)
    found = []
    for level in range(DEPTH):
        shape = (1 << level, columns, width)
        key = (leaf[:, None] * columns * width + place).ravel()
        total = int(np.prod(shape))
        left = np.bincount(key, slopes, total).reshape(shape).cumsum(axis=2)
        mass = np.bincount(key, bends, total).reshape(shape).cumsum(axis=2)
        right, rest = left[:, :, -1:] - left, mass[:, :, -1:] - mass
        gain = (left**2 / (mass + PENALTY) + right**2 / (rest + PENALTY)).sum(axis=0)
        column, cut = divmod(int(gain[:, :-1].argmax()), width - 1)
        found.append((column, cut))
        leaf = leaf * 2 + (bins[:, column] > cut)
    return found, leaf


def _leaves(bins: Ints, tree: list[tuple[int, int]]) -> Ints:
    leaf = np.zeros(len(bins), np.int64)
    for column, cut in tree:
        leaf = leaf * 2 + (bins[:, column] > cut)
    return leaf


def _edges(column: Floats) -> Floats:
    """Ends of bins, rounded as the thresholds of a Forest."""
    known = column[~np.isnan(column)]
    if not len(known):
        return np.array([0.0])
    cuts = np.quantile(known, np.linspace(0, 1, QUANTILES + 1)[1:-1])
    return np.unique(cuts.astype(np.float32)).astype(np.float64)


def _binned(column: Floats, edges: Floats) -> Ints:
    """Bin 0 is unknown; bin i + 1 ends with edge i."""
    rounded = column.astype(np.float32).astype(np.float64)
    return np.where(np.isnan(column), 0, 1 + np.searchsorted(edges, rounded, "left"))
