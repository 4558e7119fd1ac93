"""Probability that a mention harms the brand's name: what the lanes weigh instead of sentiment.

Sentiment misleads in both directions. Headlines report mould or a failed inspection in flat words;
people are in a bad mood in a question about opening hours, in the wish to win a lottery, or about
another shop. So the weight is the largest of three probabilities: that the facts are adverse, that
the text is a complaint, and, at a discount, that a statement about the business is negative.
"""

import re
from dataclasses import dataclass
from typing import Final

from core.model.judgement import Judgement
from listeners.spread.harm.campaigns import is_participation
from listeners.spread.harm.comparison import prefers

ADVERSE: Final = 0.5
"""A post whose weight is at least this is adverse."""
DENIAL: Final = 0.5
"""A post is a denial from this probability on."""
_MOOD: Final = 0.7
"""Discount of the negative probability: a grumble without a fault harms less than a complaint, and
by mood alone no number of authors makes an alarm (``severity.MEAN_HARM``) unless it is certain."""
_SPAM: Final = 0.5
_GRIEVANCES: Final = frozenset({"complaint", "threat", "statement"})
"""Intents with which a negative text is one about the business."""
_QUESTIONS: Final = frozenset({"question", "order_status", "human", "suggestion"})
"""Intents that are no grievance unless the text is a complaint as well."""
_COMPLAINT: Final = 0.5
_PRAISE: Final = 0.7
"""A post this likely to be positive passes no claim on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Weight:
    """The weight of a mention for one brand, by itself and as one of many that repeat a claim."""

    harm: float
    """In [0, 1]."""
    claim_share: float
    """Share that it takes in a claim which it passes on (``claims.py``), in [0, 1]."""


def weigh(judgement: Judgement, text: str, names: re.Pattern[str] | None) -> Weight:
    """The weight of a mention for one brand.

    Args:
        judgement: of the mention.
        text: the whole text, with what it passes on.
        names: matches the brand's own names.

    A denial weighs the less the surer it is. Advertising, participation in a lottery or a fan
    campaign, and a fault of another business that the brand is compared with weigh nothing. What
    concerns no business can still report facts that harm the brand, but is no complaint.
    """
    if judgement.intent == "spam" or judgement.spam >= _SPAM:
        return _NOTHING
    if is_participation(text) or (names is not None and prefers(text, names)):
        return _NOTHING
    worst = max(judgement.adverse, _grievance(judgement))
    believed = 1 - judgement.denial
    praise = judgement.intent == "praise" or judgement.probabilities.positive >= _PRAISE
    return Weight(harm=worst * believed, claim_share=0.0 if praise else believed)


def harm_to_brand(judgement: Judgement, text: str, names: re.Pattern[str] | None) -> float:
    """``Weight.harm`` of a mention."""
    return weigh(judgement, text, names).harm


_NOTHING: Final = Weight(harm=0.0, claim_share=0.0)


def _grievance(judgement: Judgement) -> float:
    complaint, intent = judgement.complaint, judgement.intent
    if judgement.relevance == "none" or (intent in _QUESTIONS and complaint < _COMPLAINT):
        return 0.0
    if judgement.relevance != "business" or intent not in _GRIEVANCES:
        return complaint
    return max(complaint, _MOOD * judgement.probabilities.negative)
