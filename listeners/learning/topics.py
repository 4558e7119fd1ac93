"""Learns changes to the weights of the topic model from a brand's own labels.

The weights of the n-grams in the labelled texts move, those of the first model's sentiment, and a
bias a label. How far they move is a mixture of several strengths, by the likelihood of labels that
were not learned from. The changes are learned as an addition to the last scores of the judge, and
applied there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from listeners.judgement.judge import ScoredText
from listeners.judgement.topics import TopicModel
from listeners.judgement.weight_shift import WeightShift, sentiment_odds
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
"""Prior variance of a label's bias; large enough to learn a brand's frequent categories soon."""
_ODDS_VARIANCE: Final = 0.03
"""Prior variance of the weights of the first model's sentiment, at the scale one."""
_MIN_PROBABILITY: Final = 1e-4

Fit = Callable[[Ints, float], Floats]
"""Coefficients of the chosen texts, at a scale of the prior; shape (texts, classes)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledTexts:
    """Texts with a class each, ready for learning weights."""

    model: TopicModel
    labels: tuple[str, ...]
    """Labels of the model whose weights may move: one a class, or a lone one that holds or not."""
    scores: Floats
    """The last scores, shape (texts, classes); the class *no* of a lone label has zero."""
    classes: Ints
    grams: SparseNgrams
    kernel: Kernel
    odds: Floats
    """Log-odds of the first model's sentiment where they count, shape (texts, 3); else zero."""
    similarity: Floats
    """Covariance of the texts under the prior on all weights, at the scale one."""


def labelled_texts(
    model: TopicModel,
    labels: tuple[str, ...],
    texts: Sequence[ScoredText],
    classes: Ints,
    *,
    words: bool = True,
    tone: bool = True,
) -> LabelledTexts:
    """Weigh the n-grams of the texts by what they say about the labels in the model.

    Without ``words`` their weights stay; without ``tone`` those of the first model's sentiment.
    """
    columns = model.places(labels)
    scores = np.array([one.scores[columns] for one in texts], np.float64)
    cells = [one.features.cells.astype(np.int64) for one in texts]
    buckets, rows, places, values = stack_ngrams(
        cells, [np.full(len(one), 1 / np.sqrt(len(one))) for one in cells]
    )
    weights = model.weights(buckets, labels)
    if len(labels) == 1:
        scores, weights = _beside_no(scores), _beside_no(weights)
    grams = SparseNgrams(
        texts=len(texts),
        rows=rows,
        columns=places,
        values=values,
        buckets=buckets,
        spread=np.ptp(weights, axis=1),
    )
    kernel = kernel_of(grams)
    if not words:
        kernel = Kernel(similarity=np.zeros_like(kernel.similarity), prior=0 * kernel.prior)
    odds = np.array([sentiment_odds(one.features) for one in texts], np.float64) * tone
    return LabelledTexts(
        model=model,
        labels=labels,
        scores=scores,
        classes=classes,
        grams=grams,
        kernel=kernel,
        odds=odds,
        similarity=kernel.similarity + _ODDS_VARIANCE * odds @ odds.T,
    )


def _beside_no(found: Floats) -> Floats:
    return np.hstack([np.zeros_like(found), found])


def unseen_changes(known: LabelledTexts, fit: Fit, scale: float, bias: float) -> Floats:
    """The change of each text's scores by a fit to the other folds.

    ``bias``: the prior variance of a class's bias.
    """

    def by_others(chosen: Ints) -> Floats:
        similarity = scale * scale * known.similarity[:, chosen] + bias
        return np.asarray(similarity @ fit(chosen, scale))

    return cross_fitted(len(known.classes), by_others)


def weight_shift(
    known: LabelledTexts, fit: Fit, shares: Sequence[float], bias: float
) -> WeightShift:
    """The mixture of fits to all texts, by the share of each scale, as moves of weights."""
    everything, width = np.arange(len(known.classes)), len(known.labels)
    learned, added = np.zeros((len(known.classes), width)), np.zeros(width)
    for share, scale in zip(shares, PRIOR_SCALES, strict=True):
        found = fit(everything, scale)
        if width == 1:
            found = found[:, 1:] - found[:, :1]
        learned += share * scale * scale * found
        added += share * bias * found.sum(axis=0)
    units = known.model.units(known.labels)
    moved = weight_moves(known.grams, known.kernel, learned, units)
    kept = np.flatnonzero(np.abs(moved).max(axis=1, initial=0))
    odds = _ODDS_VARIANCE * known.odds.T @ learned
    return WeightShift(
        labels=known.labels,
        units=tuple(units.tolist()),
        cells=tuple(known.grams.buckets[kept].tolist()),
        moves=tuple(tuple(row) for row in moved[kept].tolist()),
        odds=tuple(tuple(row) for row in odds.tolist()),
        bias=tuple(added.tolist()),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupResult:
    """The outcome of adapting the categories or the intents."""

    before: Quality
    after: Quality
    """Of the best found, cross-fitted, whether accepted or not."""
    shift: WeightShift | None
    """``None`` where nothing is accepted."""


def adapt_group(
    model: TopicModel, kind: str, texts: Sequence[ScoredText], actual: Sequence[str]
) -> GroupResult:
    """Fit a shift of the weights of a group of labels, of which exactly one holds.

    Both are shrunk, so that a few dozen labels of one category leave the others alone. ``kind``:
    ``category`` or ``intent``; ``texts``: distinct ones; ``actual``: the name of the label that
    holds in each, at least two different ones, all of them known to the model.
    """
    labels = model.group(kind)
    classes = np.array([labels.index(f"{kind}.{name}") for name in actual])
    # A few labels of one category must not move the others by what people like.
    known = labelled_texts(model, labels, texts, classes, tone=kind == "intent")
    base = np.log(np.maximum(softmax(known.scores), _MIN_PROBABILITY))

    def fit(chosen: Ints, scale: float) -> Floats:
        similarity = scale * scale * known.similarity[np.ix_(chosen, chosen)]
        return fit_weights(base[chosen], classes[chosen], similarity + _BIAS_VARIANCE)

    before = quality(softmax(base), classes)
    tried = [
        base,
        *(base + unseen_changes(known, fit, scale, _BIAS_VARIANCE) for scale in PRIOR_SCALES),
    ]
    losses = [quality(softmax(one), classes).log_loss for one in tried]
    shares = posterior_weights(losses, len(classes))
    mixed = np.tensordot(np.array(shares), np.stack(tried), 1)
    after = quality(softmax(mixed), classes)
    if not after.better_than(before):
        return GroupResult(before=before, after=after, shift=None)
    return GroupResult(
        before=before, after=after, shift=weight_shift(known, fit, shares[1:], _BIAS_VARIANCE)
    )
