"""A young cascade as numbers: how it has grown until now, independent of what comes after.

All but the first three features are ratios, so they say the same of a cascade ten times as large;
that is what allows a forecast beyond the sizes a model was trained on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from listeners.spread.cascades.day_cycle import DAY, Floats, beijing, busy_seconds

_FRACTIONS: Final = (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64)
_SPANS: Final = (60, 180, 600, 1800, 3600, 7200, 21600)
_QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
_MEMORIES: Final = ((300.0, 0.25), (300.0, 1.0), (3600.0, 0.25), (3600.0, 1.0))
_AHEAD: Final = (3600.0, 7200.0, 21_600.0, 43_200.0, 86_400.0)
_FADING: Final = (300.0, 1800.0, 7200.0)

MEMORY_SECONDS: Final = 300.0
MEMORY_EXPONENT: Final = 0.242
"""The memory kernel of SEISMIC (Zhao et al. 2015): flat for five minutes, then a power law."""

SIZED: Final = 3
"""How many leading features depend on the size itself and not only on the shape."""

TIMED: Final = 1 + len(_AHEAD) + 3 + 1 + len(_FADING) + 2
"""How many features need the time of the post; they stand before followers and channel."""

CIRCUMSTANCES: Final = TIMED + 2
"""How many features, at the end, are of the circumstances and not of the events."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cascade:
    """One post and who passed it on; times in seconds after the post."""

    events: Floats
    """Ascending; what lies behind the observation time is never looked at."""
    channel: str | None = None
    posted_at: datetime | None = None
    followers: int | None = None
    weight: float = 1.0
    """How many real events each entry of ``events`` stands for."""


def describe(cascade: Cascade, observe: float) -> Floats:
    """The features of a cascade ``observe`` seconds (> 0) after the post; unknown is NaN."""
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
    """Logarithms of three figures of the self-exciting process, every follower count being one.

    How many new events one event causes, by maximum likelihood; how much of the excitement is
    still to come, per event; and the infectiousness of the last quarter.
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
    """The share of an event's own excitement that has been released at each age in seconds."""
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
    channel = _channel(cascade.channel)
    known = cascade.followers is not None and cascade.followers >= 0
    followers = math.log1p(cascade.followers or 0) if known else math.nan
    if cascade.posted_at is None or channel == 0.0:
        return [*([math.nan] * TIMED), followers, channel]
    return [*_time_of_day(cascade.posted_at, events, observe), followers, channel]


def _time_of_day(posted_at: datetime, events: Floats, observe: float) -> list[float]:
    """How busy people were so far and are about to be, and the curve as if every hour were alike.

    Only where people live by China's day; readers of X live all over the world.
    """
    log = math.log1p(len(events))
    marks = np.array([observe, *(observe + ahead for ahead in _AHEAD)])
    passed = busy_seconds(posted_at, marks)
    now = float(passed[0])
    ages = now - busy_seconds(posted_at, events)
    released = float(released_share(np.append(ages, now)).sum())
    day, second = divmod(beijing(posted_at) + observe, DAY)
    return [
        math.log(now / observe),
        *np.log((passed[1:] - now) / np.array(_AHEAD)).tolist(),
        *(math.log1p(int((ages < now * part).sum())) - log for part in _FRACTIONS[:3]),
        math.log((len(events) + 0.5) / (released + 0.5)),
        *(math.log(float(np.exp(-ages / s).sum()) * now / s + 0.5) - log for s in _FADING),
        second / 3600,
        (day + 3) % 7,
    ]


def _channel(name: str | None) -> float:
    """What is known of the habits of a channel: 1 is Weibo, 0 is X, NaN any other."""
    kind = (name or "").casefold()
    if "weibo" in kind:
        return 1.0
    return 0.0 if kind in {"x", "twitter"} or "twitter" in kind else math.nan


def events_from_polls(polls: Sequence[tuple[float, int]], limit: int = 5000) -> Cascade:
    """The cascade behind engagement figures: (seconds after the post, count), in any order.

    Between two polls growth is taken as even. A count that falls (deleted reposts) is
    raised to the highest so far. At most ``limit`` events are made; each then weighs more than one.
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


FEATURES: Final = (
    SIZED
    + (2 * len(_FRACTIONS) - 1)
    + 2 * len(_SPANS)
    + (4 + len(_QUANTILES))
    + (5 + len(_MEMORIES) + 3)
    + CIRCUMSTANCES
)
"""How many features there are."""
