"""TOPICS"""

import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.taxonomy import CATEGORIES, INTENTS, RISKS
from listeners.judgement.lexicon import Hit
from listeners.judgement.topic_features import TopicFeatures

MODEL_FILE: Final = Path(__file__).with_name("tables") / "topics.npz"
VERSION: Final = "topics-3"

HEADS: Final = ("complaint", *CATEGORIES, *INTENTS, *RISKS)
"""What each column of the tables is."""

_MAX_LOG_ODDS: Final = np.float32(30)
"""Log-odds beyond which nothing is surer."""

_CATEGORIES: Final = slice(1, 1 + len(CATEGORIES))
_INTENTS: Final = slice(1 + len(CATEGORIES), 1 + len(CATEGORIES) + len(INTENTS))
_RISKS: Final = slice(len(HEADS) - len(RISKS), len(HEADS))


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicProbabilities:
    """Probabilities; those of categories and of intents each sum to one."""

    complaint: float
    categories: dict[str, float]
    intents: dict[str, float]
    risks: dict[str, float]
    """Each kind by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryShift:
    """What a brand's own labels change in the weights of categories."""

    cells: tuple[int, ...]
    """Cells of the table whose weights are moved."""
    moves: tuple[tuple[int, ...], ...]
    """By how many of each category's units, in the order of the cells and of CATEGORIES."""
    bias: tuple[float, ...]
    """What is added to the log-odds of each category."""


