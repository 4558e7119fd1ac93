"""The default sentiment model: hashed n-grams, added up.

Trained by ``benchmarks/train_sentiment.py``; its data, figures and limits are in
``docs/model-card.md``.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.types import Probabilities
from listeners.sentiment_file import BITS, Header, Table, read
from listeners.sentiment_grams import grams
from listeners.sentiment_text import fold

MODEL: Final = Path(__file__).parent / "models" / "sentiment.bin"
"""The file that ships with the code."""

LONGEST: Final = 20_000
"""Characters; what is longer is a document, not something that one person says."""

HEAD: Final = 4_000
"""Characters of a text that are read."""

UNSURE: Final = Probabilities(negative=0.3, neutral=0.4, positive=0.3)
"""The answer to what says nothing."""

_SHIFT: Final = np.uint32(32 - BITS)
_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)


class LinearModel:
    """Judges sentiment; as listeners.ports.SentimentModel. Safe to share between threads."""

    def __init__(self, header: Header, table: Table) -> None:
        self._header = header
        self._rows = table.view(np.uint32).ravel()

    @property
    def name(self) -> str:
        return f"linear-{self._header.version}"

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        """One a text, in order. Never raises for what a text contains."""
        return [self._one(text) for text in texts]

    def scores(self, folded: str) -> NDArray[np.float64]:
        """Log-odds of the three classes, up to a constant, for a folded text."""
        found = grams(folded)
        rows = self._rows.take(found >> _SHIFT).view(np.int8).reshape(-1, 4)
        total = rows.sum(axis=0, dtype=np.int32)[:3] * (self._header.unit / math.sqrt(len(found)))
        scores: NDArray[np.float64] = (total + self._header.bias) / self._header.temperature
        return scores

    def _one(self, text: str) -> Probabilities:
        if len(text) > LONGEST:
            return UNSURE
        folded = fold(text[:HEAD])
        if not _LETTERS.search(folded):
            return UNSURE
        negative, neutral, positive = self.scores(folded).tolist()
        return softmax(negative, neutral, positive)


def softmax(negative: float, neutral: float, positive: float) -> Probabilities:
    """Probabilities out of log-odds."""
    top = max(negative, neutral, positive)
    shares = [math.exp(score - top) for score in (negative, neutral, positive)]
    whole = sum(shares)
    return Probabilities(
        negative=shares[0] / whole, neutral=shares[1] / whole, positive=shares[2] / whole
    )


def load(path: Path = MODEL) -> LinearModel:
    """The model in the file; raises ConfigError where it is missing or damaged."""
    return LinearModel(*read(path))
