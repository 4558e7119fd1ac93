"""Adapts the topic model to a brand's own labels: complaints are scaled, categories reweighed.

For categories the weights of the n-grams in the labelled texts move, and a bias a category. Both
are shrunk as far as cross-fitting proves best, so that a few dozen labels of one category leave the
others alone. What does not prove better on unseen labels is not accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

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

MIN_CATEGORY_LABELS: Final = 30
"""Labels that categories need."""

_BIAS_VARIANCE: Final = 0.1
"""Prior variance of a category's bias; large enough to learn a brand's frequent categories soon."""
_MIN_PROBABILITY: Final = 1e-4
_FOLDS: Final = 5
_STEPS: Final = 200
_PRIOR_STRENGTH: Final = 2.0
"""Strength of the prior that holds slope and offset at one and zero, in labels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplaintResult:
    """The outcome of adapting the probability of a complaint."""

    before: Quality
    after: Quality
    """Of the best found, cross-fitted, whether accepted or not."""
    scaling: PlattScaling | None
    """``None`` where nothing is accepted."""


def adapt_complaint(found: Sequence[float], actual: Sequence[bool]) -> ComplaintResult:
    """Fit a Platt scaling of the probability of a complaint.

    ``found``: the model's probabilities of distinct texts; ``actual``: the labels of staff, both
    answers among them.
    """
    scores = np.array([log_odds(one) for one in found])
    labels = np.array(actual, np.int64)
    before = quality(_shares(scores), labels)
    after, offset = _cross_fitted_quality(scores, labels, offset=True), True
    if not after.better_than(before):
        # Without an offset only the confidence changes, and every answer stays.
        after, offset = _cross_fitted_quality(scores, labels, offset=False), False
    accepted = after.better_than(before)
    scaling = _fit(scores, labels, offset=offset) if accepted else None
    return ComplaintResult(before=before, after=after, scaling=scaling)


def _cross_fitted_quality(scores: Floats, labels: NDArray[np.int64], *, offset: bool) -> Quality:
    """Quality of scalings on each fifth of the labels when fitted to the others."""
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
    """Fit slope and offset, or the slope alone, by damped Newton steps."""
    inputs = np.stack([scores, np.full_like(scores, float(offset))], axis=1)
    held = np.array([1.0, 0.0])
    found = held.copy()
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-np.clip(inputs @ found, -30, 30)))
        slope = inputs.T @ (guess - labels) + _PRIOR_STRENGTH * (found - held)
        curve = (inputs * (guess * (1 - guess))[:, None]).T @ inputs + _PRIOR_STRENGTH * np.eye(2)
        step = np.linalg.solve(curve, slope)
        # Damping keeps a step from overshooting where all probabilities are near 0 or 1.
        found = found - step / max(1.0, float(np.abs(step).max()))
    return PlattScaling(slope=max(0.05, float(found[0])), offset=float(found[1]))


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryResult:
    """The outcome of adapting categories."""

    before: Quality
    after: Quality
    """Of the best found, cross-fitted, whether accepted or not."""
    shift: CategoryShift | None
    """``None`` where nothing is accepted."""


def adapt_category(
    model: TopicModel, found: Sequence[TopicFeatures], actual: Sequence[str]
) -> CategoryResult:
    """Fit a shift of the model's category weights.

    ``found``: the features of distinct texts; ``actual``: their categories, at least two different
    ones, all of them categories of the model.
    """
    shares = [model.topics(one).categories for one in found]
    base = np.log(
        np.maximum([[one[name] for name in model.categories] for one in shares], _MIN_PROBABILITY)
    )
    classes = np.array([model.categories.index(name) for name in actual])
    grams = _grams(model, found)
    kernel = kernel_of(grams)
    before = quality(softmax(base), classes)

    def judged(scale: float) -> Floats:
        def by_others(chosen: Ints) -> Floats:
            similarity = scale * scale * kernel.similarity[:, chosen] + _BIAS_VARIANCE
            return np.asarray(
                similarity @ fit_weights(base[chosen], classes[chosen], similarity[chosen])
            )

        return base + cross_fitted(len(classes), by_others)

    tried = [base, *(judged(scale) for scale in PRIOR_SCALES)]
    posterior = posterior_weights(
        [quality(softmax(one), classes).log_loss for one in tried], len(classes)
    )
    mixed = np.tensordot(np.array(posterior), np.stack(tried), 1)
    after = quality(softmax(mixed), classes)
    if not after.better_than(before):
        return CategoryResult(before=before, after=after, shift=None)
    learned, bias = _fit_all(base, classes, kernel, posterior[1:])
    return CategoryResult(
        before=before, after=after, shift=_category_shift(model, grams, kernel, learned, bias)
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
    base: Floats, classes: Ints, kernel: Kernel, posterior: Sequence[float]
) -> tuple[Floats, Floats]:
    """Fit all texts: a coefficient a text and category, and the bias of each category."""
    learned, bias = np.zeros_like(base), np.zeros(base.shape[1])
    for share, scale in zip(posterior, PRIOR_SCALES, strict=True):
        found = fit_weights(base, classes, scale * scale * kernel.similarity + _BIAS_VARIANCE)
        learned += share * scale * scale * found
        bias += share * _BIAS_VARIANCE * found.sum(axis=0)
    return learned, bias


def _category_shift(
    model: TopicModel, grams: SparseNgrams, kernel: Kernel, learned: Floats, bias: Floats
) -> CategoryShift:
    moved = weight_moves(grams, kernel, learned, model.category_units)
    kept = np.flatnonzero(np.abs(moved).max(axis=1, initial=0))
    return CategoryShift(
        cells=tuple(grams.buckets[kept].tolist()),
        moves=tuple(tuple(row) for row in moved[kept].tolist()),
        bias=tuple(bias.tolist()),
    )
