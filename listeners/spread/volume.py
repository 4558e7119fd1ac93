"""Alarms when far more is posted than usual at this hour: a seasonal z-score.

Expected volume is level × hour-of-day factor, both exponentially weighted means. The score of a
trailing window with x posts where μ were expected is

    z = (x - μ) / √(φ (μ + ½))

φ being the overdispersion of this series: the variance of counts is not μ, as in a Poisson process,
but φ times that, and φ is learned from past scores (a quasi-Poisson baseline, as outbreak detection
uses it: Farrington et al. 1996). Three windows are watched: a quarter of an hour and half an hour
for bursts, and three hours for slow rises, whose score counts double because long sums scatter
less. The score is the larger one of these two, or its mean with that of the quarter of an hour if
that is more: a short burst counts before the longer windows have filled.

The baseline is winsorised: before a count updates level and factors it is cut at eight standard
deviations around its expectation. A crisis of a day would otherwise become the norm and hide the
next one; a median would not follow a brand whose volume really grows. Work and memory per bin are
constant.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from core.errors import InputError

SHORT_SECONDS: Final = 900.0
FAST_SECONDS: Final = 1800.0
SLOW_SECONDS: Final = 10_800.0
SLOW_COUNTS: Final = 2.0
"""Weight of the slow window's score."""
THRESHOLD: Final = 7.75
"""Chosen on public series with labelled bursts: see docs/explanation/spread.md."""
REFRACTORY_SECONDS: Final = 43_200.0
"""For this long after an alarm a further one needs ..."""
REALARM_FACTOR: Final = 2.0
"""... this multiple of its score ..."""
BUILDUP_SECONDS: Final = SLOW_SECONDS
"""... and this much time, while the trailing windows fill up with one and the same burst."""

