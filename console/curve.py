"""How an incident has grown, and how it is expected to go on: the numbers of its curve.

The forecast is of the whole first week. The way there is that of a self-exciting process: a share
of 1 - (1 + t / 20 min) ** -0.242 of all has come t after the first post. Some matters grow early
and some late, so on the way the band takes that in, too. Both were chosen on real cascades
(docs/explanation/spread.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.incidents import Incident
from core.mentions import MentionRecord

MOST_POINTS: Final = 120
POINTS_AHEAD: Final = 48
WEEK: Final = timedelta(days=7)
HORIZONS: Final = (1, 3, 6, 24)
"""Hours from now for which the expected count is written out; the whole week comes last."""
_MEMORY: Final = timedelta(minutes=20)
_EXPONENT: Final = 0.242
_SLACK: Final = 1.5
"""The lower bound grows as this power of the share that has come, the upper one as its root."""
_QUIET: Final = timedelta(hours=24)
"""The curve goes on for so long after the last post."""
_LEAST_AHEAD: Final = timedelta(hours=3)
_TIMES_AHEAD: Final = 3
"""The future is drawn for so many times as long as the past, so that both can be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """How many posts there will be in all, four times in five from ``low`` to ``high``."""

    at: datetime
    count: float
    low: float
    high: float
    hours: int | None = None
    """Hours from now; ``None`` is the end of the week."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Posts so far and what is expected; times in order, counts cumulative."""

    times: tuple[datetime, ...]
    counts: tuple[int, ...]
    ahead: tuple[Expected, ...]
    """The line to draw, from the last count on; empty where nothing is forecast."""
    horizons: tuple[Expected, ...]
    """What to write out."""


def curve_of(incident: Incident, handled: Sequence[MentionRecord], now: datetime) -> Curve:
    """From an incident's mentions, oldest first: at most MOST_POINTS points, and what is ahead.

    Nothing is ahead where the forecast counts how often one post is passed on.
    """
    times = [one.mention.event.posted_at for one in handled]
    if not times:
        return Curve(times=(), counts=(), ahead=(), horizons=())
    first, last = times[0], times[-1]
    stop = max(last, min(now, last + _QUIET))
    step = max((stop - first) / MOST_POINTS, timedelta(seconds=1))
    marks = [first + step * number for number in range(MOST_POINTS)]
    marks = [mark for mark in marks if mark < stop] + [stop]
    counts, seen = [], 0
    for mark in marks:
        while seen < len(times) and times[seen] <= mark:
            seen += 1
        counts.append(seen + max(0, incident.mentions - len(times)) if mark == stop else seen)
    end = first + WEEK
    is_known = incident.forecast is not None and incident.forecast_of == "posts"
    if incident.state != "open" or not is_known or stop >= end:
        return Curve(times=tuple(marks), counts=tuple(counts), ahead=(), horizons=())
    drawn = min(end - stop, max(_TIMES_AHEAD * (stop - first), _LEAST_AHEAD))
    line = [stop + drawn * (number / POINTS_AHEAD) for number in range(POINTS_AHEAD + 1)]
    hours = [(stop + timedelta(hours=number), number) for number in HORIZONS]
    written = [*(one for one in hours if one[0] < end), (end, None)]
    known, count = tuple(marks), counts[-1]
    return Curve(
        times=known,
        counts=tuple(counts),
        ahead=tuple(_expected(incident, at, count=count, first=first, now=stop) for at in line),
        horizons=tuple(
            _expected(incident, at, count=count, first=first, now=stop, hours=number)
            for at, number in written
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
) -> Expected:
    """The count at ``at``: what is there, and the part of the growth that has come by then."""
    part = (_come(at - first) - _come(now - first)) / (_come(WEEK) - _come(now - first))
    total = max(incident.forecast or 0.0, count)
    low = total if incident.low is None else min(max(incident.low, count), total)
    high = total if incident.high is None else max(incident.high, total)
    early = part ** (1 / _SLACK) if high > total else part
    late = part**_SLACK if low < total else part
    low, middle, high = (
        count + (one - count) * share for one, share in ((low, late), (total, part), (high, early))
    )
    return Expected(at=at, count=middle, low=low, high=high, hours=hours)


def _come(age: timedelta) -> float:
    share: float = 1 - (1 + age / _MEMORY) ** -_EXPONENT
    return share
