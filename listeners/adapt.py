"""Learns from a brand's own labels: what staff corrected makes the model fit its words better.

From 100 labels on the scores are recalibrated (Platt scaling with a slope and a bias a class);
from 300 on the weights of the n-grams that occur in the labels are moved a little as well. Every
figure is cross-fitted: each text is judged by parameters that have not seen it. What does not
prove better on it is not accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.types import Sentiment
from listeners.adapt_fit import Fit, Labels, fit, judged
from listeners.adapt_measures import Quality, quality
from listeners.sentiment_adaptation import Adaptation
from listeners.sentiment_file import CLASSES
from listeners.sentiment_linear import LinearModel

LEAST: Final = 100
"""Labels that recalibration needs."""

LEAST_FOR_WEIGHTS: Final = 300

_FOLDS: Final = 5
_KEPT: Final = 20_000
"""How many weights may be moved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """What staff said that a text is; ``None`` where they did not say."""

    text: str
    sentiment: Sentiment | None = None
    complaint: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapted:
    """What came of it."""

    before: Quality
    after: Quality
    """Of the best that was found, whether it is accepted or not."""
    learned: Literal["nothing", "calibration", "weights"]
    """What is accepted."""
    adaptation: Adaptation | None
    """``None`` where nothing is accepted: a step backwards is refused."""


def adapt(model: LinearModel, labels: Sequence[Label]) -> Adapted:
    """Learn from the labels; of several for one text the last counts. Writes nothing.

    ``model``: as it ships, without an adaptation. Raises InputError for fewer than LEAST texts,
    or where all labels say the same. Takes seconds for a thousand labels.
    """
    last = {label.text: label.sentiment for label in labels if label.sentiment is not None}
    if len(last) < LEAST:
        raise InputError(
            f"{len(last)} labelled texts are too few to learn from: correct at least {LEAST}"
        )
    if len(set(last.values())) < 2:
        raise InputError("all labels say the same: label texts of other sentiments as well")
    if model.adaptation is not None:
        raise InputError("an adapted model cannot be adapted again: load it without its adaptation")
    known = _labels(model, last)
    before = quality(judged(known, Fit.unchanged()), known.classes)
    best, name = _tried(known, moving=False), "calibration"
    if len(last) >= LEAST_FOR_WEIGHTS:
        moved = _tried(known, moving=True)
        if moved.better_than(best):
            best, name = moved, "weights"
    if not best.better_than(before):
        return Adapted(before=before, after=best, learned="nothing", adaptation=None)
    learned = fit(known, np.arange(len(last)), moving=name == "weights")
    return Adapted(
        before=before,
        after=best,
        learned="weights" if name == "weights" else "calibration",
        adaptation=_kept(model, learned, len(last)),
    )


def _labels(model: LinearModel, last: dict[str, Sentiment]) -> Labels:
    features = [model.features(text) for text in last]
    buckets, places = np.unique(
        np.concatenate([found.buckets for found in features]), return_inverse=True
    )
    sizes = np.array([len(found.buckets) for found in features])
    return Labels(
        scores=np.array([found.scores for found in features]),
        classes=np.array([CLASSES.index(sentiment) for sentiment in last.values()]),
        rows=np.repeat(np.arange(len(features)), sizes),
        columns=places,
        values=np.concatenate([found.values for found in features]),
        buckets=buckets,
        unit=model.unit,
    )


def _tried(known: Labels, *, moving: bool) -> Quality:
    """How good learning is, each fifth of the texts judged by what the others taught."""
    shares = np.empty_like(known.scores)
    fold = np.random.default_rng(0).permutation(len(known.classes)) % _FOLDS
    for turn in range(_FOLDS):
        unseen = np.flatnonzero(fold == turn)
        learned = fit(known, np.flatnonzero(fold != turn), moving=moving)
        shares[unseen] = judged(known, learned)[unseen]
    return quality(shares, known.classes)


def _kept(model: LinearModel, learned: Fit, labels: int) -> Adaptation:
    strength: NDArray[np.int64] = np.abs(learned.moves).max(axis=1, initial=0)
    order = np.argsort(-strength, kind="stable")[:_KEPT]
    chosen = np.sort(order[strength[order] > 0])
    negative, neutral, positive = learned.bias.tolist()
    return Adaptation(
        model=model.name,
        labels=labels,
        slope=learned.slope,
        bias=(negative, neutral, positive),
        buckets=tuple(learned.buckets[chosen].tolist()),
        moves=tuple((a, b, c) for a, b, c in learned.moves[chosen].tolist()),
    )