_DAY: Final = 86_400.0
_LEVEL_DAYS: Final = 7.0
"""Half-life; so are the next two."""
_HOUR_DAYS: Final = 14.0
_SCATTER_DAYS: Final = 8.0
_MAX_DEVIATIONS: Final = 8.0
"""The level is updated with counts cut at this many standard deviations."""
_MAX_SCATTER_Z: Final = 30.0
"""Scores are cut here before they update φ: one absurd count must not blind it for weeks."""
LARGEST: Final = 1e9
"""Largest count that is accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeState:
    """All that is known of one series; plain numbers, so that it can be stored."""

    bin_seconds: float
    bins: int = 0
    level: float = 0.0
    """Posts a bin, without the hour-of-day factor."""
    hours: tuple[float, ...] = (1.0,) * 24
    """Factor by hour of the day in UTC; their mean is one."""
    scatter: tuple[float, float, float] = (3.0, 3.0, 3.0)
    """φ of the fast, the slow and the shortest window."""
    recent: tuple[tuple[float, float], ...] = ()
    """Count and expectation of the last bins, newest last."""
    last: float | None = None
    """Start of the newest bin, seconds since 1970."""
    alarm_at: float | None = None
    alarm_z: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeReading:
    """The score of one bin."""

    at: datetime
    value: float
    expected: float
    """For this bin alone."""
    z: float
    alarm: bool
    """True if z is over the threshold and this is not the continuation of an alarmed burst."""


def start(bin_seconds: float) -> VolumeState:
    """The state before the first bin.

    Raises InputError for bins shorter than one second or longer than three hours.
    """
    if not 1 <= bin_seconds <= SLOW_SECONDS:
        raise InputError(f"bins of {bin_seconds:g} seconds: use bins of one second to three hours")
    return VolumeState(bin_seconds=bin_seconds)


def step(
    state: VolumeState, at: datetime, value: float, *, threshold: float = THRESHOLD
) -> tuple[VolumeState, VolumeReading]:
    """Score one finished bin that starts at ``at`` (aware), and update the state with it.

    Missing bins are unknown, not zero. A bin that is not after the last one (the clock was set
    back) starts with empty trailing windows. Nothing alarms during the first day. Raises InputError
    for a value that is negative, not finite or over ``LARGEST``.
    """
    if not math.isfinite(value) or not 0 <= value <= LARGEST:
        raise InputError(f"{value:g} is not a count of posts: give a number from 0 to {LARGEST:g}")
    second = at.timestamp()
    recent = _after_gap(state, second)
    hour = at.astimezone(UTC).hour
    factor = state.hours[hour]
    level = state.level if state.bins else max(value, 0.5)
    base = max(level * factor, 1e-3)
    longest = max(1, round(SLOW_SECONDS / state.bin_seconds))
    recent = (*recent, (value, base))[-longest:]
    fast = max(1, round(FAST_SECONDS / state.bin_seconds))
    pace = _learning_rate(state, _SCATTER_DAYS, 50)
    z_fast, fast_scatter = _score(recent[-fast:], state.scatter[0], pace)
    z_slow, slow_scatter = _score(recent, state.scatter[1], pace)
    shortest = max(1, round(SHORT_SECONDS / state.bin_seconds))
    z_short, short_scatter = _score(recent[-shortest:], state.scatter[2], pace)
    z_long = max(z_fast, SLOW_COUNTS * z_slow)
    z = max(z_long, (z_long + z_short) / 2)
    width = _MAX_DEVIATIONS * math.sqrt(max(fast_scatter, 0.1) * (base + 0.5))
    cut = min(max(value, base - width), base + width)
    pace = _learning_rate(state, _LEVEL_DAYS, 10)
    level = max(level + pace * (cut / max(factor, 0.05) - level), 0.02)
    hours = _update_hour(state, hour, cut / level)
    mean = sum(hours) / len(hours)
    warm = state.bins * state.bin_seconds >= _DAY
    alarm = warm and z >= threshold and _is_new_burst(state, second, z)
    moved = replace(
        state,
        bins=state.bins + 1,
        level=level * mean,
        hours=tuple(one / mean for one in hours),
        scatter=(fast_scatter, slow_scatter, short_scatter),
        recent=recent,
        last=second,
        alarm_at=second if alarm else state.alarm_at,
        alarm_z=z if alarm else state.alarm_z,
    )
    return moved, VolumeReading(at=at, value=value, expected=base, z=z, alarm=alarm)


def _learning_rate(state: VolumeState, days: float, prior: int) -> float:
    """Weight of one more bin: by half-life, but larger while few bins are known."""
    steady = 1 - math.exp2(-state.bin_seconds / (days * _DAY))
    return max(steady, 1 / (state.bins + 1 + prior))


def _score(
    window: tuple[tuple[float, float], ...], scatter: float, pace: float
) -> tuple[float, float]:
    """z of a trailing window, and φ updated with it."""
    found = sum(value for value, _ in window)
    expected = sum(base for _, base in window)
    z = (found - expected) / math.sqrt(scatter * (expected + 0.5))
    square = min(abs(z), _MAX_SCATTER_Z) ** 2 * scatter
    return z, max(scatter + pace * (square - scatter), 0.5)


def _update_hour(state: VolumeState, hour: int, ratio: float) -> tuple[float, ...]:
    pace = 1 - math.exp2(-state.bin_seconds * 24 / (_HOUR_DAYS * _DAY))
    seen = state.bins / 24 + 3600 / state.bin_seconds
    pace = max(pace, min(1.0, 1 / seen))
    old = state.hours[hour]
    new = min(max(old + pace * (ratio - old), 0.05), 20.0)
    return (*state.hours[:hour], new, *state.hours[hour + 1 :])


def _after_gap(state: VolumeState, second: float) -> tuple[tuple[float, float], ...]:
    if state.last is None or second <= state.last:
        return ()
    missing = round((second - state.last) / state.bin_seconds) - 1
    return state.recent[missing:] if missing > 0 else state.recent


def _is_new_burst(state: VolumeState, second: float, z: float) -> bool:
    if state.alarm_at is None or not 0 <= second - state.alarm_at < REFRACTORY_SECONDS:
        return True
    return second - state.alarm_at >= BUILDUP_SECONDS and z >= REALARM_FACTOR * state.alarm_z
