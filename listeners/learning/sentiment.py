"""Adapts the sentiment model to a brand's own labels.

From 100 labels on the scores are recalibrated (Platt scaling with a slope, a bend and a bias a
class); from 300 on the weights of the n-grams in the labelled texts move as well. Every figure is
cross-fitted: each text is judged by parameters that were fitted without it. What does not prove
better on them is not accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from core.errors import InputError
from core.taxonomy import Sentiment
from listeners.judgement.adaptation import Adaptation, bend_scores
from listeners.judgement.sentiment.linear import LinearModel
from listeners.judgement.sentiment.model_file import CLASSES
from listeners.learning.calibration import Calibration, Floats, Ints, calibrate
from listeners.learning.cross_validation import (
    PRIOR_SCALES,
    Quality,
    cross_fitted,
    posterior_weights,
    quality,
)
from listeners.learning.labels import Label
from listeners.learning.weights import (
    Kernel,
    SparseNgrams,
    fit_weights,
    kernel_of,
    stack_ngrams,
    weight_moves,
)

MIN_LABELS: Final = 100
"""Labels that recalibration needs."""

MIN_LABELS_FOR_WEIGHTS: Final = 300

MAX_LABELS: Final = 3_000
"""The newest texts, which are learned from; the work grows as the square of their number."""

_MAX_MOVES: Final = 60_000
"""Weights that may change."""
_BIAS_VARIANCE: Final = 0.5
_SLOPE_VARIANCE: Final = 0.1
"""Prior variances of the bias and the slope that are fitted along with the weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentimentResult:
    """The outcome of adapting sentiment."""

    before: Quality
    after: Quality
    """Of the best found, cross-fitted, whether accepted or not."""
    learned: Literal["nothing", "calibration", "weights"]
    """The accepted change."""
    adaptation: Adaptation | None
    """``None`` where nothing is accepted."""


