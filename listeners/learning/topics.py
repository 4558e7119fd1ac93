"""LTOPICS"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.taxonomy import CATEGORIES
from listeners.judgement.platt_scaling import Stretch, log_odds
from listeners.judgement.topic_features import Features
from listeners.judgement.topics import Regrouped, TopicModel
from listeners.learning.calibration import Floats, Ints, softmax
from listeners.learning.cross_validation import FREEDOMS, Quality, belief, crossed, quality
from listeners.learning.weights import Grams, Space, gathered, learn, moves, space

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


LEAST: Final = 30
"""Labels that this needs."""

_BIAS: Final = 0.1
"""Variance of what a category's bias may add: that a brand has many of one is soon learned."""
_RAREST: Final = 1e-4


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """What came of it."""

    before: Quality
    after: Quality
    """Cross-fitted, whether it is accepted or not."""
    regrouped: Regrouped | None
    """``None`` where nothing is accepted: a step backwards is refused."""


def adapt_category(model: TopicModel, found: Sequence[Features], actual: Sequence[str]) -> Sorted:
    """``found``: the features of texts, each once; ``actual``: of CATEGORIES, two at least."""
    shares = [model.topics(one).categories for one in found]
    base = np.log(np.maximum([[one[name] for name in CATEGORIES] for one in shares], _RAREST))
    classes = np.array([CATEGORIES.index(name) for name in actual])
    grams = _grams(model, found)
    within = space(grams)
    before = quality(softmax(base), classes)

    def judged(freedom: float) -> Floats:
        def by_others(chosen: Ints) -> Floats:
            alike = freedom * freedom * within.alike[:, chosen] + _BIAS
            return np.asarray(alike @ learn(base[chosen], classes[chosen], alike[chosen]))

        return base + crossed(len(classes), by_others)

    tried = [base, *(judged(freedom) for freedom in FREEDOMS)]
    believed = belief([quality(softmax(one), classes).log_loss for one in tried], len(classes))
    mixed = np.tensordot(np.array(believed), np.stack(tried), 1)
    after = quality(softmax(mixed), classes)
    if not after.better_than(before):
        return Sorted(before=before, after=after, regrouped=None)
    learned, bias = _all(base, classes, within, believed[1:])
    return Sorted(before=before, after=after, regrouped=_kept(model, grams, within, learned, bias))


def _grams(model: TopicModel, found: Sequence[Features]) -> Grams:
    buckets, rows, columns, values = gathered(
        [one.cells.astype(np.int64) for one in found],
        [np.full(len(one.cells), 1 / np.sqrt(len(one.cells))) for one in found],
    )
    spread = np.ptp(model.category_weights(buckets), axis=1)
    return Grams(
        texts=len(found), rows=rows, columns=columns, values=values, buckets=buckets, spread=spread
    )


def _all(
    base: Floats, classes: Ints, within: Space, believed: Sequence[float]
) -> tuple[Floats, Floats]:
    """What all texts teach: a number a text and category, and the bias of each category."""
    learned, bias = np.zeros_like(base), np.zeros(base.shape[1])
    for share, freedom in zip(believed, FREEDOMS, strict=True):
        found = learn(base, classes, freedom * freedom * within.alike + _BIAS)
        learned += share * freedom * freedom * found
        bias += share * _BIAS * found.sum(axis=0)
    return learned, bias


def _kept(
    model: TopicModel, grams: Grams, within: Space, learned: Floats, bias: Floats
) -> Regrouped:
    moved = moves(grams, within, learned, model.category_units)
    kept = np.flatnonzero(np.abs(moved).max(axis=1, initial=0))
    return Regrouped(
        cells=tuple(grams.buckets[kept].tolist()),
        moves=tuple(tuple(row) for row in moved[kept].tolist()),
        bias=tuple(bias.tolist()),
    )
