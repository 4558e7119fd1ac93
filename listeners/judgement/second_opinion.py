"""A second opinion on sentiment, from sentence embeddings, where the first model is unsure.

A small linear head on the embedding (``listeners.judgement.embedding``), trained by
``benchmarks/train_second.py``. It never delays the queue: a text keeps its first judgement where
too many texts are waiting or the answer takes too long.
"""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from core.errors import ConfigError, Problem
from core.model.judgement import Probabilities
from listeners.judgement.embedding import LONGEST, PACKAGE, Embedder, Vectors

HEAD_FILE: Final = Path(__file__).with_name("tables") / "second.npz"
UNSURE_BELOW: Final = 0.6
"""A second opinion is asked for where no sentiment has this probability."""

BUDGET: Final = 0.2
"""Seconds that a batch waits for all its answers."""

QUEUE_SIZE: Final = 8
"""Texts that may wait for the embedder at once."""

MODEL_NAME: Final = "e5-1"
"""Suffix of ``Judgement.model`` where a second opinion was used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentimentHead:
    """A linear model over the embedding and the first probabilities."""

    weights: Vectors
    """Shape (dimensions of the embedding, 3)."""
    first: Vectors
    """Weights of the logarithms of the first probabilities, shape (3, 3)."""
    bias: Vectors

    def probabilities(self, embedding: Vectors, before: Probabilities) -> Probabilities:
        shares = np.array([before.negative, before.neutral, before.positive])
        scores = (
            embedding @ self.weights + np.log(np.maximum(shares, 1e-6)) @ self.first + self.bias
        )
        powers = np.exp(scores - scores.max())
        negative, neutral, positive = (powers / powers.sum()).tolist()
        return Probabilities(negative=negative, neutral=neutral, positive=positive)


class SecondOpinion:
    """Asks the embedder for unsure texts; safe to share."""

    def __init__(
        self,
        embedder: Embedder,
        head: SentimentHead,
        *,
        budget: float = BUDGET,
        queue_size: int = QUEUE_SIZE,
        unsure: float = UNSURE_BELOW,
    ) -> None:
        """``budget``: seconds a batch waits; ``queue_size``: texts that may wait at once."""
        self._embedder = embedder
        self._head = head
        self._budget = budget
        self._slots = threading.BoundedSemaphore(queue_size)
        self._unsure = unsure

    async def revise(
        self, texts: Sequence[str], first: Sequence[Probabilities]
    ) -> dict[int, Probabilities]:
        """New probabilities for some of the texts, by index; waits at most the budget."""
        asked: dict[int, Future[Vectors]] = {}
        for place, (text, before) in enumerate(zip(texts, first, strict=True)):
            if self._wants(text, before) and self._slots.acquire(blocking=False):
                asked[place] = self._ask(text)
        if not asked:
            return {}
        waiting = [asyncio.wrap_future(one) for one in asked.values()]
        await asyncio.wait(waiting, timeout=self._budget)
        for one in waiting:
            one.cancel()
        return {
            place: self._head.probabilities(one.result(), first[place])
            for place, one in asked.items()
            if one.done() and not one.cancelled() and one.exception() is None
        }

    def revise_now(
        self, texts: Sequence[str], first: Sequence[Probabilities]
    ) -> dict[int, Probabilities]:
        """As ``revise``, in the calling thread and without limits; for measurements."""
        return {
            place: self._head.probabilities(self._embedder.meaning(text), before)
            for place, (text, before) in enumerate(zip(texts, first, strict=True))
            if self._wants(text, before)
        }

    def _wants(self, text: str, before: Probabilities) -> bool:
        most = max(before.negative, before.neutral, before.positive)
        return most < self._unsure and any(map(str.isalpha, text[:LONGEST]))

    def _ask(self, text: str) -> Future[Vectors]:
        asked = self._embedder.ask(text)
        asked.add_done_callback(lambda _: self._slots.release())
        return asked


def load_head(file: Path = HEAD_FILE) -> SentimentHead:
    """Read a trained head."""
    with np.load(file) as data:
        return SentimentHead(
            weights=data["weights"].astype(np.float32), first=data["first"], bias=data["bias"]
        )


def load_second_opinion(embedder: Embedder | None, *, wanted: bool) -> SecondOpinion | None:
    """The second opinion where ``wanted``; raises ConfigError where the extra is not installed."""
    if not wanted:
        return None
    if embedder is None:
        problem = Problem(
            key="second_opinion",
            message=f"没有安装 the library {PACKAGE} is not installed",
            remedy="请安装，或删掉这个键 "
            "Install the extra: pip install -e '.[semantic]'; or remove the key.",
        )
        raise ConfigError((problem,))
    return SecondOpinion(embedder, load_head())