class TopicModel:
    """Judges features; safe to share between threads."""

    def __init__(
        self,
        *,
        table: NDArray[np.int8],
        unit: NDArray[np.float32],
        dense: NDArray[np.float32],
        bias: NDArray[np.float32],
    ) -> None:
        self._table = table
        self._unit = unit
        self._dense = dense
        self._bias = bias

    def stretched(self, slope: float, offset: float) -> "TopicModel":
        """The same with the log-odds of a complaint times ``slope`` plus ``offset``."""
        by = np.ones(len(HEADS), np.float32)
        by[0] = slope
        bias = self._bias * by
        bias[0] += offset
        return TopicModel(
            table=self._table, unit=self._unit * by, dense=self._dense * by, bias=bias
        )

    def regrouped(self, change: CategoryShift) -> "TopicModel":
        """The same with other weights for categories."""
        table, bias = self._table.copy(), self._bias.copy()
        cells = np.array(change.cells, np.int64)
        moves = np.array(change.moves, np.int64).reshape(-1, len(CATEGORIES))
        table[cells, _CATEGORIES] = np.clip(table[cells, _CATEGORIES] + moves, -127, 127)
        bias[_CATEGORIES] += np.array(change.bias, np.float32)
        return TopicModel(table=table, unit=self._unit, dense=self._dense, bias=bias)

    @property
    def category_units(self) -> NDArray[np.float32]:
        """What one step of a weight stands for, by category."""
        return self._unit[_CATEGORIES]

    def category_weights(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of each category, one row a cell."""
        return np.asarray(self._table[cells, _CATEGORIES] * self._unit[_CATEGORIES], np.float64)

    def save(self, file: Path) -> None:
        """Write the model."""
        np.savez_compressed(
            file, table=self._table, unit=self._unit, dense=self._dense, bias=self._bias
        )

    def topics(self, features: TopicFeatures) -> TopicProbabilities:
        """What the features speak for."""
        cells = self._table.take(features.cells, axis=0).astype(np.float32)
        scale = np.float32(1 / math.sqrt(len(cells)))
        # Whole numbers far below 2**24: adding them up as floats is exact, and quicker.
        grams: NDArray[np.float32] = np.ones(len(cells), np.float32) @ cells * self._unit * scale
        scores = grams + features.dense @ self._dense + self._bias
        powers: list[float] = np.exp(
            np.minimum(np.maximum(scores, -_MAX_LOG_ODDS), _MAX_LOG_ODDS)
        ).tolist()
        return TopicProbabilities(
            complaint=powers[0] / (1 + powers[0]),
            categories=_softmax(CATEGORIES, powers[_CATEGORIES]),
            intents=_softmax(INTENTS, powers[_INTENTS]),
            risks={
                kind: power / (1 + power) for kind, power in zip(RISKS, powers[_RISKS], strict=True)
            },
        )


def _softmax(names: tuple[str, ...], powers: list[float]) -> dict[str, float]:
    whole = sum(powers)
    return {name: power / whole for name, power in zip(names, powers, strict=True)}


def load_topics(file: Path = MODEL_FILE) -> TopicModel:
    """Read a model."""
    with np.load(file) as data:
        return TopicModel(
            table=data["table"], unit=data["unit"], dense=data["dense"], bias=data["bias"]
        )


@cache
def shipped_model() -> TopicModel:
    """The model that ships with the code; read once, at first use."""
    return load_topics()


RISK_FROM: Final = 0.1
"""From here on a risk counts that no word names; low, because recall comes first."""

QUOTED_ONLY_FACTOR: Final = 0.45
"""How much of the probability of a complaint is left of one that is passed on without a word."""

_COMPLAINT_FROM: Final = 0.5
_OWN_CATEGORY_FROM: Final = 0.5
"""From here on a few words on a quotation have a topic of their own."""
_NOT_OF_COMPLAINTS: Final = frozenset({"praise", "statement", "question", "suggestion", "spam"})
"""What nobody wants who has something put right."""

_EXPLICIT_INTENTS: Final = frozenset({"human", "order_status", "threat", "spam"})
"""What nobody wants without saying so."""

_INTENT_FROM: Final = 0.7
"""From here on an intent counts that has to be said and that no word says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicDecision:
    """What a text is about, what its author wants, and what harm it names."""

    category: str
    about: float
    """How likely the category is."""
    intent: str
    risk: tuple[str, ...]
    words: tuple[str, ...]
    """The words that speak for it, most important first."""


def decide(topics: TopicProbabilities, features: TopicFeatures) -> TopicDecision:
    """Take the likeliest of each; a risk counts where words or the model see it."""
    category = max(topics.categories, key=topics.categories.__getitem__)
    intent = _intent(topics, features)
    named = {risk.kind for risk in features.risks}
    risk = tuple(kind for kind in RISKS if kind in named or topics.risks[kind] >= RISK_FROM)
    words = [word for one in features.risks if one.kind in risk for word in one.words]
    words += _words(features.hits["complaint"], {"complaint.fault", "complaint.demand"})
    words += _words(features.hits["category"], {f"category.{category}"})
    words += _words(features.hits["intent"], {f"intent.{intent}"})
    return TopicDecision(
        category=category,
        about=topics.categories[category],
        intent=intent,
        risk=risk,
        words=tuple(dict.fromkeys(words)),
    )


def combined_with_quoted(own: TopicDecision, passed_on: TopicDecision) -> TopicDecision:
    """The author's own words, with what they were said about: topic and harm of the quotation."""
    risk = tuple(kind for kind in RISKS if kind in own.risk or kind in passed_on.risk)
    has_topic = own.category != "other" and own.about >= _OWN_CATEGORY_FROM
    return replace(
        own,
        category=own.category if has_topic else passed_on.category,
        risk=risk,
        words=tuple(dict.fromkeys((*own.words, *passed_on.words))),
    )


def quoted_only(found: TopicDecision) -> TopicDecision:
    """The topic and the harm of a quotation whose author says nothing about it."""
    return replace(found, intent="spam" if found.intent == "spam" else "statement")


def _intent(topics: TopicProbabilities, features: TopicFeatures) -> str:
    """The likeliest intent that agrees with the probability of a complaint."""
    said = {hit.label for hit in features.hits["intent"]}
    wrong = topics.complaint >= _COMPLAINT_FROM
    ruled_out = _NOT_OF_COMPLAINTS if wrong else {"complaint"}
    left = {
        name: share
        for name, share in topics.intents.items()
        if name not in ruled_out
        and (name not in _EXPLICIT_INTENTS or share >= _INTENT_FROM or f"intent.{name}" in said)
    }
    return max(left, key=left.__getitem__)


def _words(hits: tuple[Hit, ...], labels: set[str]) -> list[str]:
    return [hit.word for hit in hits if hit.label in labels]
