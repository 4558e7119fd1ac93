"""Judgement of a text, and moderation's verdict on it."""

from dataclasses import dataclass

from core.taxonomy import Language, Relevance, Sentiment


@dataclass(frozen=True, kw_only=True, slots=True)
class Probabilities:
    """Probability of each sentiment; the three sum to one."""

    negative: float
    neutral: float
    positive: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Meaning of a text, with probabilities."""

    language: Language
    sentiment: Sentiment
    probabilities: Probabilities
    complaint: float
    """Probability that something went wrong and the author wants it put right."""
    category: str = "other"
    """Topic: one of ``core.taxonomy.CATEGORIES``."""
    intent: str = "statement"
    """Purpose of the author: question, complaint, praise, human, order_status, threat, ..."""
    risk: tuple[str, ...] = ()
    """Kinds of harm named in the text; any of them means that a person answers."""
    relevance: Relevance = "business"
    """The part that the brand, or the business in the text, has in it."""
    adverse: float = 0.0
    """Probability that the facts reported would harm the brand's name if they spread, however
    neutral the words: a failed inspection, a recall, an apology."""
    denial: float = 0.0
    """Probability that the text denies or corrects such a claim."""
    offensive: float = 0.0
    spam: float = 0.0
    evidence: tuple[str, ...] = ()
    """The words that decided, for staff."""
    model: str = ""
    """Which model judged, with its version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Moderation's answer about a text that comes in or goes out."""

    allowed: bool
    reason: str = ""
    """Reason of a refusal, a term that can be counted: spam, abuse, personal_data, frozen, ..."""
    flags: tuple[str, ...] = ()
    masked_text: str = ""
