"""Learns changes to the weights of n-grams from a few hundred labels, as a Gaussian process.

The prior variance of a weight's change grows with the spread of the n-gram's weights in the shipped
model, because labels seldom concern n-grams that are neutral there. The solution lies in the span
of the labelled texts, so that one coefficient a text and class is fitted instead of a hundred
thousand weights (Rasmussen and Williams 2006, chapter 3).
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
"""Prior variance of a neutral n-gram, relative to the mean n-gram."""
_BLOCK_SIZE: Final = 1024
_MAX_MOVE: Final = 127


@dataclass(frozen=True, kw_only=True, slots=True)
class SparseNgrams:
    """The n-grams of labelled texts: a sparse matrix in coordinate form."""

    texts: int
    rows: Ints
    columns: Ints
    """Indices into ``buckets``."""
    values: Floats
    """Change of a text's scores for one unit more in an n-gram's weight."""
    buckets: Ints
    spread: Floats
    """Range of each bucket's weights over the classes in the shipped model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """The covariance of labelled texts under the prior on weights."""

    similarity: Floats
    """Shape (texts, texts); the mean of the diagonal is one."""
    prior: Floats
    """Prior variance by bucket: turns coefficients of texts into changes of weights."""


def stack_ngrams(
    buckets: Sequence[Ints], values: Sequence[Floats]
) -> tuple[Ints, Ints, Ints, Floats]:
    """The distinct buckets, and row, column and value of each n-gram; the inputs are by text."""
    distinct, columns = np.unique(np.concatenate(buckets), return_inverse=True)
    rows = np.repeat(np.arange(len(buckets)), [len(found) for found in buckets])
    return distinct.astype(np.int64), rows, columns, np.concatenate(values)


def kernel_of(grams: SparseNgrams) -> Kernel:
    """The kernel matrix of the texts."""
    mean = float(grams.spread.sum()) / max(len(grams.buckets), 1)
    prior = grams.spread / max(mean, 1e-9) + _BASE_PRIOR
    scaled = grams.values * np.sqrt(prior[grams.columns])
    # Most n-grams occur in one text; they add to the diagonal alone.
    often = np.bincount(grams.columns, minlength=len(grams.buckets)) > 1
    alone = ~often[grams.columns]
    own = np.bincount(grams.rows[alone], scaled[alone] ** 2, minlength=grams.texts)
    similarity: Floats = np.diag(own.astype(np.float64))
    place = np.cumsum(often) - 1
    rows, columns, scaled = grams.rows[~alone], place[grams.columns[~alone]], scaled[~alone]
    order = np.argsort(columns, kind="stable")
    columns, rows, scaled = columns[order], rows[order], scaled[order]
    for start in range(0, int(often.sum()), _BLOCK_SIZE):
        first, last = np.searchsorted(columns, (start, start + _BLOCK_SIZE))
        block = np.zeros((grams.texts, _BLOCK_SIZE), np.float32)
        np.add.at(block, (rows[first:last], columns[first:last] - start), scaled[first:last])
        similarity += block @ block.T
    size = max(float(np.trace(similarity)) / max(grams.texts, 1), 1e-9)
    return Kernel(similarity=similarity / size, prior=prior / size)


def fit_weights(base: Floats, classes: Ints, similarity: Floats) -> Floats:
    """Coefficients of shape (texts, classes): the posterior mode, by Newton's method.

    ``base``: log-odds before adaptation, shape (texts, classes); ``similarity``: the kernel matrix,
    scaled by the prior variance.
    """
    truth, found = one_hot(classes, base.shape[1]), np.zeros_like(base)
    inner, loss = base, total_log_loss(base, classes)
    for _ in range(_MAX_NEWTON_STEPS):
        shares = softmax(inner)
        step = _newton_step(similarity, shares, truth - shares - found)
        before = loss
        # Backtracking: the quadratic model is exact at the current point only.
        for length in 0.5 ** np.arange(20):
            tried = found + length * step
            added = similarity @ tried
            loss = total_log_loss(base + added, classes) + float((tried * added).sum()) / 2
            if loss <= before:
                found, inner = tried, base + added
                break
        if before - loss < _TOLERANCE:
            break
    return found


def _newton_step(similarity: Floats, shares: Floats, goal: Floats) -> Floats:
    """Solve ``(I + W K) step = goal`` by conjugate gradients.

    ``W`` is the curvature of the likelihood, ``K`` the similarity; the inner product that ``K``
    defines makes the system symmetric.
    """
    step = np.zeros_like(goal)
    residual = goal.copy()
    direction, k_residual = residual, similarity @ residual
    norm = first = float((residual * k_residual).sum())
    k_direction = k_residual
    for _ in range(_MAX_CG_STEPS):
        if norm <= _TOLERANCE * _TOLERANCE * first or norm <= 0:
            break
        curvature = shares * k_direction - shares * (shares * k_direction).sum(
            axis=1, keepdims=True
        )
        image = direction + curvature
        length = norm / float((image * k_direction).sum())
        step = step + length * direction
        residual = residual - length * image
        k_residual = similarity @ residual
        before, norm = norm, float((residual * k_residual).sum())
        direction = residual + norm / before * direction
        k_direction = k_residual + norm / before * k_direction
    return step


def weight_moves(
    grams: SparseNgrams, kernel: Kernel, found: Floats, unit: NDArray[np.floating]
) -> Ints:
    """The changes of weights in whole units, shape (buckets, classes).

    ``found``: coefficients of the texts; ``unit``: value of a weight of one, by class.
    """
    width, classes = len(grams.buckets), found.shape[1]
    spread = found[grams.rows] * grams.values[:, None]
    down = [np.bincount(grams.columns, spread[:, c], minlength=width) for c in range(classes)]
    weights = np.stack(down, axis=1) * kernel.prior[:, None] / unit
    # Most changes are fractions of a unit; stochastic rounding keeps their sum unbiased.
    chance = np.random.default_rng(0).random(weights.shape)
    return np.clip(np.floor(weights + chance), -_MAX_MOVE, _MAX_MOVE).astype(np.int64)
