"""The facts of an incident, its severity by them, and the rules by which it is stored and alerted.

Severity is a pure function of the facts: each one that counts gives points and is named as a
reason. Grave harm reported by two people is P1 whatever else holds, and what is mostly harmless
is never above P4. An alarm asks more than a severity: enough discontented authors within an hour,
more than this incident and this brand usually have. Denials count nowhere.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.taxonomy import Severity
from listeners.spread.activity import GRAVE, HOUR, BrandPost, mean_harm
from listeners.spread.cascades.features import Cascade
from listeners.spread.cascades.forecast import MIN_REPOSTS, Forecast, forecast, shipped_model
from listeners.spread.event_time import utc
from listeners.spread.incidents.incident import Assessment, Reason, TrackedIncident

HARM_REPORTERS: Final = 2
"""People who must report grave harm."""

FAR_REPOSTS: Final = 200
VERY_FAR_REPOSTS: Final = 1000
FAST_AUTHORS: Final = 30
"""In an hour."""
INFLUENTIAL_FOLLOWERS: Final = 100_000
LASTING_HOURS: Final = 6.0
HARM_SHARE: Final = 0.4
"""Least mean harm of the posts of a crisis."""

RECORD_AUTHORS: Final = 3
"""Number of discontented authors that makes a stored incident, ..."""
RECORD_WINDOW: Final = 6 * HOUR
"""... within this time (s)."""
MEAN_HARM: Final = 0.7
"""Least mean harm of the authors who count."""
_REFORECAST_GROWTH: Final = 1.1
"""An incident is forecast again when it has grown by this factor."""
_RISK_HARM: Final = 0.5
"""A risk counts only in posts at least this harmful: a lost child may have been found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentFacts:
    """The facts that severity depends on."""

    authors: int = 0
    """Distinct authors in the last hour."""
    enough: int = 5
    """Authors in an hour that make an alarm."""
    harm: float = 0.0
    """Mean harm of the last hour's posts (``mean_harm``)."""
    risk: tuple[tuple[str, int], ...] = ()
    """Risks named, each with the number of authors who name it."""
    forecast: float | None = None
    """Expected reposts or copies in a week; ``None`` if too little is known."""
    followers: int = 0
    """Of the most followed author."""
    hours: float = 0.0
    """Since the incident began."""
    burst: bool = False
    """True if the brand's adverse volume as a whole is far above the usual."""


def facts_of(incident: TrackedIncident, *, enough: int) -> IncidentFacts:
    """The facts of an incident; updates its forecast.

    ``enough``: authors in an hour that make an alarm.
    """
    posts = [post for post in incident.last_hour() if not post.denial]
    named = {(kind, post.author) for post in posts if post.harm >= _RISK_HARM for kind in post.risk}
    forecasts = (_updated_forecast(incident), incident.post_forecast)
    sizes = [one.final for one in forecasts if one is not None]
    return IncidentFacts(
        authors=len({post.author for post in posts}),
        enough=enough,
        harm=mean_harm(posts),
        risk=tuple(Counter(kind for kind, _ in named).most_common()),
        forecast=max(sizes, default=None),
        followers=max((post.followers for post in posts), default=0),
        hours=(incident.activity.last - incident.began()) / HOUR,
        burst=incident.burst,
    )


def assess(facts: IncidentFacts) -> Assessment:
    """The severity of an incident: from five points P1, from two P2, with one P3, else P4."""
    grave = [kind for kind, people in facts.risk if kind in GRAVE and people >= HARM_REPORTERS]
    if grave:
        return Assessment(severity="P1", reasons=(("grave", ", ".join(grave)), *_points(facts)[1]))
    points, reasons = _points(facts)
    if facts.harm < HARM_SHARE:
        share = f"{facts.harm:.0%}"
        return Assessment(severity="P4", reasons=(("harmless", share), *reasons))
    severity: Severity = "P4"
    if points >= 5:
        severity = "P1"
    elif points >= 2:
        severity = "P2"
    elif points == 1:
        severity = "P3"
    return Assessment(severity=severity, reasons=reasons)


def should_alert(incident: TrackedIncident, facts: IncidentFacts, *, background: float) -> bool:
    """True if staff should be alerted, provided that the severity is above P4.

    ``background`` is the ratio of other volume to the usual (``BackgroundVolume.ratio``).
    """
    if incident.burst or _is_grave(facts.risk):
        return True
    far = incident.post_forecast is not None and incident.post_forecast.final >= FAR_REPOSTS
    if far and facts.harm >= HARM_SHARE:
        return True
    return enough_authors(
        incident.last_hour(), enough=facts.enough, background=background
    ) and incident.activity.is_unusual(incident.activity.last)


def should_record(incident: TrackedIncident) -> bool:
    """True if the incident should be stored, alerted or not."""
    posts = incident.activity.within(RECORD_WINDOW, incident.activity.last)
    return mean_harm(posts) >= HARM_SHARE and enough_authors(
        posts, enough=RECORD_AUTHORS, background=1.0
    )


def enough_authors(posts: Sequence[BrandPost], *, enough: int, background: float) -> bool:
    """True if enough authors of these posts are discontented.

    Each counts with the worst of their posts. The number needed grows with the square root of
    ``background``, as the scatter of counts does.
    """
    needed = enough * math.sqrt(background)
    worst: dict[str, float] = {}
    for post in posts:
        worst[post.author] = max(post.harm, worst.get(post.author, 0.0))
    return len(worst) >= needed and sum(worst.values()) >= MEAN_HARM * needed


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


def _is_grave(risk: Sequence[tuple[str, int]]) -> bool:
    return any(kind in GRAVE and people >= HARM_REPORTERS for kind, people in risk)


def _updated_forecast(incident: TrackedIncident) -> Forecast | None:
    """The incident's forecast, its posts taken as one cascade; ``None`` if too little is known."""
    times = incident.activity.times()
    if len(times) < MIN_REPOSTS or max(times) - min(times) < 60:
        return None
    if incident.forecast is None or len(times) >= incident.forecast_posts * _REFORECAST_GROWTH:
        ordered = np.sort(np.array(times))
        channels = list(incident.activity.channels)
        cascade = Cascade(
            events=ordered - ordered[0],
            channel=channels[0] if len(channels) == 1 else None,
            posted_at=utc(float(ordered[0])),
        )
        incident.forecast = forecast(cascade, float(cascade.events[-1]), model=shipped_model())
        incident.forecast_posts = len(times)
    return incident.forecast
