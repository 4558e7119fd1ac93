"""The rules by which an incident is alerted or stored, and the facts they are about."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from listeners.spread.activity import HOUR, BrandPost, mean_negativity
from listeners.spread.cascades.features import Cascade
from listeners.spread.cascades.forecast import MIN_REPOSTS, Forecast, forecast, shipped_model
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.severity import (
    FAR_REPOSTS,
    GRAVE,
    HARM_REPORTERS,
    NEGATIVE_SHARE,
    IncidentFacts,
)

RECORD_AUTHORS: Final = 3
"""So many discontented authors make a stored incident, ..."""
RECORD_WINDOW: Final = 6 * HOUR
"""... within this time (s)."""
MEAN_DISCONTENT: Final = 0.65
"""Least mean discontent (``BrandPost.discontent``) of the authors who count."""
_REFORECAST_GROWTH: Final = 1.1
"""An incident is forecast again when it has grown by this factor."""
_HARM_NEGATIVE: Final = 0.5
"""A risk counts only in posts at least this negative: a lost child may have been found."""


def facts_of(incident: TrackedIncident, *, enough: int) -> IncidentFacts:
    """The facts of an incident; updates its forecast.

    ``enough``: authors in an hour that make an alarm.
    """
    posts = incident.last_hour()
    named = {
        (kind, post.author)
        for post in posts
        if post.negative >= _HARM_NEGATIVE
        for kind in post.risk
    }
    forecasts = (_updated_forecast(incident), incident.post_forecast)
    sizes = [one.final for one in forecasts if one is not None]
    return IncidentFacts(
        authors=len({post.author for post in posts}),
        enough=enough,
        negative=mean_negativity(posts),
        risk=tuple(Counter(kind for kind, _ in named).most_common()),
        forecast=max(sizes, default=None),
        followers=max((post.followers for post in posts), default=0),
        hours=(incident.activity.last - incident.began()) / HOUR,
        burst=incident.burst,
    )


def should_alert(incident: TrackedIncident, facts: IncidentFacts, *, background: float) -> bool:
    """True if staff should be alerted, provided that the severity is above P4.

    ``background`` is the ratio of other volume to the usual (``BackgroundVolume.ratio``).
    """
    if incident.burst or _is_grave(facts.risk):
        return True
    far = incident.post_forecast is not None and incident.post_forecast.final >= FAR_REPOSTS
    if far and facts.negative >= NEGATIVE_SHARE:
        return True
    return enough_authors(
        incident.last_hour(), enough=facts.enough, background=background
    ) and incident.activity.is_unusual(incident.activity.last)


def should_record(incident: TrackedIncident) -> bool:
    """True if the incident should be stored, alerted or not."""
    posts = incident.activity.within(RECORD_WINDOW, incident.activity.last)
    return mean_negativity(posts) >= NEGATIVE_SHARE and enough_authors(
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
        worst[post.author] = max(post.discontent, worst.get(post.author, 0.0))
    return len(worst) >= needed and sum(worst.values()) >= MEAN_DISCONTENT * needed


def _is_grave(risk: Sequence[tuple[str, int]]) -> bool:
    return any(kind in GRAVE and people >= HARM_REPORTERS for kind, people in risk)


def _updated_forecast(incident: TrackedIncident) -> Forecast | None:
    """The incident's forecast, its posts taken as one cascade; ``None`` if too little is known."""
    times = incident.activity.times()
    if len(times) < MIN_REPOSTS or max(times) - min(times) < 60:
        return None
    if incident.forecast is None or len(times) >= incident.forecast_posts * _REFORECAST_GROWTH:
        ordered = np.sort(np.array(times))
        cascade = Cascade(events=ordered - ordered[0])
        incident.forecast = forecast(cascade, float(cascade.events[-1]), model=shipped_model())
        incident.forecast_posts = len(times)
    return incident.forecast
