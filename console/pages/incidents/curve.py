"""The growth of an incident: cumulative posts so far, and the forecast until its seventh day.

The forecast of the total is that of core.model.incidents.Incident. On the way there, growth follows
a self-exciting process with a power-law memory: the share 1 - (1 + t / 20 min) ** -0.242 of the
first week's posts has come at t after the first post. Incidents differ in how early they grow, so
on the way the band is widened for that. Both constants were fitted to real cascades; see
docs/explanation/spread.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.model.incidents import Incident
from core.model.mentions import MentionRecord

MAX_POINTS: Final = 120
POINTS_AHEAD: Final = 48
WEEK: Final = timedelta(days=7)
HORIZONS: Final = (1, 3, 6, 24)
"""Hours from now of ``horizons``; the end of the week is added."""
_MEMORY: Final = timedelta(minutes=20)
_EXPONENT: Final = 0.242
_SLACK: Final = 1.5
"""The lower bound grows with this power of the share of posts, the upper one with its root."""
_QUIET: Final = timedelta(hours=24)
"""The line of an incident without new posts ends this long after the last one."""
_LEAST_AHEAD: Final = timedelta(hours=3)
_TIMES_AHEAD: Final = 3
"""The future is drawn at most this many times as long as the past, so that both stay legible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastPoint:
    """The expected total of posts at a time, with an 80 % band from ``low`` to ``high``."""

    at: datetime
    count: float
    low: float
    high: float
    hours: int | None = None
    """Hours from now; ``None`` is the end of the first week."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowthCurve:
    """Cumulative posts so far, and the forecast; times in order."""

    times: tuple[datetime, ...]
    counts: tuple[int, ...]
    ahead: tuple[ForecastPoint, ...]
    """Points of the line, from the last count on; empty without a forecast."""
    horizons: tuple[ForecastPoint, ...]
    """Points to print as figures."""


def growth_curve(
    incident: Incident, records: Sequence[MentionRecord], now: datetime
) -> GrowthCurve:
    """The curve of an incident with these mentions, oldest first, at most MAX_POINTS points.

    There is no forecast for a resolved incident, after its first week, and where
    ``incident.forecast`` counts reposts of a single post.
    """
    times = [one.mention.event.posted_at for one in records]
    if not times:
        return GrowthCurve(times=(), counts=(), ahead=(), horizons=())
    first, last = times[0], times[-1]
    stop = max(last, min(now, last + _QUIET))
    step = max((stop - first) / MAX_POINTS, timedelta(seconds=1))
    marks = [first + step * number for number in range(MAX_POINTS)]
    marks = [mark for mark in marks if mark < stop] + [stop]
    counts, seen = [], 0
    for mark in marks:
        while seen < len(times) and times[seen] <= mark:
            seen += 1
        counts.append(seen + max(0, incident.mentions - len(times)) if mark == stop else seen)
    end = first + WEEK
    is_known = incident.forecast is not None and incident.forecast_of == "posts"
    if incident.state != "open" or not is_known or stop >= end:
        return GrowthCurve(times=tuple(marks), counts=tuple(counts), ahead=(), horizons=())
    drawn = min(end - stop, max(_TIMES_AHEAD * (stop - first), _LEAST_AHEAD))
    line = [stop + drawn * (number / POINTS_AHEAD) for number in range(POINTS_AHEAD + 1)]
    hours = [(stop + timedelta(hours=number), number) for number in HORIZONS]
    printed = [*(one for one in hours if one[0] < end), (end, None)]
    known, count = tuple(marks), counts[-1]
    return GrowthCurve(
        times=known,
        counts=tuple(counts),
        ahead=tuple(_expected(incident, at, count=count, first=first, now=stop) for at in line),
        horizons=tuple(
            _expected(incident, at, count=count, first=first, now=stop, hours=number)
            for at, number in printed
        ),
    )


def _expected(
    incident: Incident,
    at: datetime,
    *,
    count: int,
    first: datetime,
    now: datetime,
    hours: int | None = None,
) -> ForecastPoint:
    """``count`` plus the share of the remaining growth that falls between ``now`` and ``at``."""
    part = (_share_at(at - first) - _share_at(now - first)) / (
        _share_at(WEEK) - _share_at(now - first)
    )
    total = max(incident.forecast or 0.0, count)
    low = total if incident.low is None else min(max(incident.low, count), total)
    high = total if incident.high is None else max(incident.high, total)
    early = part ** (1 / _SLACK) if high > total else part
    late = part**_SLACK if low < total else part
    low, middle, high = (
        count + (one - count) * share for one, share in ((low, late), (total, part), (high, early))
    )
    return ForecastPoint(at=at, count=middle, low=low, high=high, hours=hours)


def _share_at(age: timedelta) -> float:
    """Share of the first week's posts that came within ``age`` of the first one."""
    share: float = 1 - (1 + age / _MEMORY) ** -_EXPONENT
    return share
