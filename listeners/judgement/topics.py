"""The trained model of complaint, category, intent, harm, relevance and tone.

A linear model over hashed n-grams and a few dense features gives a score for every label.
``tables/topics.npz`` is written by ``benchmarks/train_topics.py`` from labelled texts. It holds
``table`` (cells × labels, int8), ``unit`` (value of a weight of one, by label), ``dense``
(features × labels), ``bias``, and the names of ``labels`` and ``features``.

The names decouple the file from ``core.taxonomy``. A declared label without a column is
*untrained*: the model never predicts it. A column of a label that is no longer declared is dropped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.model.judgement import Probabilities
from core.taxonomy import CATEGORIES, INTENTS, RELEVANCES, RISKS
from listeners.judgement.topic_features import TopicFeatures, dense_names

MODEL_FILE: Final = Path(__file__).with_name("tables") / "topics.npz"
VERSION: Final = "topics-4"

LONE_LABELS: Final = ("complaint", "harm", "adverse", "denial")
"""Labels that hold or not, whatever the others."""

SENTIMENTS: Final = ("negative", "neutral", "positive")

LABELS: Final = (
    *LONE_LABELS,
    *(f"category.{name}" for name in CATEGORIES),
    *(f"intent.{name}" for name in INTENTS),
    *(f"relevance.{name}" for name in RELEVANCES),
    *(f"sentiment.{name}" for name in SENTIMENTS),
    *(f"risk.{name}" for name in RISKS),
)
"""The declared labels, each a column of a model that is trained now."""

_MAX_LOG_ODDS: Final = np.float32(30)

Scores = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicProbabilities:
    """Probabilities of the trained labels.

    Categories, intents and relevances each sum to one, and so do the sentiments.
    """

    complaint: float
    harm: float
    """That people are harmed or threatened, and a business is concerned."""
    adverse: float
    denial: float
    categories: dict[str, float]
    intents: dict[str, float]
    relevances: dict[str, float]
    sentiment: Probabilities
    risks: dict[str, float]
    """Each kind independently."""


class TopicModel:
    """Predicts labels from features; safe to share between threads."""

    def __init__(
        self,
        *,
        table: NDArray[np.int8],
        unit: NDArray[np.float32],
        dense: NDArray[np.float32],
        bias: NDArray[np.float32],
        labels: Sequence[str] = LABELS,
    ) -> None:
        """``labels``: names of the columns, ``LONE_LABELS`` first, then by kind."""
        self._table = table
        self._unit = unit
        self._dense = dense
        self._bias = bias
        self._labels = tuple(labels)
        self.categories, self._category_columns = _columns(self._labels, "category")
        self._intents, self._intent_columns = _columns(self._labels, "intent")
        self._relevances, self._relevance_columns = _columns(self._labels, "relevance")
        self._sentiment_columns = _columns(self._labels, "sentiment")[1]
        self._risks, self._risk_columns = _columns(self._labels, "risk")

    @property
    def untrained(self) -> tuple[str, ...]:
        """The declared labels that the model has no column for."""
        return tuple(label for label in LABELS if label not in self._labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns and scores."""
        return self._labels

    def group(self, kind: str) -> tuple[str, ...]:
        """The labels of a kind, such as ``category``; of a lone label, itself."""
        return tuple(label for label in self._labels if label.partition(".")[0] == kind)

    def units(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """Value of a weight of one, by label."""
        return np.asarray(self._unit[self.places(labels)], np.float64)

    def weights(self, cells: NDArray[np.int64], labels: Sequence[str]) -> NDArray[np.float64]:
        """Weights of some labels, shape (cells, labels)."""
        table = self._table[cells][:, self.places(labels)]
        return np.asarray(table * self.units(labels), np.float64)

    def places(self, labels: Sequence[str]) -> list[int]:
        """Indices of labels among the columns and scores."""
        return [self._labels.index(label) for label in labels]

    def save(self, file: Path) -> None:
        """Write the model with the names of its labels and features."""
        np.savez_compressed(
            file,
            table=self._table,
            unit=self._unit,
            dense=self._dense,
            bias=self._bias,
            labels=np.array(self._labels),
            features=np.array(dense_names()),
        )

    def scores(self, features: TopicFeatures) -> Scores:
        """The score of each label: log-odds, or up to a constant within an exclusive group."""
        cells = self._table.take(features.cells, axis=0).astype(np.float32)
        scale = np.float32(1 / math.sqrt(len(cells)))
        # The sums are integers far below 2**24: exact in float32, and faster.
        grams: Scores = np.ones(len(cells), np.float32) @ cells * self._unit * scale
        found: Scores = grams + features.dense @ self._dense + self._bias
        return found

    def probabilities(self, scores: Scores) -> TopicProbabilities:
        """The probabilities that scores of this model's labels stand for."""
        powers: list[float] = np.exp(
            np.minimum(np.maximum(scores, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)
        ).tolist()
        complaint, harm, adverse, denial = (
            power / (1 + power) for power in powers[: len(LONE_LABELS)]
        )
        tone = _softmax(SENTIMENTS, powers[self._sentiment_columns])
        return TopicProbabilities(
            complaint=complaint,
            harm=harm,
            adverse=adverse,
            denial=denial,
            categories=_softmax(self.categories, powers[self._category_columns]),
            intents=_softmax(self._intents, powers[self._intent_columns]),
            relevances=_softmax(self._relevances, powers[self._relevance_columns]),
            sentiment=Probabilities(
                negative=tone["negative"], neutral=tone["neutral"], positive=tone["positive"]
            ),
            risks={
                kind: power / (1 + power)
                for kind, power in zip(self._risks, powers[self._risk_columns], strict=True)
            },
        )

    def topics(self, features: TopicFeatures) -> TopicProbabilities:
        """The probabilities of all trained labels."""
        return self.probabilities(self.scores(features))


def _columns(labels: Sequence[str], kind: str) -> tuple[tuple[str, ...], slice]:
    """The names of a kind, and their columns."""
    places = [place for place, label in enumerate(labels) if label.startswith(f"{kind}.")]
    names = tuple(labels[place].partition(".")[2] for place in places)
    return names, slice(places[0], places[-1] + 1)


def _softmax(names: tuple[str, ...], powers: list[float]) -> dict[str, float]:
    whole = sum(powers)
    return {name: power / whole for name, power in zip(names, powers, strict=True)}


def load_topics(file: Path = MODEL_FILE) -> TopicModel:
    """Read a model, and fit its columns and features to those that exist now by their names."""
    with np.load(file) as data:
        labels: list[str] = data["labels"].tolist()
        kept = [place for place, label in enumerate(labels) if label in LABELS]
        return TopicModel(
            table=data["table"].take(kept, axis=1),
            unit=data["unit"].take(kept),
            dense=_by_name(data["dense"], data["features"].tolist()).take(kept, axis=1),
            bias=data["bias"].take(kept),
            labels=[labels[place] for place in kept],
        )


def _by_name(dense: NDArray[np.float32], trained: list[str]) -> NDArray[np.float32]:
    """The rows of the features that exist now; zero for one that the model was trained without."""
    rows = dict(zip(trained, dense, strict=True))
    none = np.zeros(dense.shape[1], np.float32)
    return np.stack([rows.get(name, none) for name in dense_names()])


@cache
def shipped_model() -> TopicModel:
    """The model that ships with the code, read at first use."""
    return load_topics()
