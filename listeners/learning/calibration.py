"""Calibration of scores: regularised logistic regression on top of them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.adaptation import ToneCalibration, bend_scores
from listeners.judgement.platt_scaling import PlattScaling

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MAX_STEPS: Final = 40
_TOLERANCE: Final = 1e-7
_PRIOR_STRENGTH: Final = np.array([30.0, 30.0, 2.0, 2.0, 2.0])
"""Strength of the prior on slope, bend and the three biases, in labels."""
_PRIOR_MEAN: Final = np.array([0.3, 0.6, 0.0, 0.0, 0.0])
"""On a new kind of texts a model is overconfident, most of all where it is very confident."""
_LOWER_BOUNDS: Final = np.array([0.05, 0.0, -np.inf, -np.inf, -np.inf])
"""Below these the order of a text's sentiments would be inverted."""

_MAX_SCALING_STEPS: Final = 200
_SCALING_PRIOR_STRENGTH: Final = 2.0
"""Strength of the prior that holds slope and offset of a Platt scaling at one and zero, in labels.
"""
_MIN_SCALING_SLOPE: Final = 0.05


def calibrated_scores(calibration: ToneCalibration, scores: Floats) -> Floats:
    """As ``ToneCalibration.applied``, for many texts; shape (texts, classes)."""
    bent = bend_scores(scores, calibration.slope, calibration.bend)
    return np.asarray(bent + np.array(calibration.bias))


def calibrate(scores: Floats, classes: Ints, *, biased: bool = True) -> ToneCalibration:
    """Fit to scores of shape (texts, classes) and the class of each text.

    Without ``biased`` every text keeps its likeliest class, and only the confidence changes.
    """
    rows = len(scores)
    parts = [bend_scores(scores, 1.0, 0.0), bend_scores(scores, 0.0, 1.0)]
    parts += [np.tile(one, (rows, 1)) for one in np.eye(3)]
    design: Floats = np.stack(parts, axis=2)
    found, free = (
        _PRIOR_MEAN.copy(),
        np.arange(len(_PRIOR_MEAN)) < (len(_PRIOR_MEAN) if biased else 2),
    )
    while True:
        found = _newton(design, classes, found, free)
        low = free & (found < _LOWER_BOUNDS)
        if not low.any():
            break
        found[low], free[low] = _LOWER_BOUNDS[low], False
    slope, bend, negative, neutral, positive = found.tolist()
    return ToneCalibration(slope=slope, bend=bend, bias=(negative, neutral, positive))


def fit_scaling(scores: Floats, labels: Ints, *, offset: bool) -> PlattScaling:
    """Fit slope and offset to log-odds, or the slope alone, by damped Newton steps."""
    inputs = np.stack([scores, np.full_like(scores, float(offset))], axis=1)
    held = np.array([1.0, 0.0])
    found = held.copy()
    for _ in range(_MAX_SCALING_STEPS):
        guess = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        slope = inputs.T @ (guess - labels) + _SCALING_PRIOR_STRENGTH * (found - held)
        curve = (inputs * (guess * (1 - guess))[:, None]).T @ inputs
        curve += _SCALING_PRIOR_STRENGTH * np.eye(2)
        step = np.linalg.solve(curve, slope)
        # Damping keeps a step from overshooting where all probabilities are near 0 or 1.
        step /= max(1.0, float(np.abs(step).max()))
        found = found - step
        if float(np.abs(step).max()) < _TOLERANCE:
            break
    return PlattScaling(slope=max(_MIN_SCALING_SLOPE, float(found[0])), offset=float(found[1]))


def _newton(design: Floats, classes: Ints, start: Floats, free: NDArray[np.bool_]) -> Floats:
    """The likeliest parameters, by Newton's method; those that are not free stay at ``start``."""
    found, truth = start.copy(), one_hot(classes, design.shape[1])
    loss = _loss(design, classes, found)
    for _ in range(_MAX_STEPS):
        shares = softmax(design @ found)
        slope = np.einsum("ncp,nc->p", design, shares - truth) + _PRIOR_STRENGTH * (
            found - _PRIOR_MEAN
        )
        middle = np.einsum("ncp,nc->np", design, shares)
        curve = np.einsum("ncp,nc,ncq->pq", design, shares, design) - middle.T @ middle
        curve += np.diag(_PRIOR_STRENGTH)
        step = np.zeros_like(found)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        before = loss
        # Backtracking: the quadratic model is exact at the current point only.
        for length in 0.5 ** np.arange(20):
            loss = _loss(design, classes, found - length * step)
            if loss <= before:
                found = found - length * step
                break
        if before - loss < _TOLERANCE:
            break
    return found


def _loss(design: Floats, classes: Ints, found: Floats) -> float:
    held = float((_PRIOR_STRENGTH * (found - _PRIOR_MEAN) ** 2).sum()) / 2
    return total_log_loss(design @ found, classes) + held


def total_log_loss(scores: Floats, classes: Ints) -> float:
    """Sum of the negative log-likelihoods of the classes, in nats."""
    top = scores.max(axis=1)
    whole = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return float((whole - scores[np.arange(len(scores)), classes]).sum())


def one_hot(classes: Ints, width: int) -> Floats:
    """Shape (texts, width): one in the column of a text's class, else zero."""
    truth = np.zeros((len(classes), width))
    truth[np.arange(len(classes)), classes] = 1
    return truth


def softmax(found: Floats) -> Floats:
    """Probabilities from log-odds, row by row."""
    shares = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
