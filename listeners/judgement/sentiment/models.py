"""Sentiment models: their interface, and the choice of one by its name in the configuration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, cast, runtime_checkable

from core.errors import ConfigError, Problem
from core.model.judgement import Probabilities


class SentimentModel(Protocol):
    """Estimates the probability of each sentiment."""

    @property
    def name(self) -> str:
        """Model and version, for ``Judgement.model``."""
        ...

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        """One result a text, in order; called in a worker thread, never in the event loop.

        Never raises for the contents of a text: empty and unreadable texts are uncertain and
        neutral.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """Probabilities with the pieces of the text that decided them."""

    probabilities: Probabilities
    pieces: tuple[str, ...]
    """Strongest first, in the spelling of the model."""


@runtime_checkable
class ExplainableModel(Protocol):
    """A sentiment model that gives the evidence of its judgements."""

    def explained(self, texts: Sequence[str]) -> list[Explained]:
        """As ``SentimentModel.probabilities``, with evidence for all but neutral texts."""
        ...


MODEL_MODULES: Final = {
    "linear": "listeners.judgement.sentiment.linear",
    "classic": "listeners.judgement.sentiment.classic",
}
"""Module of each model, with a function ``load()``; only the chosen one is imported."""


def load(name: str) -> SentimentModel:
    """Load the model called ``name``; raises ConfigError for an unknown name."""
    if name not in MODEL_MODULES:
        problem = Problem(
            key="sentiment",
            message=f"没有这个模型 there is no model {name!r}",
            remedy=f"可以选 Choose one of: {', '.join(MODEL_MODULES)}.",
        )
        raise ConfigError((problem,))
    maker = cast("Callable[[], SentimentModel]", import_module(MODEL_MODULES[name]).load)
    return maker()
