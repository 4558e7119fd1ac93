"""Learns from a brand's own labels how likely a complaint is (Platt scaling), or learns nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.platt_scaling import Stretch, log_odds
from listeners.learning.adapt_measures import Quality, quality

Floats = NDArray[np.float64]

_FOLDS: Final = 5
_STEPS: Final = 200
_HOLD: Final = 2.0
"""How strongly slope and offset are held at one and zero; in labels' worth."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretched:
    """What came of it."""

    before: Quality
    after: Quality
    """Cross-fitted, whether it is accepted or not."""
    stretch: Stretch | None
    """``None`` where nothing is accepted: a step backwards is refused."""


def adapt_complaint(found: Sequence[float], actual: Sequence[bool]) -> Stretched:
    """``found``: the model's probabilities of texts, each once; ``actual``: what staff said.

    Both answers have to occur among ``actual``.
    """
    scores = np.array([log_odds(one) for one in found])
    labels = np.array(actual, np.int64)
    before = quality(_shares(scores), labels)
    after, offset = _crossed(scores, labels, offset=True), True
    if not after.better_than(before):
        # Nothing but how sure the model is: every answer stays.
        after, offset = _crossed(scores, labels, offset=False), False
    accepted = after.better_than(before)
    stretch = _fit(scores, labels, offset=offset) if accepted else None
    return Stretched(before=before, after=after, stretch=stretch)


def _crossed(scores: Floats, labels: NDArray[np.int64], *, offset: bool) -> Quality:
    """How good a stretch is on each fifth of the labels when the others teach it."""
    unseen = np.empty_like(scores)
    fold = np.random.default_rng(0).permutation(len(labels)) % _FOLDS
    for turn in range(_FOLDS):
        learned = _fit(scores[fold != turn], labels[fold != turn], offset=offset)
        unseen[fold == turn] = learned.slope * scores[fold == turn] + learned.offset
    return quality(_shares(unseen), labels)


def _shares(scores: Floats) -> Floats:
    yes = 1 / (1 + np.exp(-scores))
    return np.stack([1 - yes, yes], axis=1)


def _fit(scores: Floats, labels: NDArray[np.int64], *, offset: bool) -> Stretch:
    """By Newton's method on two parameters, or on the slope alone."""
    inputs = np.stack([scores, np.full_like(scores, float(offset))], axis=1)
    held = np.array([1.0, 0.0])
    found = held.copy()
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        slope = inputs.T @ (guess - labels) + _HOLD * (found - held)
        curve = (inputs * (guess * (1 - guess))[:, None]).T @ inputs + _HOLD * np.eye(2)
        step = np.linalg.solve(curve, slope)
        # Damped, so that no step overshoots where all is certain already.
        found = found - step / max(1.0, float(np.abs(step).max()))
    return Stretch(slope=max(0.05, float(found[0])), offset=float(found[1]))
