"""The usual silence of a channel: learned by the hour, and robust against one bad day."""

from datetime import datetime, timedelta

import pytest

from core.runtime.intake import SilenceBaseline
from tests.builders import START

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = START.replace(hour=0)


def shop(
    gaps: SilenceBaseline, days: int, *, every: timedelta = 5 * MINUTE, skip: int | None = None
) -> None:
    """Posts from 8 to 22 o'clock; on the day ``skip`` nothing is heard between 10 and 20."""
    for day in range(days):
        at = MIDNIGHT + day * DAY + 8 * HOUR
        while at.hour < 22:
            if day != skip or not 10 <= at.hour < 20:
                gaps.note(at)
            at += every


def test_nobody_knows_before_there_is_something_to_compare_with() -> None:
    gaps = SilenceBaseline()
    assert gaps.bearable(START) is None
    for number in range(50):
        gaps.note(START + number * MINUTE)
    assert gaps.bearable(START + HOUR) is None
    gaps.note(START + 50 * MINUTE)
    assert gaps.bearable(START + HOUR) == 3 * HOUR


def test_a_channel_that_is_slow_may_be_silent_longer() -> None:
    gaps = SilenceBaseline()
    for number in range(60):
        gaps.note(MIDNIGHT + number * 20 * MINUTE)
    assert gaps.bearable(MIDNIGHT + 30 * HOUR) == 20 * 20 * MINUTE


@pytest.mark.parametrize("skip", [None, 2])
def test_noons_and_nights_are_told_apart(skip: int | None) -> None:
    gaps = SilenceBaseline()
    shop(gaps, 5, skip=skip)
    day = MIDNIGHT + 5 * DAY
    assert gaps.bearable(day + 12 * HOUR) == 30 * MINUTE, "five minutes are usual at noon"
    night = gaps.bearable(day + 3 * HOUR)
    assert night is not None
    assert night >= 6 * HOUR, "at three it is silent for five hours every night"


def test_an_outage_of_weeks_is_no_reason_to_remember_for_ever() -> None:
    gaps = SilenceBaseline()
    gaps.note(START)
    gaps.note(START + 400 * DAY)
    shop(gaps, 2)
    for number in range(20 * 24):
        gaps.note(START + 401 * DAY + number * HOUR)
    at = START + 421 * DAY
    assert gaps.bearable(at) == 2 * HOUR


def test_a_clock_that_goes_back_is_no_silence() -> None:
    gaps = SilenceBaseline()
    times: list[datetime] = [START, START - HOUR, START]
    for at in times:
        gaps.note(at)
    assert gaps.bearable(START) is None
