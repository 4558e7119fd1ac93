"""Severity of an incident, P1 to P4, with reasons: a pure function over its facts.

Each fact that counts gives points and is named as a reason. Grave harm reported by two people is P1
whatever else holds, and what is mostly not negative is never above P4.
"""

from dataclasses import dataclass
from typing import Final, Literal

from core.taxonomy import Severity

GRAVE: Final = frozenset({"death", "food_poisoning", "injury", "fire", "child", "self_harm"})
"""Risks that cannot wait."""
HARM_REPORTERS: Final = 2
"""People who must report grave harm."""

FAR_REPOSTS: Final = 200
VERY_FAR_REPOSTS: Final = 1000
FAST_AUTHORS: Final = 30
"""In an hour."""
INFLUENTIAL_FOLLOWERS: Final = 100_000
LASTING_HOURS: Final = 6.0
NEGATIVE_SHARE: Final = 0.4
"""Least mean negative probability of a crisis."""

Reason = Literal[
    "grave", "risk", "spreading", "fast", "far", "very_far", "influential", "lasting", "volume",
    "not_negative",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentFacts:
    """The facts that severity depends on."""

    authors: int = 0
    """Distinct authors in the last hour."""
    enough: int = 5
    """Authors in an hour that make an alarm."""
    negative: float = 0.0
    """Mean negative probability of the last hour's posts."""
    risk: tuple[tuple[str, int], ...] = ()
    """Risks named, each with the number of authors who name it."""
    forecast: float | None = None
    """Expected reposts or copies in a week; ``None`` if too little is known."""
    followers: int = 0
    """Of the most followed author."""
    hours: float = 0.0
    """Since the incident began."""
    burst: bool = False
    """True if the brand's negative volume as a whole is far above the usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """A severity, and its reasons with their figures, the weightiest first."""

    severity: Severity
    reasons: tuple[tuple[Reason, str], ...]


def assess(facts: IncidentFacts) -> Assessment:
    """The severity of an incident: from five points P1, from two P2, with one P3, else P4."""
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
