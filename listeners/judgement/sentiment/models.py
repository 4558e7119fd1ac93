"""MODELS"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, cast, runtime_checkable

from core.errors import ConfigError, Problem
from core.judgement import Probabilities


class SentimentModel(Protocol):
    """Says how likely each sentiment is."""

    @property
    def name(self) -> str:
        """Model and version, for ``Judgement.model``."""
        ...

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        """One a text, in order; each sums to one. Called in a worker thread, never in the loop.

        Never raises for what a text contains: empty and unreadable texts are unsure and neutral.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """Probabilities with their grounds."""

    probabilities: Probabilities
    pieces: tuple[str, ...]
    """What decided, the strongest first, in the spelling of the model."""


@runtime_checkable
class ExplainableModel(Protocol):
    """A sentiment model that can say why."""

    def explained(self, texts: Sequence[str]) -> list[Explained]:
        """One a text, in order, as ``SentimentModel.probabilities``; no pieces where neutral."""
        ...


MODEL_MODULES: Final = {
    "linear": "listeners.judgement.sentiment.linear",
    "classic": "listeners.judgement.sentiment.classic",
}
"""Module of each model; its ``load()`` gives the model. Only the chosen one is imported."""


def load(name: str) -> SentimentModel:
    """The model called ``name``; raises ConfigError for an unknown name."""
    if name not in MODEL_MODULES:
        problem = Problem(
            key="sentiment",
            message=f"there is no model {name!r}",
            remedy=f"Choose one of: {', '.join(MODEL_MODULES)}.",
        )
        raise ConfigError((problem,))
    maker = cast("Callable[[], SentimentModel]", import_module(MODEL_MODULES[name]).load)
    return maker()
