"""A larger model's opinion on texts of which the first is unsure: never in the way of the queue.

The meaning of a text (``listeners.judgement.embedding``) is read by a small linear head, trained by
``benchmarks/train_second.py``. A text that finds the line full, or whose answer takes too long,
keeps its first judgement.
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
from core.judgement import Probabilities
from listeners.judgement.embedding import LONGEST, PACKAGE, Embedder, Vectors

HEAD_FILE: Final = Path(__file__).with_name("tables") / "second.npz"
UNSURE_BELOW: Final = 0.6
"""A text is asked about where no sentiment is as likely as this."""

BUDGET: Final = 0.2
"""Seconds that a batch waits for all its answers together."""

QUEUE_SIZE: Final = 8
"""Texts that may wait for the model at once."""

MODEL_NAME: Final = "e5-1"
"""What is added to Judgement.model where it was heard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentimentHead:
    """Reads the sentiment out of the meaning and the first judgement."""

    weights: Vectors
    """Shape (numbers of a meaning, 3)."""
    first: Vectors
    """What the logarithms of the first probabilities count, (3, 3)."""
    bias: Vectors

    def probabilities(self, meaning: Vectors, before: Probabilities) -> Probabilities:
        """Of the three sentiments."""
        shares = np.array([before.negative, before.neutral, before.positive])
        scores = meaning @ self.weights + np.log(np.maximum(shares, 1e-6)) @ self.first + self.bias
        powers = np.exp(scores - scores.max())
        negative, neutral, positive = (powers / powers.sum()).tolist()
        return Probabilities(negative=negative, neutral=neutral, positive=positive)


class SecondOpinion:
    """Asks the embedder; safe to share."""

    def __init__(
        self,
        embedder: Embedder,
        head: SentimentHead,
        *,
        budget: float = BUDGET,
        line: int = QUEUE_SIZE,
        unsure: float = UNSURE_BELOW,
    ) -> None:
        """``budget``: seconds a batch waits; ``line``: texts that may wait at once."""
        self._embedder = embedder
        self._head = head
        self._budget = budget
        self._line = threading.BoundedSemaphore(line)
        self._unsure = unsure

    async def hear(
        self, texts: Sequence[str], first: Sequence[Probabilities]
    ) -> dict[int, Probabilities]:
        """Other probabilities for some of the texts, by their place; waits at most the budget."""
        asked: dict[int, Future[Vectors]] = {}
        for place, (text, before) in enumerate(zip(texts, first, strict=True)):
            if self._wants(text, before) and self._line.acquire(blocking=False):
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

    def hear_now(
        self, texts: Sequence[str], first: Sequence[Probabilities]
    ) -> dict[int, Probabilities]:
        """As ``hear``, in the calling thread and however long it takes; for measuring."""
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
        asked.add_done_callback(lambda _: self._line.release())
        return asked


def load_head(file: Path = HEAD_FILE) -> SentimentHead:
    """Read the trained head."""
    with np.load(file) as data:
        return SentimentHead(
            weights=data["weights"].astype(np.float32), first=data["first"], bias=data["bias"]
        )


def load_second_opinion(embedder: Embedder | None, *, wanted: bool) -> SecondOpinion | None:
    """``None`` unless it is wanted; raises ConfigError where the extra is not installed."""
    if not wanted:
        return None
    if embedder is None:
        problem = Problem(
            key="second_opinion",
            message=f"the library {PACKAGE} is not installed",
            remedy="Install the extra: pip install -e '.[semantic]'; or remove the key.",
        )
        raise ConfigError((problem,))
    return SecondOpinion(embedder, load_head())
