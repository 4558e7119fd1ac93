"""Decides on category, intent and risk from the trained probabilities and the words found."""

from dataclasses import dataclass
from typing import Final

from listeners.lexicon import Hit
from listeners.risks import KINDS
from listeners.topic_features import Features
from listeners.topics import Topics

LIKELY_RISK: Final = 0.1
"""From here on a risk counts that no word names; low, because recall comes first."""

_COMPLAINT: Final = 0.5
_CALM: Final = frozenset({"praise", "statement", "question", "suggestion", "spam"})
"""What nobody wants who has something put right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What a text is about, what its author wants, and what harm it names."""

    category: str
    intent: str
    risk: tuple[str, ...]
    words: tuple[str, ...]
    """The words that speak for it, most important first."""


def decide(topics: Topics, features: Features) -> Decided:
    """Take the likeliest of each; a risk counts where words or the model see it."""
    category = max(topics.categories, key=lambda name: topics.categories[name])
    intent = _intent(topics)
    named = {risk.kind for risk in features.risks}
    risk = tuple(kind for kind in KINDS if kind in named or topics.risks[kind] >= LIKELY_RISK)
    words = [word for one in features.risks if one.kind in risk for word in one.words]
    words += _words(features.hits["complaint"], {"fault", "demand"})
    words += _words(features.hits["category"], {category})
    words += _words(features.hits["intent"], {intent})
    return Decided(category=category, intent=intent, risk=risk, words=tuple(dict.fromkeys(words)))


def _intent(topics: Topics) -> str:
    """The likeliest intent that agrees with the probability of a complaint."""
    wrong = topics.complaint >= _COMPLAINT
    ruled_out = _CALM if wrong else {"complaint"}
    left = {name: share for name, share in topics.intents.items() if name not in ruled_out}
    return max(left, key=lambda name: left[name])


def _words(hits: tuple[Hit, ...], labels: set[str]) -> list[str]:
    return [hit.word for hit in hits if hit.label in labels]
