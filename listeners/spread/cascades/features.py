"""Features of a young cascade: how a post has spread so far, as numbers for the forecast.

All but the first three features are ratios, so they are the same for a cascade ten times as large;
that is what allows a forecast beyond the sizes that a model was trained on.

Some come from a self-exciting point process (Hawkes process), as SEISMIC applies
it to reposts (Zhao, Erdogdu, He, Rajaraman and Leskovec, KDD 2015): every event causes further ones
at a rate of p·φ(t), where t is its age, φ the memory kernel (how soon people react) and p the
infectiousness of the post. SEISMIC weighs each event by the follower count of its author; that is
not known here, so every event counts as one. Given p, the excitement that has been released so far
and what is still to come follow from the times of the events alone. ``infectiousness`` estimates p
by maximum likelihood, over all events and over the last quarter of the time, which shows whether
the post is wearing out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from listeners.spread.cascades.trees import Floats

DAY: Final = 86_400.0
_UTC_OFFSET: Final = 8 * 3600.0
_ACTIVITY: Final[Floats] = np.array(
    [
        [0.93, 0.80, 0.60, 0.51, 0.66, 0.42, 0.34, 0.29, 0.25, 0.22, 0.27, 0.31],
        [0.47, 0.73, 1.11, 1.32, 1.57, 1.77, 1.84, 1.70, 1.46, 1.33, 1.20, 1.10],
        [1.28, 1.41, 1.39, 1.22, 1.18, 1.07, 1.01, 1.02, 1.03, 1.04, 1.03, 0.98],
        [0.93, 0.92, 0.99, 1.02, 1.02, 1.10, 1.07, 1.12, 1.20, 1.30, 1.31, 1.18],
    ]
).ravel()
"""Mean share of reposts in China in each half hour of Beijing's day; 1 is the mean of a day.

Counted from two hours to three days after the post, over the first three quarters of the cascades
that ``benchmarks/train_cascade.py`` learns from."""
_EDGES: Final = np.linspace(0.0, DAY, len(_ACTIVITY) + 1)
_UNTIL: Final = np.concatenate([[0.0], np.cumsum(_ACTIVITY)]) * (DAY / _ACTIVITY.sum())

_FRACTIONS: Final = (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64)
_SPANS: Final = (60, 180, 600, 1800, 3600, 7200, 21600)
_QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
_MEMORIES: Final = ((300.0, 0.25), (300.0, 1.0), (3600.0, 0.25), (3600.0, 1.0))
_AHEAD: Final = (3600.0, 7200.0, 21_600.0, 43_200.0, 86_400.0)
_FADING: Final = (300.0, 1800.0, 7200.0)

MEMORY_SECONDS: Final = 300.0
MEMORY_EXPONENT: Final = 0.242
"""Memory kernel of SEISMIC: about flat for five minutes, then a power law."""

SIZED: Final = 3
"""Number of leading features that depend on the size and not only on the shape."""

TIMED: Final = 1 + len(_AHEAD) + 3 + 1 + len(_FADING) + 2
"""Number of features that need the time of the post; they stand before followers and channel."""

CIRCUMSTANCES: Final = TIMED + 2
"""Number of features, at the end, that are not about the events."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cascade:
    """The reposts of one post; times in seconds after the post."""

    events: Floats
    """Ascending times of the reposts."""
    channel: str | None = None
    posted_at: datetime | None = None
    followers: int | None = None
    weight: float = 1.0
    """Real reposts per entry of ``events``."""


def describe(cascade: Cascade, observe: float) -> Floats:
    """Features of a cascade ``observe`` seconds (> 0) after the post, as an array of ``FEATURES``.

    Later events are not looked at. What is unknown is NaN.
    """
    events = cascade.events[: np.searchsorted(cascade.events, observe, "right")]
    size = len(events)
    log = math.log1p(size)
    gaps = np.diff(events) if size > 1 else np.array([observe])
    bins = np.histogram(events, 20, (0.0, observe))[0]
    values = [
        math.log1p(size * cascade.weight),
        math.log1p(float(np.median(gaps)) / cascade.weight),
        math.log1p(float(bins.var()) / max(float(bins.mean()), 0.05) * cascade.weight),
    ]

    def until(second: float) -> float:
        return math.log1p(int(np.searchsorted(events, second, "right"))) - log

    def since(second: float) -> float:
        return math.log1p(size - int(np.searchsorted(events, second, "right"))) - log

    values += [until(observe * part) for part in _FRACTIONS]
    values += [since(observe * (1 - part)) for part in _FRACTIONS[:-1]]
    for span in _SPANS:
        values += [until(span), since(observe - span)] if observe >= span else [0.0, 0.0]
    values += _moments(events, observe)
    long = math.log(observe)
    values += [
        math.log1p(float(gaps.max())) - long,
        math.log1p(float(gaps[-5:].mean())) - long,
        math.log1p(float(gaps[-20:].mean())) - long,
        math.log1p(float(bins.max())) - log,
        int(bins.argmax()) / 20,
    ]
    ages = observe - events
    for seconds, power in _MEMORIES:
        values.append(math.log1p(float(((1 + ages / seconds) ** -power).sum())) - log)
    values += infectiousness(events, observe)
    values += _circumstances(cascade, events, observe)
    return np.array(values)


