"""Decides on category, intent and risk from the trained probabilities and the words found."""

from dataclasses import dataclass, replace
from typing import Final

from core.taxonomy import RISKS
from listeners.judgement.lexicon import Hit
from listeners.judgement.topic_features import Features
from listeners.judgement.topics import Topics

LIKELY_RISK: Final = 0.1
"""From here on a risk counts that no word names; low, because recall comes first."""

PASSED_ON: Final = 0.45
"""How much of the probability of a complaint is left of one that is passed on without a word."""

_COMPLAINT: Final = 0.5
_OWN_TOPIC: Final = 0.5
"""From here on a few words on a quotation have a topic of their own."""
_CALM: Final = frozenset({"praise", "statement", "question", "suggestion", "spam"})
"""What nobody wants who has something put right."""

_NAMED: Final = frozenset({"human", "order_status", "threat", "spam"})
"""What nobody wants without saying so."""

_SURE: Final = 0.7
"""From here on an intent counts that has to be said and that no word says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What a text is about, what its author wants, and what harm it names."""

    category: str
    about: float
    """How likely the category is."""
    intent: str
    risk: tuple[str, ...]
    words: tuple[str, ...]
    """The words that speak for it, most important first."""


def decide(topics: Topics, features: Features) -> Decided:
    """Take the likeliest of each; a risk counts where words or the model see it."""
    category = max(topics.categories, key=topics.categories.__getitem__)
    intent = _intent(topics, features)
    named = {risk.kind for risk in features.risks}
    risk = tuple(kind for kind in RISKS if kind in named or topics.risks[kind] >= LIKELY_RISK)
    words = [word for one in features.risks if one.kind in risk for word in one.words]
    words += _words(features.hits["complaint"], {"complaint.fault", "complaint.demand"})
    words += _words(features.hits["category"], {f"category.{category}"})
    words += _words(features.hits["intent"], {f"intent.{intent}"})
    return Decided(
        category=category,
        about=topics.categories[category],
        intent=intent,
        risk=risk,
        words=tuple(dict.fromkeys(words)),
    )


def beside(own: Decided, passed_on: Decided) -> Decided:
    """The author's own words, with what they were said about: topic and harm of the quotation."""
    risk = tuple(kind for kind in RISKS if kind in own.risk or kind in passed_on.risk)
    has_topic = own.category != "other" and own.about >= _OWN_TOPIC
    return replace(
        own,
        category=own.category if has_topic else passed_on.category,
        risk=risk,
        words=tuple(dict.fromkeys((*own.words, *passed_on.words))),
    )


def passed_on_only(found: Decided) -> Decided:
    """The topic and the harm of a quotation whose author says nothing about it."""
    return replace(found, intent="spam" if found.intent == "spam" else "statement")


def _intent(topics: Topics, features: Features) -> str:
    """The likeliest intent that agrees with the probability of a complaint."""
    said = {hit.label for hit in features.hits["intent"]}
    wrong = topics.complaint >= _COMPLAINT
    ruled_out = _CALM if wrong else {"complaint"}
    left = {
        name: share
        for name, share in topics.intents.items()
        if name not in ruled_out
        and (name not in _NAMED or share >= _SURE or f"intent.{name}" in said)
    }
    return max(left, key=left.__getitem__)


def _words(hits: tuple[Hit, ...], labels: set[str]) -> list[str]:
    return [hit.word for hit in hits if hit.label in labels]
