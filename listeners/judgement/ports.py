"""What the listeners need from each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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
class Explains(Protocol):
    """A sentiment model that can say why."""

    def explained(self, texts: Sequence[str]) -> list[Explained]:
        """One a text, in order, as ``SentimentModel.probabilities``; no pieces where neutral."""
        ...
