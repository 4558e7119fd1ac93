"""Decisions on the output of the topic models: category, intent, risks, and their words."""

from dataclasses import dataclass, replace
from typing import Final, cast

from core.taxonomy import RISKS, Relevance
from listeners.judgement.lexicon import Hit
from listeners.judgement.topic_features import TopicFeatures
from listeners.judgement.topics import TopicProbabilities

QUOTED_ONLY_FACTOR: Final = 0.45
"""Factor on the probability of a complaint that is quoted without comment."""

ELSEWHERE_FACTOR: Final = 0.2
"""Factor on the probabilities of a complaint and of bad news that concern another shop."""

NAMED_HARM_FROM: Final = 0.12
"""Probability of harm from which a listed word counts in a text that is no complaint: there it is
more often a figure of speech. In a complaint it always counts."""

DESPAIR_FROM: Final = 0.05
"""The same for words of despair: one that is missed weighs more than one call too many."""

FOUND_HARM_FROM: Final = 0.45
"""Probability of harm from which it counts without a listed word, ..."""

_FOUND_IN_NEWS_FROM: Final = 0.6
_NEWS_BELOW: Final = 0.35
"""... and where the probability of a complaint is so small: children are named everywhere."""

DENIED_FROM: Final = 0.3
"""Probability of a denial from which nothing counts as harm, and bad news counts the less, ..."""

_DENIED_IN_A_COMPLAINT_FROM: Final = 0.7
"""... and from which no harm counts in a complaint: one that is missed there weighs the most."""

_BROUGHT_IN: Final = frozenset({"press", "regulator", "legal"})
"""Harm only where somebody brings them into a dispute with us, not where they are in the news."""

_ABOUT_US_FROM: Final = 0.5
_IN_DISPUTE_FROM: Final = 0.3
"""Probabilities of a customer's matter, and of a complaint, from which they are brought in."""

_NO_BUSINESS_FROM: Final = 0.85
"""Probability that no business is concerned from which harm in a text that is no complaint is not
ours, but for despair."""

_KIND_FROM: Final = 0.3
"""Probability of a kind of harm, once there is harm."""

_UNCLEAR_FROM: Final = 0.55
_UNCLEAR_IN_NEWS_FROM: Final = 0.75
"""Probabilities of harm from which its likeliest kind counts where none is likely: in general, and
where a complaint is improbable."""

_COMPLAINT_FROM: Final = 0.5
_OWN_CATEGORY_FROM: Final = 0.5
"""Probability from which the category of a comment counts before that of its quotation."""

_NOT_OF_COMPLAINTS: Final = frozenset({"praise", "statement", "question", "suggestion", "spam"})
"""Intents that a complaint does not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicDecision:
    """Category, intent, risks and relevance of a text."""

    category: str
    category_probability: float
    intent: str
    risk: tuple[str, ...]
    relevance: Relevance
    words: tuple[str, ...]
    """The listed words that support the decision, most important first."""


def decide(topics: TopicProbabilities, features: TopicFeatures) -> TopicDecision:
    """Choose the likeliest category, intent and relevance, and the kinds of harm."""
    category = _likeliest(topics.categories)
    risk = _risks(topics, features)
    words = [word for one in features.risks if one.kind in risk for word in one.words]
    words += _words(features.hits["complaint"], {"complaint.fault", "complaint.demand"})
    words += _words(features.hits["category"], {f"category.{category}"})
    intent = _intent(topics)
    words += _words(features.hits["intent"], {f"intent.{intent}"})
    return TopicDecision(
        category=category,
        category_probability=topics.categories[category],
        intent=intent,
        risk=risk,
        relevance=cast("Relevance", _likeliest(topics.relevances)),
        words=tuple(dict.fromkeys(words)),
    )


def combined_with_quoted(
    own: TopicDecision, quoted: TopicDecision, *, own_leads: bool
) -> TopicDecision:
    """The decision on a comment, with category and risks of the text it quotes.

    ``own_leads``: the comment says itself what happened. Of 天哪 and the like, neither category nor
    relevance means anything.
    """
    has_category = own.category != "other" and own.category_probability >= _OWN_CATEGORY_FROM
    first, then = (own, quoted) if own_leads else (quoted, own)
    return replace(
        own,
        category=own.category if own_leads and has_category else quoted.category,
        risk=tuple(kind for kind in RISKS if kind in own.risk or kind in quoted.risk),
        relevance=then.relevance if first.relevance == "none" else first.relevance,
        words=tuple(dict.fromkeys((*own.words, *quoted.words))),
    )


def quoted_only(found: TopicDecision) -> TopicDecision:
    """The decision on a quotation without comment: a statement, unless it is spam."""
    return replace(found, intent="spam" if found.intent == "spam" else "statement")


def of_another_shop(found: TopicDecision) -> TopicDecision:
    """The decision on a text that tells of another shop's fault to praise us: a statement."""
    kept = found.intent in {"praise", "question", "suggestion", "spam"}
    return replace(
        found,
        intent=found.intent if kept else "statement",
        risk=tuple(kind for kind in found.risk if kind == "self_harm"),
        relevance="actor" if found.relevance in {"business", "place"} else found.relevance,
    )


def _risks(topics: TopicProbabilities, features: TopicFeatures) -> tuple[str, ...]:
    complains = topics.complaint >= _COMPLAINT_FROM
    if topics.denial >= (_DENIED_IN_A_COMPLAINT_FROM if complains else DENIED_FROM):
        return ()
    named = {risk.kind for risk in features.risks}
    found = named if complains or topics.harm >= NAMED_HARM_FROM else set()
    if topics.harm >= DESPAIR_FROM:
        found |= named & {"self_harm"}
    calm = topics.complaint < _NEWS_BELOW
    if topics.harm >= (_FOUND_IN_NEWS_FROM if calm else FOUND_HARM_FROM):
        likely = {kind for kind, share in topics.risks.items() if share >= _KIND_FROM}
        sure = topics.harm >= (_UNCLEAR_IN_NEWS_FROM if calm else _UNCLEAR_FROM)
        unclear = sure and not likely and not found
        found |= {_likeliest(topics.risks)} if unclear else likely
    about_us = topics.relevances.get("business", 0.0) >= _ABOUT_US_FROM
    if not about_us and topics.complaint < _IN_DISPUTE_FROM:
        found -= _BROUGHT_IN
    if not complains and topics.relevances.get("none", 0.0) >= _NO_BUSINESS_FROM:
        found &= {"self_harm"}
    return tuple(kind for kind in RISKS if kind in found)


def _intent(topics: TopicProbabilities) -> str:
    """The likeliest intent that is consistent with the probability of a complaint."""
    complains = topics.complaint >= _COMPLAINT_FROM
    fitting = {
        name: share for name, share in topics.intents.items() if fits(name, complaint=complains)
    }
    return _likeliest(fitting or topics.intents)


def fits(intent: str, *, complaint: bool) -> bool:
    """True where a text that is a complaint, or is none, can have the intent."""
    return intent not in (_NOT_OF_COMPLAINTS if complaint else {"complaint"})


def _likeliest(shares: dict[str, float]) -> str:
    return max(shares, key=shares.__getitem__)


def _words(hits: tuple[Hit, ...], labels: set[str]) -> list[str]:
    return [hit.word for hit in hits if hit.label in labels]
