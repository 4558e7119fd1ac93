"""Tells claims and warnings from what people pass on for pleasure.

The judge weighs a single post by what it was taught about shops, and most rumours are about other
things: a death, a poison, a new rule, a secret, a call to warn everybody. What many people repeat
nearly word for word is either such a claim or what people share for pleasure: a joke, a saying,
a picture, a star, a prize. Two linear models tell these apart, one over hashed n-grams, which knows
how warnings are worded, and one over the sentence embedding, which knows what they are about; their
log-odds are added. ``models/claims.npz`` is written by ``benchmarks/spread_claims.py``.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from listeners.judgement.meaning import Encoder, load_encoder
from listeners.judgement.ngrams import ngrams
from listeners.spread.grouping.vocabulary import original_text

MODEL_FILE: Final = Path(__file__).parents[1] / "models" / "claims.npz"
CELL_BITS: Final = 15
"""Base-2 logarithm of the number of cells for n-grams."""
_SHIFT: Final = np.uint32(32 - CELL_BITS)
_SPACE: Final = re.compile(r"\s+")
_LONGEST: Final = 300
"""Characters that are read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimModel:
    """Weights of both models."""

    table: NDArray[np.int8]
    """Weight of each cell, in units."""
    unit: float
    embedding: NDArray[np.float32]
    """Weights of the embedding, scaled to length one."""
    bias: float

    def log_odds(self, cells: NDArray[np.intp], vector: NDArray[np.float32]) -> float:
        """Log-odds of a claim by the cells and the embedding of a text."""
        worded = float(self.table[cells].sum()) * self.unit / math.sqrt(max(1, len(cells)))
        return worded + float(vector @ self.embedding) + self.bias

    def save(self, file: Path) -> None:
        """Write the model."""
        np.savez_compressed(
            file,
            table=self.table,
            unit=self.unit,
            embedding=self.embedding.astype(np.float16),
            bias=self.bias,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ClaimReading:
    """One text that was read."""

    probability: float
    """That it is a claim."""
    vector: NDArray[np.float32]
    """Its embedding, of length one."""


class ClaimReader:
    """Reads texts with the model; the encoder is loaded for the first one."""

    def __init__(
        self, model: ClaimModel | None = None, *, encoder: Callable[[], Encoder] = load_encoder
    ) -> None:
        """``model``: by default the one that ships with the code."""
        self._model = model or shipped_claims()
        self._encoder = encoder

    def read(self, text: str, names: re.Pattern[str] | None) -> ClaimReading:
        """Read a text; ``names`` match the brand's own, which are ignored.

        Takes a few milliseconds.
        """
        said = claim_text(text, names)
        (vector,) = unit_length(self._encoder()([said]))
        odds = self._model.log_odds(claim_cells(said), vector)
        return ClaimReading(probability=1 / (1 + math.exp(-odds)), vector=vector)


def claim_text(text: str, names: re.Pattern[str] | None) -> str:
    """The part of a text that is read: what is passed on, without the brand's own names."""
    said = original_text(text)
    if names is not None:
        said = names.sub(" ", said)
    return _SPACE.sub(" ", said).strip()[:_LONGEST]


def claim_cells(said: str) -> NDArray[np.intp]:
    """The cells of a text's n-grams, each once."""
    return np.unique(ngrams(said.lower()) >> _SHIFT).astype(np.intp)


def unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embeddings scaled to length one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-6)
    return found


@cache
def shipped_claims() -> ClaimModel:
    """The model that ships with the code, read at first use."""
    with np.load(MODEL_FILE) as data:
        return ClaimModel(
            table=data["table"],
            unit=float(data["unit"]),
            embedding=data["embedding"].astype(np.float32),
            bias=float(data["bias"]),
        )
