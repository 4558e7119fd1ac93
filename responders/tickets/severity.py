"""How urgent a matter is, and when the first answer to it is late."""

from datetime import datetime, timedelta
from typing import Final

from core.judgement import Judgement
from core.settings import SlaSettings
from core.taxonomy import Severity

_LIFE: Final = frozenset(
    {"self_harm", "death", "food_poisoning", "injury", "fire", "allergy", "child", "frail"}
)
_WRONG: Final = 0.5
"""From this probability on something went wrong."""


def severity(judgement: Judgement) -> Severity:
    """P1 for life and health, P2 for other harm, threats and food safety, P3 for complaints."""
    if _LIFE & set(judgement.risk):
        return "P1"
    wrong = judgement.complaint >= _WRONG or judgement.intent == "complaint"
    if judgement.risk or judgement.intent == "threat":
        return "P2"
    if wrong:
        return "P2" if judgement.category == "food_safety" else "P3"
    return "P4"


def minutes(sla: SlaSettings, level: Severity) -> float:
    """How long a person may take for the first answer."""
    return {"P1": sla.p1, "P2": sla.p2, "P3": sla.p3, "P4": sla.p4}[level]


def due_at(sla: SlaSettings, level: Severity, now: datetime) -> datetime:
    """When the first answer is late."""
    return now + timedelta(minutes=minutes(sla, level))
