"""How likely a text insults somebody: a linear model over the n-grams that the topics use.

``tables/offence.npz`` is written by ``benchmarks/train_offence.py`` and holds ``table`` (one weight
a cell, int8), ``unit`` (what one step is worth), ``insult`` and ``bias``, calibrated. Insult and
complaint are judged apart: an abusive complaint is still a complaint.
"""

import math
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
"""The hashed n-grams fall into two to the power of so many cells."""

_SHIFT: Final = np.uint32(32 - CELL_BITS)
_MAX_LOG_ODDS: Final = 30.0
_MAX_INSULTS: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class OffenceModel:
    """Judges n-grams; safe to share between threads."""

    table: NDArray[np.int8]
    unit: float
    insult: float
    """What each word of ``lexicons/insult.toml`` adds to the log-odds."""
    bias: float

    def probability(self, seen: TopicFeatures) -> float:
        """That a text with these features is offensive."""
        return self.score(seen.grams >> _SHIFT, count_insults(seen))

    def score(self, cells: Hashes, named: int) -> float:
        """The same of the cells of its n-grams and how many insults it names."""
        total = int(self.table.take(cells).sum(dtype=np.int32)) * self.unit
        score = total / math.sqrt(len(cells)) + self.insult * named + self.bias
        return 1 / (1 + math.exp(-max(-_MAX_LOG_ODDS, min(_MAX_LOG_ODDS, score))))

    def save(self, file: Path) -> None:
        """Write the model."""
        np.savez_compressed(
            file, table=self.table, unit=self.unit, insult=self.insult, bias=self.bias
        )


def count_insults(seen: TopicFeatures) -> int:
    """How many words of insult a text has; two are as many as matter."""
    return min(_MAX_INSULTS, len({hit.word for hit in seen.hits[INSULT]}))


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
    """The model that ships with the code; read once, at first use."""
    return load_offence()
