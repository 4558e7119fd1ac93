"""How bad it is, P1 to P4, and why: a pure function over the facts of an incident.

Each fact that counts gives points and is named as a reason; grave harm told by two people is P1
whatever else holds, and what is mostly praise or chatter is never above P4.
"""

from dataclasses import dataclass
from typing import Final, Literal

from core.taxonomy import Severity

GRAVE: Final = frozenset({"death", "food_poisoning", "injury", "fire", "child", "self_harm"})
"""Kinds of harm for which nobody waits."""
HARM_REPORTERS: Final = 2

FAR_REPOSTS: Final = 200
VERY_FAR_REPOSTS: Final = 1000
"""Expected reposts."""
FAST_AUTHORS: Final = 30
"""Authors in an hour."""
INFLUENTIAL_FOLLOWERS: Final = 100_000
"""Followers."""
LASTING_HOURS: Final = 6.0
NEGATIVE_SHARE: Final = 0.4
"""A crisis is negative at least to this share."""

Reason = Literal[
    "grave", "risk", "spreading", "fast", "far", "very_far", "influential", "lasting", "volume",
    "not_negative",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentFacts:
    """What is known of an incident now."""

    authors: int = 0
    """Distinct authors in the last hour."""
    enough: int = 5
    """So many of them make an incident."""
    negative: float = 0.0
    """Mean negative probability of its posts."""
    risk: tuple[tuple[str, int], ...] = ()
    """Kinds of harm named, each with how many authors name it."""
    forecast: float | None = None
    """Expected reposts or copies in a week; ``None`` where too little is known."""
    followers: int = 0
    """Of its most followed author."""
    hours: float = 0.0
    """Since its first post."""
    burst: bool = False
    """True where the brand's whole negative volume is far above what is usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """How bad, and the reasons with their figures, the weightiest first."""

    severity: Severity
    reasons: tuple[tuple[Reason, str], ...]


def assess(facts: IncidentFacts) -> Assessment:
    """The severity of an incident; P1 and P2 call people, P3 and P4 do not."""
    grave = [kind for kind, people in facts.risk if kind in GRAVE and people >= HARM_REPORTERS]
    if grave:
        return Assessment(severity="P1", reasons=(("grave", ", ".join(grave)), *_points(facts)[1]))
    points, reasons = _points(facts)
    if facts.negative < NEGATIVE_SHARE:
        share = f"{facts.negative:.0%}"
        return Assessment(severity="P4", reasons=(("not_negative", share), *reasons))
    severity: Severity = "P4"
    if points >= 5:
        severity = "P1"
    elif points >= 2:
        severity = "P2"
    elif points == 1:
        severity = "P3"
    return Assessment(severity=severity, reasons=reasons)


def _points(facts: IncidentFacts) -> tuple[int, tuple[tuple[Reason, str], ...]]:
    found: list[tuple[int, Reason, str]] = []
    if facts.burst:
        found.append((2, "volume", ""))
    if facts.authors >= facts.enough:
        found.append((2, "spreading", str(facts.authors)))
    if facts.authors >= FAST_AUTHORS:
        found.append((1, "fast", str(facts.authors)))
    if facts.forecast is not None and facts.forecast >= VERY_FAR_REPOSTS:
        found.append((2, "very_far", f"{facts.forecast:.0f}"))
    elif facts.forecast is not None and facts.forecast >= FAR_REPOSTS:
        found.append((1, "far", f"{facts.forecast:.0f}"))
    if facts.risk:
        found.append((1, "risk", ", ".join(kind for kind, _ in facts.risk)))
    if facts.followers >= INFLUENTIAL_FOLLOWERS:
        found.append((1, "influential", str(facts.followers)))
    if facts.hours >= LASTING_HOURS and facts.authors >= facts.enough:
        found.append((1, "lasting", f"{facts.hours:.0f}"))
    found.sort(key=lambda one: -one[0])
    return sum(points for points, _, _ in found), tuple((name, text) for _, name, text in found)
