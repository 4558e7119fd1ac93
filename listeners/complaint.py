"""How likely it is that something went wrong and the author wants it put right.

That is not the same as negative words: a polite complaint has none, and a swearing fan has many.
"""

import math
from dataclasses import dataclass

from core.types import Probabilities
from listeners.lexicon import Hit, lexicon


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """A probability and the words it stands on."""

    probability: float
    words: tuple[str, ...]


def complaint(folded: str, sentiment: Probabilities) -> Complaint:
    """Weigh the signs in a readable, case-folded text."""
    hits = lexicon("complaint").hits(folded)
    fault, demand = _words(hits, "fault"), _words(hits, "demand")
    calm, general = _words(hits, "calm"), _words(hits, "general")
    score = (
        -2.6
        + 1.6 * min(len(fault), 3)
        + 1.3 * min(len(demand), 3)
        + (0.6 if _words(hits, "mine") and (fault or demand) else 0.0)
        + 2.0 * (sentiment.negative - sentiment.positive)
        - 1.3 * min(len(calm), 2)
        - (2.5 if general else 0.0)
    )
    return Complaint(probability=1 / (1 + math.exp(-score)), words=(*fault, *demand))


def _words(hits: list[Hit], label: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.word for hit in hits if hit.label == label))
