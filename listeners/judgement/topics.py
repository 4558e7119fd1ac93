"""The trained model of complaint, category, intent, harm, relevance and tone.

A linear model over hashed n-grams and a few dense features gives a score for every label.
``tables/topics.npz`` is written by ``benchmarks/train_topics.py`` from labelled texts. It holds
``table`` (cells × labels, int8), ``unit`` (value of a weight of one, by label), ``dense``
(features × labels), ``bias``, and the names of ``labels`` and ``features``.

The names decouple the file from ``core.taxonomy``. A declared label without a column is
*untrained*: the model never predicts it. A column of a label that is no longer declared is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
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
_LANES: Final = 4
_ABOVE_ZERO: Final = 128
_ADDED_AT_ONCE: Final = 256

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


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryShift:
    """Changes to the weights of categories, learned from a brand's own labels."""

    cells: tuple[int, ...]
    """Rows of the table."""
    moves: tuple[tuple[int, ...], ...]
    """Change in units, by cell and then by the model's categories."""
    bias: tuple[float, ...]
    """Added to the log-odds of each category."""


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

    def with_complaint_scaling(self, slope: float, offset: float) -> "TopicModel":
        """A model whose log-odds of a complaint are ``slope`` times these plus ``offset``."""
        by = np.ones(len(self._labels), np.float32)
        by[0] = slope
        bias = self._bias * by
        bias[0] += offset
        return TopicModel(
            table=self._table,
            unit=self._unit * by,
            dense=self._dense * by,
            bias=bias,
            labels=self._labels,
        )

    def with_category_shift(self, change: CategoryShift) -> "TopicModel":
        """A model with other weights for categories."""
        table, bias, columns = self._table.copy(), self._bias.copy(), self._category_columns
        cells = np.array(change.cells, np.int64)
        moves = np.array(change.moves, np.int64).reshape(-1, len(self.categories))
        table[cells, columns] = np.clip(table[cells, columns] + moves, -127, 127)
        bias[columns] += np.array(change.bias, np.float32)
        return TopicModel(
            table=table, unit=self._unit, dense=self._dense, bias=bias, labels=self._labels
        )

    @property
    def category_units(self) -> NDArray[np.float32]:
        """Value of a weight of one, by category."""
        return self._unit[self._category_columns]

    def category_weights(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Weights of the categories, shape (cells, categories)."""
        columns = self._category_columns
        return np.asarray(self._table[cells, columns] * self._unit[columns], np.float64)

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
        found: Scores = self.scores_of_all((features,))[0]
        return found

    def scores_of_all(self, features: Sequence[TopicFeatures]) -> Scores:
        """As ``scores`` for each of some texts, shape (texts, labels); faster together."""
        counts = np.array([len(one.cells) for one in features])
        sums = self._sums(np.concatenate([one.cells for one in features]), counts)
        scale = (1 / np.sqrt(counts)).astype(np.float32)[:, None]
        grams: Scores = sums.astype(np.float32) * self._unit * scale
        # In float64, so that it does not depend on how many texts are scored together.
        dense = np.array([one.dense for one in features], np.float64) @ self._wide_dense
        found: Scores = grams + dense.astype(np.float32) + self._bias
        return found

    @cached_property
    def _wide_dense(self) -> NDArray[np.float64]:
        return self._dense.astype(np.float64)

    @cached_property
    def _lanes(self) -> NDArray[np.uint64]:
        """The table with four weights a number, each in 16 bits and more than zero."""
        rows, labels = self._table.shape
        wide = np.zeros((rows, -(-labels // _LANES) * _LANES), np.uint16)
        wide[:, :labels] = self._table.astype(np.int16) + _ABOVE_ZERO
        return wide.view(np.uint64)

    def _sums(self, cells: NDArray[np.uint32], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sums of the rows of each text, exact."""
        starts = counts.cumsum() - counts
        rows = self._lanes.take(cells, axis=0)
        # So few rows are added at once that no weight overflows into the next.
        pieces = -(-counts // _ADDED_AT_ONCE)
        first = pieces.cumsum() - pieces
        within = np.arange(int(pieces.sum())) - first.repeat(pieces)
        cuts = starts.repeat(pieces) + within * _ADDED_AT_ONCE
        partial = np.add.reduceat(rows, cuts, axis=0)
        wide = partial.view(np.uint16)[:, : len(self._labels)].astype(np.int64)
        sums: NDArray[np.int64] = np.add.reduceat(wide, first, axis=0)
        return sums - _ABOVE_ZERO * counts[:, None]

    def probabilities(self, scores: Scores) -> TopicProbabilities:
        """The probabilities that scores of this model's labels stand for."""
        return self.probabilities_of_all(scores[None])[0]

    def probabilities_of_all(self, scores: Scores) -> list[TopicProbabilities]:
        """As ``probabilities`` for each text, from scores of shape (texts, labels)."""
        limited = np.minimum(np.maximum(scores, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)
        powers = np.exp(limited).astype(np.float64)
        shares = powers / (1 + powers)
        for columns in (
            self._category_columns,
            self._intent_columns,
            self._relevance_columns,
            self._sentiment_columns,
        ):
            group = powers[:, columns]
            shares[:, columns] = group / group.sum(axis=1, keepdims=True)
        return list(map(self._named, shares.tolist()))

    def _named(self, shares: list[float]) -> TopicProbabilities:
        complaint, harm, adverse, denial = shares[: len(LONE_LABELS)]
        negative, neutral, positive = shares[self._sentiment_columns]
        return TopicProbabilities(
            complaint=complaint,
            harm=harm,
            adverse=adverse,
            denial=denial,
            categories=_by_label(self.categories, shares[self._category_columns]),
            intents=_by_label(self._intents, shares[self._intent_columns]),
            relevances=_by_label(self._relevances, shares[self._relevance_columns]),
            sentiment=Probabilities(negative=negative, neutral=neutral, positive=positive),
            risks=_by_label(self._risks, shares[self._risk_columns]),
        )

    def topics(self, features: TopicFeatures) -> TopicProbabilities:
        """The probabilities of all trained labels."""
        return self.probabilities(self.scores(features))


def _columns(labels: Sequence[str], kind: str) -> tuple[tuple[str, ...], slice]:
    """The names of a kind, and their columns."""
    places = [place for place, label in enumerate(labels) if label.startswith(f"{kind}.")]
    names = tuple(labels[place].partition(".")[2] for place in places)
    return names, slice(places[0], places[-1] + 1)


def _by_label(names: tuple[str, ...], shares: list[float]) -> dict[str, float]:
    return dict(zip(names, shares, strict=True))


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