def adapt_sentiment(model: LinearModel, labels: Sequence[Label]) -> SentimentResult:
    """Adapt to the labels; of several for one text the last counts.

    ``model``: the shipped one, without an adaptation. Raises InputError for fewer than MIN_LABELS
    texts, or where all labels are the same. A thousand labels take seconds.
    """
    last = {label.text: label.sentiment for label in labels if label.sentiment is not None}
    if len(last) < MIN_LABELS:
        raise InputError(
            f"{len(last)} labelled texts are too few to learn from: correct at least {MIN_LABELS}"
        )
    if len(set(last.values())) < 2:
        raise InputError("all labels are the same: label texts of other sentiments as well")
    if model.adaptation is not None:
        raise InputError("an adapted model cannot be adapted again: load it without its adaptation")
    known = _labelled_texts(model, dict(list(last.items())[-MAX_LABELS:]))
    before = quality(Calibration().judged(known.scores), known.classes)
    scores, moved, after = known.scores, None, _calibrated_quality(known.scores, known.classes)
    if len(last) >= MIN_LABELS_FOR_WEIGHTS:
        kernel = kernel_of(known.grams)
        tried = [
            known.scores,
            *(_cross_fitted_scores(known, kernel, scale) for scale in PRIOR_SCALES),
        ]
        losses = [_calibrated_quality(one, known.classes).log_loss for one in tried]
        shares = posterior_weights(losses, len(known.classes))
        mixed = np.tensordot(np.array(shares), np.stack(tried), 1)
        better = _calibrated_quality(mixed, known.classes)
        if better.better_than(after):
            scores, after = mixed, better
            steps = _weight_moves(known, kernel, shares[1:])
            # Rounding errors alone can make the mixture look better than the scores it mixes.
            moved = steps if steps.any() else None
    biased = after.better_than(before)
    if not biased:
        # Without a bias only the confidence changes: every text keeps its likeliest sentiment.
        scores, moved = known.scores, None
        after = _calibrated_quality(scores, known.classes, biased=False)
    if not after.better_than(before):
        return SentimentResult(before=before, after=after, learned="nothing", adaptation=None)
    return SentimentResult(
        before=before,
        after=after,
        learned="calibration" if moved is None else "weights",
        adaptation=_adaptation(
            model, known, calibrate(scores, known.classes, biased=biased), moved
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _LabelledTexts:
    """Labelled texts as arrays."""

    scores: Floats
    """Scores of the model, shape (texts, classes)."""
    classes: Ints
    grams: SparseNgrams
    unit: float
    """Value of a weight of one."""


def _labelled_texts(model: LinearModel, last: dict[str, Sentiment]) -> _LabelledTexts:
    features = [model.features(text) for text in last]
    buckets, rows, columns, values = stack_ngrams(
        [found.buckets for found in features], [found.values for found in features]
    )
    return _LabelledTexts(
        scores=np.array([found.scores for found in features]),
        classes=np.array([CLASSES.index(sentiment) for sentiment in last.values()]),
        grams=SparseNgrams(
            texts=len(features),
            rows=rows,
            columns=columns,
            values=values,
            buckets=buckets,
            spread=np.ptp(model.weights(buckets), axis=1),
        ),
        unit=model.unit,
    )


def _calibrated_quality(scores: Floats, classes: Ints, *, biased: bool = True) -> Quality:
    """Quality of scores, each fifth of the texts calibrated by the others.

    ``scores``: of texts that the weights were fitted without.
    """

    def judged(chosen: Ints) -> Floats:
        return calibrate(scores[chosen], classes[chosen], biased=biased).judged(scores)

    return quality(cross_fitted(len(classes), judged), classes)


def _cross_fitted_scores(known: _LabelledTexts, kernel: Kernel, scale: float) -> Floats:
    """Scores of all texts, each fifth by weights that were fitted to the others."""

    def added(chosen: Ints) -> Floats:
        return np.asarray(kernel.similarity[:, chosen] @ _weights(known, kernel, chosen, scale))

    return known.scores + cross_fitted(len(known.classes), added)


def _weights(known: _LabelledTexts, kernel: Kernel, chosen: Ints, scale: float) -> Floats:
    """Coefficients of the chosen texts, on the scale of uncalibrated scores."""
    scores, classes = known.scores[chosen], known.classes[chosen]
    start = calibrate(scores, classes)
    base = np.log(start.judged(scores))
    level = base - base.mean(axis=1, keepdims=True)
    similarity = scale * scale * kernel.similarity[np.ix_(chosen, chosen)]
    # Bias and slope are fitted along, so that weights need not express them.
    found = fit_weights(
        base, classes, similarity + _BIAS_VARIANCE + _SLOPE_VARIANCE * level @ level.T
    )
    bends = float(np.std(bend_scores(scores, start.slope, start.bend)))
    return scale * scale * found * float(np.std(scores)) / max(bends, 1e-9)


def _weight_moves(known: _LabelledTexts, kernel: Kernel, shares: Sequence[float]) -> Ints:
    everything = np.arange(len(known.classes))
    learned = np.zeros_like(known.scores)
    for share, scale in zip(shares, PRIOR_SCALES, strict=True):
        learned += share * _weights(known, kernel, everything, scale)
    return weight_moves(known.grams, kernel, learned, np.array(known.unit))


def _adaptation(
    model: LinearModel, known: _LabelledTexts, calibration: Calibration, moved: Ints | None
) -> Adaptation:
    chosen = np.zeros(0, np.int64)
    if moved is None:
        moved = np.zeros((0, 3), np.int64)
    else:
        strength = np.abs(moved).max(axis=1, initial=0)
        order = np.argsort(-strength, kind="stable")[:_MAX_MOVES]
        chosen = np.sort(order[strength[order] > 0])
    return Adaptation(
        model=model.name,
        labels=len(known.classes),
        slope=calibration.slope,
        bend=calibration.bend,
        bias=calibration.bias,
        buckets=tuple(known.grams.buckets[chosen].tolist()),
        moves=tuple((a, b, c) for a, b, c in moved[chosen].tolist()),
    )
