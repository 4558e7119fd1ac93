"""The severity of a ticket, and the deadline of the first answer."""

from datetime import datetime, timedelta
from typing import Final

from core.model.judgement import Judgement
from core.settings import SlaSettings
from core.taxonomy import Severity

_CRITICAL_RISKS: Final = frozenset(
    {"self_harm", "death", "food_poisoning", "injury", "fire", "allergy", "child", "frail"}
)
_COMPLAINT: Final = 0.5
"""Least probability of a complaint."""

_ADVERSE: Final = 0.4
"""Least probability that bad news is bad news about us."""


def severity(judgement: Judgement) -> Severity:
    """P1 for life and health, P2 for other harm, threats and food safety, P3 for complaints.

    Harm that is only reported, by somebody who neither complains nor writes as a customer, is P2:
    people have to look at it, but nobody waits for help from them. Despair is always P1.
    """
    complains = judgement.complaint >= _COMPLAINT or judgement.intent == "complaint"
    reported = judgement.relevance != "business" and not complains
    if "self_harm" in judgement.risk or (_CRITICAL_RISKS & set(judgement.risk) and not reported):
        return "P1"
    adverse = judgement.adverse >= _ADVERSE and judgement.relevance in {"place", "actor"}
    if judgement.risk or judgement.intent == "threat" or adverse:
        return "P2"
    if complains:
        return "P2" if judgement.category == "food_safety" else "P3"
    return "P4"


def minutes(sla: SlaSettings, level: Severity) -> float:
    """Minutes until the first answer of a person is late."""
    return {"P1": sla.p1, "P2": sla.p2, "P3": sla.p3, "P4": sla.p4}[level]


def due_at(sla: SlaSettings, level: Severity, now: datetime) -> datetime:
    """Time from which the first answer is late."""
    return now + timedelta(minutes=minutes(sla, level))
