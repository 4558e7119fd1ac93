"""The arithmetic of adaptation: logistic regression on top of the model's scores, held back."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.adaptation import bent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEPS: Final = 40
_ENOUGH: Final = 1e-7
_HOLD: Final = np.array([30.0, 30.0, 2.0, 2.0, 2.0])
"""How strongly slope, bend and the three biases are held at ``_START``; in labels' worth."""
_START: Final = np.array([0.3, 0.6, 0.0, 0.0, 0.0])
"""On texts of a new kind a model is surer than it should be, most of all where it is very sure."""
_LEAST: Final = np.array([0.05, 0.0, -np.inf, -np.inf, -np.inf])
"""Below these, what the model holds for likelier would become less likely."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What becomes of scores: see ``listeners.judgement.adaptation.bent``."""

    slope: float = 1.0
    bend: float = 0.0
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def judged(self, scores: Floats) -> Floats:
        """Probabilities, one row a text."""
        return softmax(bent(scores, self.slope, self.bend) + np.array(self.bias))


def calibrate(scores: Floats, classes: Ints, *, biased: bool = True) -> Calibration:
    """Learn from scores, one row a text, and the class that each text has.

    Without ``biased`` every text keeps its likeliest class: only how sure that is changes.
    """
    rows = len(scores)
    parts = [bent(scores, 1.0, 0.0), bent(scores, 0.0, 1.0)]
    parts += [np.tile(one, (rows, 1)) for one in np.eye(3)]
    design: Floats = np.stack(parts, axis=2)
    found, free = _START.copy(), np.arange(len(_START)) < (len(_START) if biased else 2)
    while True:
        found = _newton(design, classes, found, free)
        low = free & (found < _LEAST)
        if not low.any():
            break
        found[low], free[low] = _LEAST[low], False
    slope, bend, negative, neutral, positive = found.tolist()
    return Calibration(slope=slope, bend=bend, bias=(negative, neutral, positive))


def _newton(design: Floats, classes: Ints, start: Floats, free: NDArray[np.bool_]) -> Floats:
    """The likeliest parameters, of which those that are not free stay as they are."""
    found, truth = start.copy(), one_hot(classes, design.shape[1])
    loss = _loss(design, classes, found)
    for _ in range(_STEPS):
        shares = softmax(design @ found)
        slope = np.einsum("ncp,nc->p", design, shares - truth) + _HOLD * (found - _START)
        middle = np.einsum("ncp,nc->np", design, shares)
        curve = np.einsum("ncp,nc,ncq->pq", design, shares, design) - middle.T @ middle
        curve += np.diag(_HOLD)
        step = np.zeros_like(found)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        before = loss
        # Half as far as long as it would lead uphill: the curve is known at one place only.
        for length in 0.5 ** np.arange(20):
            loss = _loss(design, classes, found - length * step)
            if loss <= before:
                found = found - length * step
                break
        if before - loss < _ENOUGH:
            break
    return found


def _loss(design: Floats, classes: Ints, found: Floats) -> float:
    held = float((_HOLD * (found - _START) ** 2).sum()) / 2
    return surprise(design @ found, classes) + held


def surprise(scores: Floats, classes: Ints) -> float:
    """The sum of what the classes cost, in nats."""
    top = scores.max(axis=1)
    whole = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return float((whole - scores[np.arange(len(scores)), classes]).sum())


def one_hot(classes: Ints, width: int) -> Floats:
    """One row a text: one in the column of its class, else zero."""
    truth = np.zeros((len(classes), width))
    truth[np.arange(len(classes)), classes] = 1
    return truth


def softmax(found: Floats) -> Floats:
    """Row by row."""
    shares = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
