"""What a text is about."""

from collections.abc import Sequence
from typing import Final

from listeners.lexicon import Hit, lexicon

CATEGORIES: Final = (
    "food_safety",
    "privacy",
    "false_advertising",
    "refund",
    "freshness",
    "delivery",
    "app",
    "membership",
    "staff",
    "checkout",
    "stock",
    "quality",
    "price",
    "environment",
    "other",
)
"""All categories, the more specific first: it wins where as much speaks for two."""


def category(folded: str) -> tuple[str, tuple[str, ...]]:
    """The category of a readable, case-folded text, and the words that speak for it."""
    words: dict[str, dict[str, None]] = {}
    for hit in lexicon("category").longest(folded):
        words.setdefault(hit.label, {})[hit.word] = None
    if not words:
        return "other", ()
    best = max(words, key=lambda label: (len(words[label]), -CATEGORIES.index(label)))
    return best, tuple(words[best])


def distinct(hits: Sequence[Hit], label: str) -> tuple[str, ...]:
    """The words found under a label, each once, in the order of the text."""
    return tuple(dict.fromkeys(hit.word for hit in hits if hit.label == label))