def infectiousness(events: Floats, observe: float) -> list[float]:
    """Logarithms of three figures of the self-exciting process at ``observe`` seconds.

    The infectiousness p by maximum likelihood (events per released excitement); the excitement
    still to come, per event; and p in the last quarter of the time.
    """
    ages = np.append(observe - events, observe)
    released = released_share(ages)
    early = observe * 0.75
    before = np.append(early - events[events <= early], early)
    recent = len(events) - (len(before) - 1)
    expected = float(released.sum() - released_share(before).sum())
    return [
        math.log((len(events) + 0.5) / (float(released.sum()) + 0.5)),
        math.log(float((1 - released).sum()) + 1e-9) - math.log1p(len(events)),
        math.log((recent + 0.5) / (max(expected, 0.0) + 0.5)),
    ]


def released_share(ages: Floats) -> Floats:
    """Integral of the memory kernel: share of an event's excitement released by each age (s)."""
    share: Floats = 1 - (1 + ages / MEMORY_SECONDS) ** -MEMORY_EXPONENT
    return share


def _moments(events: Floats, observe: float) -> list[float]:
    if not len(events):
        return [0.0, math.log1p(observe), 0.5, 0.0, *(1.0 for _ in _QUANTILES)]
    return [
        math.log1p(observe - float(events[-1])) - math.log(observe),
        math.log1p(float(events[0])),
        float(events.mean()) / observe,
        float(events.std()) / observe,
        *(np.quantile(events, _QUANTILES) / observe).tolist(),
    ]


def _circumstances(cascade: Cascade, events: Floats, observe: float) -> list[float]:
    channel = _channel_code(cascade.channel)
    known = cascade.followers is not None and cascade.followers >= 0
    followers = math.log1p(cascade.followers or 0) if known else math.nan
    if cascade.posted_at is None or channel == 0.0:
        return [*([math.nan] * TIMED), followers, channel]
    return [*_time_of_day(cascade.posted_at, events, observe), followers, channel]


def _time_of_day(posted_at: datetime, events: Floats, observe: float) -> list[float]:
    """Activity so far and ahead by the daily cycle, and the curve in active instead of real time.

    Not used for X, whose readers live in all time zones.
    """
    log = math.log1p(len(events))
    marks = np.array([observe, *(observe + ahead for ahead in _AHEAD)])
    passed = active_seconds(posted_at, marks)
    now = float(passed[0])
    ages = now - active_seconds(posted_at, events)
    released = float(released_share(np.append(ages, now)).sum())
    day, second = divmod(beijing_seconds(posted_at) + observe, DAY)
    return [
        math.log(now / observe),
        *np.log((passed[1:] - now) / np.array(_AHEAD)).tolist(),
        *(math.log1p(int((ages < now * part).sum())) - log for part in _FRACTIONS[:3]),
        math.log((len(events) + 0.5) / (released + 0.5)),
        *(math.log(float(np.exp(-ages / s).sum()) * now / s + 0.5) - log for s in _FADING),
        second / 3600,
        (day + 3) % 7,
    ]


def _channel_code(name: str | None) -> float:
    """The channel as a number: 1 is Weibo, 0 is X, NaN any other."""
    kind = (name or "").casefold()
    if "weibo" in kind:
        return 1.0
    return 0.0 if kind in {"x", "twitter"} or "twitter" in kind else math.nan


def beijing_seconds(posted_at: datetime) -> float:
    """Seconds on Beijing's clock since the midnight that began 1970, a Thursday."""
    return posted_at.timestamp() + _UTC_OFFSET


def active_seconds(posted_at: datetime, seconds: Floats) -> Floats:
    """Seconds of an evenly busy day that pass in the first ``seconds`` after an aware time."""
    start = np.array([beijing_seconds(posted_at) % DAY])
    passed: Floats = _since_midnight(start + seconds) - _since_midnight(start)
    return passed


def events_from_polls(polls: Sequence[tuple[float, int]], limit: int = 5000) -> Cascade:
    """The cascade behind polled counts, pairs of (seconds after the post, count) in any order.

    Growth between two polls is taken as even. A count that falls (deleted reposts) is raised to the
    highest so far. At most ``limit`` events are made, each of which then stands for several.
    """
    rising = sorted((max(0.0, second), max(0, count)) for second, count in polls)
    seconds = np.array([0.0, *(second for second, _ in rising)])
    counts = np.maximum.accumulate(np.array([0.0, *(count for _, count in rising)]))
    total = counts[-1]
    made = int(min(total, limit))
    if not made:
        return Cascade(events=np.array([]))
    share = (np.arange(made) + 0.5) / made * total
    return Cascade(events=np.interp(share, counts, seconds), weight=float(total) / made)


def _since_midnight(seconds: Floats) -> Floats:
    days, rest = np.divmod(seconds, DAY)
    until: Floats = days * DAY + np.interp(rest, _EDGES, _UNTIL)
    return until


FEATURES: Final = (
    SIZED
    + (2 * len(_FRACTIONS) - 1)
    + 2 * len(_SPANS)
    + (4 + len(_QUANTILES))
    + (5 + len(_MEMORIES) + 3)
    + CIRCUMSTANCES
)
"""Number of features."""
