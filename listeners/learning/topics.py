"""LTOPICS"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.taxonomy import CATEGORIES
from listeners.judgement.platt_scaling import PlattScaling, log_odds
from listeners.judgement.topic_features import TopicFeatures
from listeners.judgement.topics import CategoryShift, TopicModel
from listeners.learning.calibration import Floats, Ints, softmax
from listeners.learning.cross_validation import (
    PRIOR_SCALES,
    Quality,
    cross_fitted,
    posterior_weights,
    quality,
)
from listeners.learning.weights import (
    Kernel,
    SparseNgrams,
    fit_weights,
    kernel_of,
    stack_ngrams,
    weight_moves,
)

_FOLDS: Final = 5
_STEPS: Final = 200
_PRIOR_STRENGTH: Final = 2.0
"""How strongly slope and offset are held at one and zero; in labels' worth."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplaintResult:
    """What came of it."""

    before: Quality
    after: Quality
    """Cross-fitted, whether it is accepted or not."""
    stretch: PlattScaling | None
    """``None`` where nothing is accepted: a step backwards is refused."""


def adapt_complaint(found: Sequence[float], actual: Sequence[bool]) -> ComplaintResult:
    """``found``: the model's probabilities of texts, each once; ``actual``: what staff said.

    Both answers have to occur among ``actual``.
    """
    scores = np.array([log_odds(one) for one in found])
    labels = np.array(actual, np.int64)
    before = quality(_shares(scores), labels)
    after, offset = _cross_fitted_quality(scores, labels, offset=True), True
    if not after.better_than(before):
        # Nothing but how sure the model is: every answer stays.
        after, offset = _cross_fitted_quality(scores, labels, offset=False), False
    accepted = after.better_than(before)
    stretch = _fit(scores, labels, offset=offset) if accepted else None
    return ComplaintResult(before=before, after=after, stretch=stretch)


def _cross_fitted_quality(scores: Floats, labels: NDArray[np.int64], *, offset: bool) -> Quality:
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


def _fit(scores: Floats, labels: NDArray[np.int64], *, offset: bool) -> PlattScaling:
    """By Newton's method on two parameters, or on the slope alone."""
    inputs = np.stack([scores, np.full_like(scores, float(offset))], axis=1)
    held = np.array([1.0, 0.0])
    found = held.copy()
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        slope = inputs.T @ (guess - labels) + _PRIOR_STRENGTH * (found - held)
        curve = (inputs * (guess * (1 - guess))[:, None]).T @ inputs + _PRIOR_STRENGTH * np.eye(2)
        step = np.linalg.solve(curve, slope)
        # Damped, so that no step overshoots where all is certain already.
        found = found - step / max(1.0, float(np.abs(step).max()))
    return PlattScaling(slope=max(0.05, float(found[0])), offset=float(found[1]))


MIN_CATEGORY_LABELS: Final = 30
"""Labels that this needs."""

_BIAS_VARIANCE: Final = 0.1
"""Variance of what a category's bias may add: that a brand has many of one is soon learned."""
_MIN_PROBABILITY: Final = 1e-4


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryResult:
    """What came of it."""

    before: Quality
    after: Quality
    """Cross-fitted, whether it is accepted or not."""
    regrouped: CategoryShift | None
    """``None`` where nothing is accepted: a step backwards is refused."""


def adapt_category(
    model: TopicModel, found: Sequence[TopicFeatures], actual: Sequence[str]
) -> CategoryResult:
    """``found``: the features of texts, each once; ``actual``: of CATEGORIES, two at least."""
    shares = [model.topics(one).categories for one in found]
    base = np.log(
        np.maximum([[one[name] for name in CATEGORIES] for one in shares], _MIN_PROBABILITY)
    )
    classes = np.array([CATEGORIES.index(name) for name in actual])
    grams = _grams(model, found)
    within = kernel_of(grams)
    before = quality(softmax(base), classes)

    def judged(freedom: float) -> Floats:
        def by_others(chosen: Ints) -> Floats:
            alike = freedom * freedom * within.alike[:, chosen] + _BIAS_VARIANCE
            return np.asarray(alike @ fit_weights(base[chosen], classes[chosen], alike[chosen]))

        return base + cross_fitted(len(classes), by_others)

    tried = [base, *(judged(freedom) for freedom in PRIOR_SCALES)]
    believed = posterior_weights(
        [quality(softmax(one), classes).log_loss for one in tried], len(classes)
    )
    mixed = np.tensordot(np.array(believed), np.stack(tried), 1)
    after = quality(softmax(mixed), classes)
    if not after.better_than(before):
        return CategoryResult(before=before, after=after, regrouped=None)
    learned, bias = _fit_all(base, classes, within, believed[1:])
    return CategoryResult(
        before=before, after=after, regrouped=_category_shift(model, grams, within, learned, bias)
    )


def _grams(model: TopicModel, found: Sequence[TopicFeatures]) -> SparseNgrams:
    buckets, rows, columns, values = stack_ngrams(
        [one.cells.astype(np.int64) for one in found],
        [np.full(len(one.cells), 1 / np.sqrt(len(one.cells))) for one in found],
    )
    spread = np.ptp(model.category_weights(buckets), axis=1)
    return SparseNgrams(
        texts=len(found), rows=rows, columns=columns, values=values, buckets=buckets, spread=spread
    )


def _fit_all(
    base: Floats, classes: Ints, within: Kernel, believed: Sequence[float]
) -> tuple[Floats, Floats]:
    """What all texts teach: a number a text and category, and the bias of each category."""
    learned, bias = np.zeros_like(base), np.zeros(base.shape[1])
    for share, freedom in zip(believed, PRIOR_SCALES, strict=True):
        found = fit_weights(base, classes, freedom * freedom * within.alike + _BIAS_VARIANCE)
        learned += share * freedom * freedom * found
        bias += share * _BIAS_VARIANCE * found.sum(axis=0)
    return learned, bias


def _category_shift(
    model: TopicModel, grams: SparseNgrams, within: Kernel, learned: Floats, bias: Floats
) -> CategoryShift:
    moved = weight_moves(grams, within, learned, model.category_units)
    kept = np.flatnonzero(np.abs(moved).max(axis=1, initial=0))
    return CategoryShift(
        cells=tuple(grams.buckets[kept].tolist()),
        moves=tuple(tuple(row) for row in moved[kept].tolist()),
        bias=tuple(bias.tolist()),
    )
