"""The model of offence: the probability that a text insults a person or group.

A linear model over the n-grams of the topic features. ``tables/offence.npz`` is written by
``benchmarks/train_offence.py`` and holds ``table`` (one weight a cell, int8), ``unit`` (value of a
weight of one), ``insult`` and ``bias``, calibrated. Insult and complaint are judged independently:
an abusive complaint is still a complaint.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.ngrams import Hashes
from listeners.judgement.topic_features import INSULT, TopicFeatures

MODEL_FILE: Final = Path(__file__).with_name("tables") / "offence.npz"
CELL_BITS: Final = 17
"""Base-2 logarithm of the number of cells."""

_SHIFT: Final = np.uint32(32 - CELL_BITS)
_MAX_LOG_ODDS: Final = 30.0
_MAX_INSULTS: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class OffenceModel:
    """Predicts offence from features; safe to share between threads."""

    table: NDArray[np.int8]
    unit: float
    insult: float
    """Added to the log-odds for each word of ``lexicons/insult.toml``."""
    bias: float

    def probability(self, features: TopicFeatures) -> float:
        """The probability that a text with these features is offensive."""
        return self.probabilities((features,))[0]

    def probabilities(self, features: Sequence[TopicFeatures]) -> list[float]:
        """As ``probability`` for each of some texts; faster together."""
        counts = [len(one.grams) for one in features]
        starts = np.cumsum([0, *counts[:-1]])
        cells = np.concatenate([one.grams for one in features]) >> _SHIFT
        sums = np.add.reduceat(self.table.take(cells), starts, dtype=np.int32).tolist()
        return [
            self._from_sum(total, count, count_insults(one))
            for total, count, one in zip(sums, counts, features, strict=True)
        ]

    def score(self, cells: Hashes, named: int) -> float:
        """As ``probability``, from the cells of the n-grams and the number of insults."""
        return self._from_sum(int(self.table.take(cells).sum(dtype=np.int32)), len(cells), named)

    def _from_sum(self, total: int, count: int, named: int) -> float:
        score = total * self.unit / math.sqrt(count) + self.insult * named + self.bias
        return 1 / (1 + math.exp(-max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, score))))

    def save(self, file: Path) -> None:
        """Write the model."""
        np.savez_compressed(
            file, table=self.table, unit=self.unit, insult=self.insult, bias=self.bias
        )


def count_insults(features: TopicFeatures) -> int:
    """Number of distinct listed insults in a text, at most two."""
    return min(_MAX_INSULTS, len({hit.word for hit in features.hits[INSULT]}))


def load_offence(file: Path = MODEL_FILE) -> OffenceModel:
    """Read a model."""
    with np.load(file) as data:
        return OffenceModel(
            table=data["table"],
            unit=float(data["unit"]),
            insult=float(data["insult"]),
            bias=float(data["bias"]),
        )


@cache
def shipped_model() -> OffenceModel:
    """The model that ships with the code, read at first use."""
    return load_offence()
