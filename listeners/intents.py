"""What the author of a text wants."""

from typing import Final

from core.types import Sentiment
from listeners.lexicon import lexicon

INTENTS: Final = (
    "threat",
    "human",
    "spam",
    "order_status",
    "complaint",
    "suggestion",
    "question",
    "praise",
    "statement",
)
"""All intents; of several in one text the first one counts."""

_ADVERTISING: Final = 2
"""So many different advertising words make spam; one alone is said by honest people too."""


def intent(folded: str, *, complaint: float, sentiment: Sentiment) -> tuple[str, tuple[str, ...]]:
    """The intent of a readable, case-folded text, and the words that speak for it."""
    words: dict[str, dict[str, None]] = {}
    for hit in lexicon("intent").hits(folded):
        words.setdefault(hit.label, {})[hit.word] = None
    asked = "question" in words or "?" in folded
    present = {
        "threat": "threat" in words,
        "human": "human" in words,
        "spam": len(words.get("spam", ())) >= _ADVERTISING,
        "order_status": "order_status" in words and complaint < 0.9,
        "complaint": complaint >= 0.5,
        "suggestion": "suggestion" in words,
        "question": asked,
        "praise": "praise" in words and sentiment != "negative",
        "statement": True,
    }
    chosen = next(name for name in INTENTS if present[name])
    return chosen, tuple(words.get(chosen, ()))
