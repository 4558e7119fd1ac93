"""How many posts are usual at this hour, and when there are far too many: the brand lane.

Expected is level × hour-of-day factor. The score of a trailing window of x posts, μ expected, is
z = (x − μ) / √(φ (μ + ½)), φ being how much this brand's volume scatters anyway. Two windows are
watched: half an hour for bursts and three hours for slow rises, whose score counts double because
long sums scatter less. Updates of level and factors are cut at eight deviations, so that a crisis
does not become the norm. Work and memory a bin are constant.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from core.errors import InputError

FAST_SECONDS: Final = 1800.0
SLOW_SECONDS: Final = 10_800.0
SLOW_COUNTS: Final = 2.0
THRESHOLD: Final = 7.75
"""Chosen on public series with labelled bursts: see docs/explanation/spread.md."""
QUIET_SECONDS: Final = 43_200.0
"""For so long after an alarm a further one needs ..."""
GROWN: Final = 2.0
"""... so many times its score ..."""
BUILDING_SECONDS: Final = SLOW_SECONDS
"""... and so much time, while the trailing windows fill up with one and the same burst."""

_DAY: Final = 86_400.0
_LEVEL_DAYS: Final = 7.0
_HOUR_DAYS: Final = 14.0
_SCATTER_DAYS: Final = 8.0
_CUT: Final = 8.0
_CUT_SCATTER: Final = 30.0
"""One absurd figure must not blind the lane for weeks."""
LARGEST: Final = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeState:
    """All that is remembered of one brand and channel; plain numbers, so it can be stored."""

    bin_seconds: float
    bins: int = 0
    level: float = 0.0
    """Posts a bin, the hour-of-day factor taken out."""
    hours: tuple[float, ...] = (1.0,) * 24
    """Factor by hour of the day in UTC; their mean is one."""
    scatter: tuple[float, float] = (3.0, 3.0)
    """φ of the fast and the slow window."""
    recent: tuple[tuple[float, float], ...] = ()
    """Count and expectation of the last bins, newest last."""
    last: float | None = None
    """Start of the newest bin, seconds since 1970."""
    alarm_at: float | None = None
    alarm_z: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one bin says."""

    at: datetime
    value: float
    expected: float
    """For this bin alone."""
    z: float
    alarm: bool
    """True where staff should hear of it: over the threshold, and not the same burst again."""


def start(bin_seconds: float) -> VolumeState:
    """The state before the first bin; bins must divide the hour or be up to three hours long."""
    if not 1 <= bin_seconds <= SLOW_SECONDS:
        raise InputError(f"bins of {bin_seconds:g} seconds: use bins of one second to three hours")
    return VolumeState(bin_seconds=bin_seconds)


def step(
    state: VolumeState, at: datetime, value: float, *, threshold: float = THRESHOLD
) -> tuple[VolumeState, Reading]:
    """Take one finished bin into account; ``at`` is its start, in UTC.

    Missing bins are unknown, not zero. A bin that is not after the last one (a clock set back)
    begins anew without a trailing window. Raises InputError for what is no count.
    """
    if not math.isfinite(value) or not 0 <= value <= LARGEST:
        raise InputError(f"{value:g} is no count of posts: give a number from 0 to {LARGEST:g}")
    second = at.timestamp()
    recent = _after_gap(state, second)
    hour = at.astimezone(UTC).hour
    factor = state.hours[hour]
    level = state.level if state.bins else max(value, 0.5)
    base = max(level * factor, 1e-3)
    longest = max(1, round(SLOW_SECONDS / state.bin_seconds))
    recent = (*recent, (value, base))[-longest:]
    fast = max(1, round(FAST_SECONDS / state.bin_seconds))
    z_fast, fast_scatter = _score(recent[-fast:], state.scatter[0], _pace(state, _SCATTER_DAYS, 50))
    z_slow, slow_scatter = _score(recent, state.scatter[1], _pace(state, _SCATTER_DAYS, 50))
    z = max(z_fast, SLOW_COUNTS * z_slow)
    width = _CUT * math.sqrt(max(fast_scatter, 0.1) * (base + 0.5))
    cut = min(max(value, base - width), base + width)
    level = max(level + _pace(state, _LEVEL_DAYS, 10) * (cut / max(factor, 0.05) - level), 0.02)
    hours = _learn_hour(state, hour, cut / level)
    mean = sum(hours) / len(hours)
    warm = state.bins * state.bin_seconds >= _DAY
    alarm = warm and z >= threshold and _new_burst(state, second, z)
    moved = replace(
        state,
        bins=state.bins + 1,
        level=level * mean,
        hours=tuple(one / mean for one in hours),
        scatter=(fast_scatter, slow_scatter),
        recent=recent,
        last=second,
        alarm_at=second if alarm else state.alarm_at,
        alarm_z=z if alarm else state.alarm_z,
    )
    return moved, Reading(at=at, value=value, expected=base, z=z, alarm=alarm)


def _pace(state: VolumeState, days: float, first: int) -> float:
    """The weight of one more bin: by half-life, but larger while few bins are known."""
    steady = 1 - math.exp2(-state.bin_seconds / (days * _DAY))
    return max(steady, 1 / (state.bins + 1 + first))


def _score(
    window: tuple[tuple[float, float], ...], scatter: float, pace: float
) -> tuple[float, float]:
    """z of a trailing window, and the scatter after it."""
    found = sum(value for value, _ in window)
    expected = sum(base for _, base in window)
    z = (found - expected) / math.sqrt(scatter * (expected + 0.5))
    square = min(abs(z), _CUT_SCATTER) ** 2 * scatter
    return z, max(scatter + pace * (square - scatter), 0.5)


def _learn_hour(state: VolumeState, hour: int, ratio: float) -> tuple[float, ...]:
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


def _new_burst(state: VolumeState, second: float, z: float) -> bool:
    if state.alarm_at is None or not 0 <= second - state.alarm_at < QUIET_SECONDS:
        return True
    return second - state.alarm_at >= BUILDING_SECONDS and z >= GROWN * state.alarm_z
