"""The trained model of complaint, category, intent and risk, and the decisions on its output.

A linear model over hashed n-grams and a few dense features gives the log-odds of every label.
``tables/topics.npz`` is written by ``benchmarks/train_topics.py`` from the sentences in
``learning/training``. It holds ``table`` (cells × labels, int8), ``unit`` (value of a weight of
one, by label), ``dense`` (features × labels), ``bias``, and the names of ``labels`` and
``features``.

The names decouple the file from ``core.taxonomy``. A declared label without a column is
*untrained*: the model never predicts it. A column of a label that is no longer declared is dropped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.taxonomy import CATEGORIES, INTENTS, RISKS
from listeners.judgement.lexicon import Hit
from listeners.judgement.topic_features import TopicFeatures, dense_names

MODEL_FILE: Final = Path(__file__).with_name("tables") / "topics.npz"
VERSION: Final = "topics-3"

LABELS: Final = (
    "complaint",
    *(f"category.{name}" for name in CATEGORIES),
    *(f"intent.{name}" for name in INTENTS),
    *(f"risk.{name}" for name in RISKS),
)
"""The declared labels, each a column of a model that is trained now."""

RISK_FROM: Final = 0.1
"""Probability from which a risk counts that no word names; low, because recall comes first."""

QUOTED_ONLY_FACTOR: Final = 0.45
"""Factor on the probability of a complaint that is quoted without comment."""

_MAX_LOG_ODDS: Final = np.float32(30)
_COMPLAINT_FROM: Final = 0.5
_OWN_CATEGORY_FROM: Final = 0.5
"""Probability from which the category of a comment counts before that of its quotation."""

_NOT_OF_COMPLAINTS: Final = frozenset({"praise", "statement", "question", "suggestion", "spam"})
"""Intents that a complaint does not have."""

_EXPLICIT_INTENTS: Final = frozenset({"human", "order_status", "threat", "spam"})
"""Intents that have to be said: by a listed word, or with ``_INTENT_FROM``."""

_INTENT_FROM: Final = 0.7


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicProbabilities:
    """Probabilities of the trained labels; categories sum to one, and so do intents."""

    complaint: float
    categories: dict[str, float]
    intents: dict[str, float]
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
        """``labels``: names of the columns, in the order of ``LABELS`` by kind."""
        self._table = table
        self._unit = unit
        self._dense = dense
        self._bias = bias
        self._labels = tuple(labels)
        self.categories, self._category_columns = _columns(self._labels, "category")
        self._intents, self._intent_columns = _columns(self._labels, "intent")
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

    def topics(self, features: TopicFeatures) -> TopicProbabilities:
        """The probabilities of all trained labels."""
        cells = self._table.take(features.cells, axis=0).astype(np.float32)
        scale = np.float32(1 / math.sqrt(len(cells)))
        # The sums are integers far below 2**24: exact in float32, and faster.
        grams: NDArray[np.float32] = np.ones(len(cells), np.float32) @ cells * self._unit * scale
        scores = grams + features.dense @ self._dense + self._bias
        powers: list[float] = np.exp(
            np.minimum(np.maximum(scores, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)
        ).tolist()
        return TopicProbabilities(
            complaint=powers[0] / (1 + powers[0]),
            categories=_softmax(self.categories, powers[self._category_columns]),
            intents=_softmax(self._intents, powers[self._intent_columns]),
            risks={
                kind: power / (1 + power)
                for kind, power in zip(self._risks, powers[self._risk_columns], strict=True)
            },
        )


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


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicDecision:
    """Category, intent and risks of a text."""

    category: str
    category_probability: float
    intent: str
    risk: tuple[str, ...]
    words: tuple[str, ...]
    """The listed words that support the decision, most important first."""


def decide(topics: TopicProbabilities, features: TopicFeatures) -> TopicDecision:
    """Choose category and intent; a risk counts where a listed word or the model finds it."""
    category = max(topics.categories, key=topics.categories.__getitem__)
    named = {risk.kind for risk in features.risks}
    risk = tuple(
        kind for kind in RISKS if kind in named or topics.risks.get(kind, 0.0) >= RISK_FROM
    )
    words = [word for one in features.risks if one.kind in risk for word in one.words]
    words += _words(features.hits["complaint"], {"complaint.fault", "complaint.demand"})
    words += _words(features.hits["category"], {f"category.{category}"})
    intent = _intent(topics, features)
    words += _words(features.hits["intent"], {f"intent.{intent}"})
    return TopicDecision(
        category=category,
        category_probability=topics.categories[category],
        intent=intent,
        risk=risk,
        words=tuple(dict.fromkeys(words)),
    )


def combined_with_quoted(own: TopicDecision, quoted: TopicDecision) -> TopicDecision:
    """The decision on a comment, with category and risks of the text it quotes."""
    has_category = own.category != "other" and own.category_probability >= _OWN_CATEGORY_FROM
    return replace(
        own,
        category=own.category if has_category else quoted.category,
        risk=tuple(kind for kind in RISKS if kind in own.risk or kind in quoted.risk),
        words=tuple(dict.fromkeys((*own.words, *quoted.words))),
    )


def quoted_only(found: TopicDecision) -> TopicDecision:
    """The decision on a quotation without comment: a statement, unless it is spam."""
    return replace(found, intent="spam" if found.intent == "spam" else "statement")


def _intent(topics: TopicProbabilities, features: TopicFeatures) -> str:
    """The likeliest intent that is consistent with the probability of a complaint."""
    listed = {hit.label for hit in features.hits["intent"]}
    is_complaint = topics.complaint >= _COMPLAINT_FROM
    ruled_out = _NOT_OF_COMPLAINTS if is_complaint else {"complaint"}
    left = {
        name: share
        for name, share in topics.intents.items()
        if name not in ruled_out
        and (name not in _EXPLICIT_INTENTS or share >= _INTENT_FROM or f"intent.{name}" in listed)
    }
    return max(left or topics.intents, key=topics.intents.__getitem__)


def _words(hits: tuple[Hit, ...], labels: set[str]) -> list[str]:
    return [hit.word for hit in hits if hit.label in labels]
