"""The trained model of complaint, category, intent and risk: one table over hashed n-grams.

``tables/topics.npz`` is written by ``benchmarks/train_topics.py`` from the sentences in
``training/`` and holds ``table`` (cells × heads, int8), ``unit`` (what one step of a head is
worth), ``dense`` (features × heads) and ``bias``.
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.taxonomy import CATEGORIES, INTENTS, RISKS
from listeners.judgement.topic_features import Features

FILE: Final = Path(__file__).with_name("tables") / "topics.npz"
VERSION: Final = "topics-3"

HEADS: Final = ("complaint", *CATEGORIES, *INTENTS, *RISKS)
"""What each column of the tables is."""

_MOST: Final = np.float32(30)
"""Log-odds beyond which nothing is surer."""

_CATEGORIES: Final = slice(1, 1 + len(CATEGORIES))
_INTENTS: Final = slice(1 + len(CATEGORIES), 1 + len(CATEGORIES) + len(INTENTS))
_RISKS: Final = slice(len(HEADS) - len(RISKS), len(HEADS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Topics:
    """Probabilities; those of categories and of intents each sum to one."""

    complaint: float
    categories: dict[str, float]
    intents: dict[str, float]
    risks: dict[str, float]
    """Each kind by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Regrouped:
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

    def regrouped(self, change: Regrouped) -> "TopicModel":
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

    def topics(self, features: Features) -> Topics:
        """What the features speak for."""
        cells = self._table.take(features.cells, axis=0).astype(np.float32)
        scale = np.float32(1 / math.sqrt(len(cells)))
        # Whole numbers far below 2**24: adding them up as floats is exact, and quicker.
        grams: NDArray[np.float32] = np.ones(len(cells), np.float32) @ cells * self._unit * scale
        scores = grams + features.dense @ self._dense + self._bias
        powers: list[float] = np.exp(np.minimum(np.maximum(scores, -_MOST), _MOST)).tolist()
        return Topics(
            complaint=powers[0] / (1 + powers[0]),
            categories=_one_of(CATEGORIES, powers[_CATEGORIES]),
            intents=_one_of(INTENTS, powers[_INTENTS]),
            risks={
                kind: power / (1 + power) for kind, power in zip(RISKS, powers[_RISKS], strict=True)
            },
        )


def _one_of(names: tuple[str, ...], powers: list[float]) -> dict[str, float]:
    whole = sum(powers)
    return {name: power / whole for name, power in zip(names, powers, strict=True)}


def load(file: Path = FILE) -> TopicModel:
    """Read a model."""
    with np.load(file) as data:
        return TopicModel(
            table=data["table"], unit=data["unit"], dense=data["dense"], bias=data["bias"]
        )


@cache
def model() -> TopicModel:
    """The model that ships with the code; read once, at first use."""
    return load()
