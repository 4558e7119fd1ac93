"""What the model of complaint, category, intent and risk looks at in a text."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.types import Probabilities
from listeners.lexicon import Hit, lexicon, lists
from listeners.risks import KINDS, Risk, risks
from listeners.sentiment_grams import grams

BITS: Final = 15
"""The hashed n-grams fall into two to the power of so many cells."""

_SHIFT: Final = np.uint32(32 - BITS)
_DIGIT: Final = re.compile(r"\d")
_LISTS: Final = ("complaint", "category", "intent")
_PLAIN: Final = ("asks", "shouts", "short", "negative", "neutral", "positive")
_MOST: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """One text as the model sees it, and the words that were found on the way."""

    cells: NDArray[np.uint32]
    """Ascending, each once."""
    dense: NDArray[np.float32]
    """In the order of ``dense_names``."""
    hits: dict[str, tuple[Hit, ...]]
    """By word list."""
    risks: tuple[Risk, ...]


def dense_names() -> tuple[str, ...]:
    """What each dense feature is."""
    words = (f"{name}.{label}" for name in _LISTS for label in lists(name))
    return (*words, *(f"risk.{kind}" for kind in KINDS), *_PLAIN)


def features(folded: str, sentiment: Probabilities) -> Features:
    """Features of a readable, case-folded text with its sentiment."""
    hits = {name: tuple(lexicon(name).longest(folded)) for name in _LISTS}
    values: list[float] = []
    for name in _LISTS:
        words: dict[str, set[str]] = {label: set() for label in lists(name)}
        for hit in hits[name]:
            words[hit.label].add(hit.word)
        values += (min(len(found), _MOST) for found in words.values())
    harm = risks(folded)
    kinds = {risk.kind for risk in harm}
    values += (float(kind in kinds) for kind in KINDS)
    values += ("?" in folded, "!" in folded, len(folded) < 12)
    values += (2 * sentiment.negative, 2 * sentiment.neutral, 2 * sentiment.positive)
    cells = np.unique(grams(_DIGIT.sub("0", folded)) >> _SHIFT)
    return Features(cells=cells, dense=np.array(values, np.float32), hits=hits, risks=harm)
