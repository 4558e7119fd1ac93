"""Learns from a brand's own labels what texts are about, or learns nothing.

Weights of the n-grams in the labelled texts move, and a bias a category. Both are held back as
far as proves best, so that a few dozen labels of one kind leave the other categories alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.taxonomy import CATEGORIES
from listeners.judgement.topic_features import Features
from listeners.judgement.topics import Regrouped, TopicModel
from listeners.learning.adapt_measures import Quality, quality
from listeners.learning.calibration import Floats, Ints, softmax
from listeners.learning.cross_validation import FREEDOMS, belief, crossed
from listeners.learning.weights import Grams, Space, gathered, learn, moves, space

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
