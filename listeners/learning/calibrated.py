"""Adapts the labels whose probabilities are used as such: sentiment and complaint.

From 100 labels on the scores are recalibrated, and the weights of the first model's sentiment move;
from 300 on those of words as well. Calibration is learned from scores that the moved weights give
to unseen texts. Every figure is cross-fitted: each text is judged by parameters that were fitted
without it. What does not prove better on them is not accepted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

import numpy as np

from core.taxonomy import Sentiment
from listeners.judgement.adaptation import ToneCalibration
from listeners.judgement.judge import ScoredText
from listeners.judgement.platt_scaling import PlattScaling
from listeners.judgement.topics import SENTIMENTS, TopicModel
from listeners.judgement.weight_shift import WeightShift
from listeners.learning.calibration import (
    Floats,
    Ints,
    calibrate,
    calibrated_scores,
    fit_scaling,
    softmax,
)
from listeners.learning.cross_validation import (
    PRIOR_SCALES,
    Quality,
    cross_fitted,
    posterior_weights,
    quality,
)
from listeners.learning.topics import (
    LabelledTexts,
    labelled_texts,
    unseen_changes,
    weight_shift,
)
from listeners.learning.weights import fit_weights

MIN_LABELS: Final = 100
"""Labels that recalibration needs."""

MIN_LABELS_FOR_WORDS: Final = 300
"""Labels that the weights of words need; fewer texts share too few words."""

_BIAS_VARIANCE: Final = 0.5
_SLOPE_VARIANCE: Final = 0.1
"""Prior variances of the bias and the slope that are fitted along with the weights."""
_MAX_SCORE: Final = 12.0

_Calibration = TypeVar("_Calibration")

Learned = Literal["nothing", "calibration", "weights"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibratedResult(Generic[_Calibration]):
    """The outcome of adapting sentiment or complaint."""

    before: Quality
    after: Quality
    """Of the best found, cross-fitted, whether accepted or not."""
    shift: WeightShift | None = None
    """``None`` where all weights stay."""
    calibration: _Calibration | None
    """Of the scores that the weights give; ``None`` where nothing is accepted."""

    @property
    def learned(self) -> Learned:
        """The accepted change; ``weights`` where those of words move."""
        if self.calibration is None:
            return "nothing"
        return "weights" if self.shift is not None and self.shift.cells else "calibration"


def adapt_complaint(
    model: TopicModel, texts: Sequence[ScoredText], actual: Sequence[bool]
) -> CalibratedResult[PlattScaling]:
    """Adapt the probability of a complaint; ``actual``: both answers among them."""
    classes = np.array(actual, np.int64)
    known = _labelled_texts(model, "complaint", texts, classes)

    def fit(scores: Floats, classes: Ints, *, biased: bool) -> PlattScaling:
        return fit_scaling(scores[:, 1] - scores[:, 0], classes, offset=biased)

    def applied(scaling: PlattScaling, scores: Floats) -> Floats:
        return np.asarray(scores * scaling.slope + np.array((0.0, scaling.offset)))

    return _adapted(known, fit, applied)


def adapt_sentiment(
    model: TopicModel, texts: Sequence[ScoredText], actual: Sequence[Sentiment]
) -> CalibratedResult[ToneCalibration]:
    """Adapt the sentiment of the last stage; ``actual``: at least two different ones."""
    classes = np.array([SENTIMENTS.index(name) for name in actual])
    known = _labelled_texts(model, "sentiment", texts, classes)
    return _adapted(known, calibrate, calibrated_scores)


def _labelled_texts(
    model: TopicModel, kind: str, texts: Sequence[ScoredText], classes: Ints
) -> LabelledTexts:
    words = len(texts) >= MIN_LABELS_FOR_WORDS
    return labelled_texts(model, model.group(kind), texts, classes, words=words)


def _adapted(
    known: LabelledTexts,
    calibrate: Callable[..., _Calibration],
    applied: Callable[[_Calibration, Floats], Floats],
) -> CalibratedResult[_Calibration]:
    """Fit weights and a calibration.

    ``calibrate``: fits to scores and classes, ``biased`` or so that every text keeps its likeliest
    class; ``applied``: the calibrated scores.
    """
    scores, classes = np.clip(known.scores, -_MAX_SCORE, _MAX_SCORE), known.classes

    def measured(scores: Floats, *, biased: bool = True) -> Quality:
        def judged(chosen: Ints) -> Floats:
            learned = calibrate(scores[chosen], classes[chosen], biased=biased)
            return softmax(applied(learned, scores))

        return quality(cross_fitted(len(classes), judged), classes)

    def fit(chosen: Ints, scale: float) -> Floats:
        start = calibrate(scores[chosen], classes[chosen], biased=True)
        base = applied(start, scores[chosen])
        level = base - base.mean(axis=1, keepdims=True)
        similarity = scale * scale * known.similarity[np.ix_(chosen, chosen)]
        # Bias and slope are fitted along, so that weights need not express them.
        held = _BIAS_VARIANCE + _SLOPE_VARIANCE * level @ level.T
        found = fit_weights(base, classes[chosen], similarity + held)
        # Back to the scale of uncalibrated scores.
        return found * float(
            np.std(scores[chosen], axis=0).sum() / max(np.std(base, axis=0).sum(), 1e-9)
        )

    before, after = quality(softmax(scores), classes), measured(scores)
    shift, used = None, scores
    tried = [
        scores,
        *(scores + unseen_changes(known, fit, scale, 0.0) for scale in PRIOR_SCALES),
    ]
    shares = posterior_weights([measured(one).log_loss for one in tried], len(classes))
    mixed = np.tensordot(np.array(shares), np.stack(tried), 1)
    better = measured(mixed)
    if better.better_than(after):
        shift, used, after = weight_shift(known, fit, shares[1:], 0.0), mixed, better
    if after.better_than(before):
        calibration = calibrate(used, classes, biased=True)
        return CalibratedResult(before=before, after=after, shift=shift, calibration=calibration)
    # Without a bias only the confidence changes.
    after = measured(scores, biased=False)
    calibration = calibrate(scores, classes, biased=False)
    return CalibratedResult(
        before=before,
        after=after,
        calibration=calibration if after.better_than(before) else None,
    )
