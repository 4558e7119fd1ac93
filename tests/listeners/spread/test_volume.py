import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from listeners.spread.volume import VolumeReading, VolumeState, start, step

START = datetime(2026, 3, 2, tzinfo=UTC)
BIN = timedelta(minutes=5)


def ordinary(days: float, *, seed: int = 1, busy: int = 14) -> list[float]:
    """Posts a bin, five times as many at ``busy`` o'clock as at night."""
    rng = random.Random(seed)
    values = []
    for number in range(round(days * 288)):
        hour = number // 12 % 24
        mean = 4 + 16 * max(0.0, math.cos((hour - busy) / 24 * 2 * math.pi))
        values.append(float(sum(rng.random() < mean / 40 for _ in range(40))))
    return values


def run(
    values: Sequence[float | None], *, state: VolumeState | None = None, at: datetime = START
) -> tuple[VolumeState, list[VolumeReading]]:
    """Step through bins; ``None`` is a missing one."""
    state = state or start(300)
    readings = []
    for number, value in enumerate(values):
        if value is not None:
            state, reading = step(state, at + number * BIN, value)
            readings.append(reading)
    return state, readings


def alarms(readings: list[VolumeReading]) -> list[datetime]:
    return [reading.at for reading in readings if reading.alarm]


def test_an_ordinary_fortnight_gives_no_alarm() -> None:
    assert alarms(run(ordinary(14))[1]) == []


def test_a_sudden_burst_alarms_within_fifteen_minutes_and_once() -> None:
    values = ordinary(7)
    burst = 6 * 288
    values[burst : burst + 24] = [value + 60 for value in values[burst : burst + 24]]
    found = alarms(run(values)[1])
    assert len(found) == 1
    assert START + burst * BIN <= found[0] <= START + (burst + 3) * BIN


def test_a_slow_rise_that_no_half_hour_shows_alarms() -> None:
    values = ordinary(7)
    rise = 6 * 288 + 36
    values[rise : rise + 60] = [value + 9 for value in values[rise : rise + 60]]
    found = alarms(run(values)[1])
    assert len(found) == 1
    assert START + (rise + 12) * BIN < found[0] < START + (rise + 60) * BIN


def test_the_busy_hour_is_not_a_burst_but_the_same_counts_at_night_are() -> None:
    values = ordinary(10)
    day = values[9 * 288 + 13 * 12 : 9 * 288 + 15 * 12]
    assert alarms(run(values)[1]) == []
    night = 9 * 288 + 2 * 12
    values[night : night + 24] = [value * 2 for value in day]
    assert START + night * BIN <= alarms(run(values)[1])[0]


def test_a_burst_that_doubles_alarms_again() -> None:
    values = ordinary(7)
    burst = 6 * 288
    values[burst : burst + 6] = [30.0] * 6
    values[burst + 24 : burst + 30] = [400.0] * 6
    assert len(alarms(run(values)[1])) >= 2


def test_a_second_burst_the_next_day_alarms_again() -> None:
    values = ordinary(8)
    for burst in (6 * 288, 7 * 288):
        values[burst : burst + 12] = [90.0] * 12
    assert len(alarms(run(values)[1])) == 2


def test_the_first_day_gives_no_alarm() -> None:
    values = ordinary(1)
    values[200] = 500.0
    assert alarms(run(values)[1]) == []


def test_a_stored_state_continues_identically() -> None:
    values = ordinary(7)
    values[6 * 288 : 6 * 288 + 24] = [80.0] * 24
    whole = run(values)[1]
    half, first = run(values[:1731])
    second = run(values[1731:], state=half, at=START + 1731 * BIN)[1]
    assert [*first, *second] == whole


def test_missing_bins_are_unknown_and_not_zero() -> None:
    values: list[float | None] = list(ordinary(7))
    values[5 * 288 : 5 * 288 + 100] = [None] * 100
    state, readings = run(values)
    assert alarms(readings) == []
    assert state.bins == 7 * 288 - 100
    assert len(run([*ordinary(3), None, None, 5.0])[0].recent) == 35
    assert len(run([*ordinary(3), *[None] * 40, 5.0])[0].recent) == 1


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_jump_gives_no_alarm(jump: timedelta, sign: int) -> None:
    values = ordinary(10)
    state, before = run(values[: 6 * 288])
    state, after = run(values[6 * 288 :], state=state, at=START + 6 * 288 * BIN + sign * jump)
    assert alarms([*before, *after]) == []


def test_a_burst_after_zeros_alarms() -> None:
    state, readings = run([0.0] * 288 * 3)
    assert alarms(readings) == []
    assert alarms(run([3.0, 6.0, 9.0], state=state, at=START + 3 * 288 * BIN)[1])


def test_one_outlier_does_not_hide_later_bursts() -> None:
    values = ordinary(14)
    values[6 * 288] = 1e9
    values[12 * 288 : 12 * 288 + 24] = [200.0] * 24
    assert [at.date().day for at in alarms(run(values)[1])] == [8, 14]


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 1e10])
def test_an_invalid_count_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="not a count"):
        step(start(300), START, value)


@pytest.mark.parametrize("seconds", [0, 0.5, 10_801, math.nan])
def test_a_bin_length_out_of_range_is_refused(seconds: float) -> None:
    with pytest.raises(InputError, match="bins"):
        start(seconds)


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(0, 1e9), st.integers(0, 50)), min_size=1, max_size=400))
def test_scores_stay_finite(values: list[float]) -> None:
    state, readings = run([float(value) for value in values])
    assert all(math.isfinite(reading.z) for reading in readings)
    assert all(math.isfinite(one) for one in (state.level, *state.hours, *state.scatter))


def test_a_burst_of_ten_minutes_counts_before_the_longer_windows_have_filled() -> None:
    values = ordinary(7)
    burst = 6 * 288 + 36
    values[burst : burst + 2] = [value + 40 for value in values[burst : burst + 2]]
    found = alarms(run(values)[1])
    assert len(found) == 1
    assert START + burst * BIN <= found[0] <= START + (burst + 2) * BIN
