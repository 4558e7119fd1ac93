"""How weights of n-grams are learned from a brand's labels: in the space of the labelled texts.

A weight may move the farther, the more the n-gram says in the model as it ships: what speaks for
nothing there is seldom what a few hundred labels are about. So moves have a prior of their own,
and what is learned is one number a labelled text and class (Rasmussen and Williams 2006,
chapter 3): a few hundred unknowns instead of a hundred thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.learning.calibration import Floats, Ints, one_hot, softmax, total_log_loss

_MAX_NEWTON_STEPS: Final = 12
_MAX_CG_STEPS: Final = 40
_TOLERANCE: Final = 1e-5
_BASE_PRIOR: Final = 0.1
"""Prior of an n-gram that says nothing, beside one of the mean n-gram."""
_BLOCK_SIZE: Final = 1024
_MAX_MOVE: Final = 127


@dataclass(frozen=True, kw_only=True, slots=True)
class SparseNgrams:
    """The n-grams of labelled texts: three parallel lists of a sparse matrix."""

    texts: int
    rows: Ints
    columns: Ints
    """Places in ``buckets``."""
    values: Floats
    """What one more in the weight of that n-gram adds to the scores of that text."""
    buckets: Ints
    spread: Floats
    """How far the weights of each bucket are from each other in the model as it ships."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """How alike labelled texts are, by the n-grams they share."""

    alike: Floats
    """Shape (texts, texts); one on the mean of the diagonal."""
    prior: Floats
    """By bucket: what a text's number is multiplied by to be its part of the bucket's weights."""


def stack_ngrams(
    buckets: Sequence[Ints], values: Sequence[Floats]
) -> tuple[Ints, Ints, Ints, Floats]:
    """The distinct buckets; row, column and value of each n-gram. One array a text each."""
    distinct, columns = np.unique(np.concatenate(buckets), return_inverse=True)
    rows = np.repeat(np.arange(len(buckets)), [len(found) for found in buckets])
    return distinct.astype(np.int64), rows, columns, np.concatenate(values)


def kernel_of(grams: SparseNgrams) -> Kernel:
    """The space in which weights are learned."""
    mean = float(grams.spread.sum()) / max(len(grams.buckets), 1)
    said = grams.spread / max(mean, 1e-9) + _BASE_PRIOR
    scaled = grams.values * np.sqrt(said[grams.columns])
    # An n-gram of one text makes it like no other: most are, and need no place in the matrix.
    often = np.bincount(grams.columns, minlength=len(grams.buckets)) > 1
    alone = ~often[grams.columns]
    own = np.bincount(grams.rows[alone], scaled[alone] ** 2, minlength=grams.texts)
    alike: Floats = np.diag(own.astype(np.float64))
    place = np.cumsum(often) - 1
    rows, columns, scaled = grams.rows[~alone], place[grams.columns[~alone]], scaled[~alone]
    order = np.argsort(columns, kind="stable")
    columns, rows, scaled = columns[order], rows[order], scaled[order]
    for start in range(0, int(often.sum()), _BLOCK_SIZE):
        first, last = np.searchsorted(columns, (start, start + _BLOCK_SIZE))
        block = np.zeros((grams.texts, _BLOCK_SIZE), np.float32)
        np.add.at(block, (rows[first:last], columns[first:last] - start), scaled[first:last])
        alike += block @ block.T
    size = max(float(np.trace(alike)) / max(grams.texts, 1), 1e-9)
    return Kernel(alike=alike / size, prior=said / size)


def fit_weights(base: Floats, classes: Ints, alike: Floats) -> Floats:
    """One number a text and class, by Newton's method.

    ``base``: log-odds of the classes before anything is learned, one row a text. ``alike``: how
    what is learned of one text changes the log-odds of another, and how far they may move.
    """
    truth, found = one_hot(classes, base.shape[1]), np.zeros_like(base)
    inner, loss = base, total_log_loss(base, classes)
    for _ in range(_MAX_NEWTON_STEPS):
        shares = softmax(inner)
        step = _newton_step(alike, shares, truth - shares - found)
        before = loss
        # Half as far as long as it would lead uphill: the curve is known at one place only.
        for length in 0.5 ** np.arange(20):
            tried = found + length * step
            added = alike @ tried
            loss = total_log_loss(base + added, classes) + float((tried * added).sum()) / 2
            if loss <= before:
                found, inner = tried, base + added
                break
        if before - loss < _TOLERANCE:
            break
    return found


def _newton_step(alike: Floats, shares: Floats, goal: Floats) -> Floats:
    """The step that solves ``(1 + curve · alike) step = goal``, by conjugate gradients.

    The system is made symmetric by ``alike``, in whose measure the gradients are conjugate.
    """
    step = np.zeros_like(goal)
    left = goal.copy()
    way, across = left, alike @ left
    size = first = float((left * across).sum())
    pace = across
    for _ in range(_MAX_CG_STEPS):
        if size <= _TOLERANCE * _TOLERANCE * first or size <= 0:
            break
        curved = shares * pace - shares * (shares * pace).sum(axis=1, keepdims=True)
        turned = way + curved
        length = size / float((turned * pace).sum())
        step = step + length * way
        left = left - length * turned
        across = alike @ left
        before, size = size, float((left * across).sum())
        way = left + size / before * way
        pace = across + size / before * pace
    return step


def weight_moves(
    grams: SparseNgrams, within: Kernel, found: Floats, unit: NDArray[np.floating]
) -> Ints:
    """What was learned from all texts as moves of weights: shape (buckets, classes).

    ``unit``: what one step of a class's weight stands for.
    """
    width, classes = len(grams.buckets), found.shape[1]
    spread = found[grams.rows] * grams.values[:, None]
    down = [np.bincount(grams.columns, spread[:, c], minlength=width) for c in range(classes)]
    weights = np.stack(down, axis=1) * within.prior[:, None] / unit
    # Most moves are parts of a unit. Rounded by chance, many of them add up to what they should.
    chance = np.random.default_rng(0).random(weights.shape)
    return np.clip(np.floor(weights + chance), -_MAX_MOVE, _MAX_MOVE).astype(np.int64)
