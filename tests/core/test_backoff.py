"""The delays between retries: doubled, capped and spread."""

import math

import pytest

from core.backoff import delay


@pytest.mark.parametrize(
    ("attempt", "expected"), [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (10**6, 300)]
)
def test_the_delay_doubles_up_to_the_cap(attempt: int, expected: float) -> None:
    assert delay(attempt, first=1, most=300) == expected


def test_jitter_takes_away_up_to_half() -> None:
    assert delay(3, first=1, most=300, jitter=0.0) == 2
    assert delay(3, first=1, most=300, jitter=0.5) == 3
    assert delay(3, first=1, most=3, jitter=0.0) == 1.5


def test_without_a_cap_the_delay_stays_a_number() -> None:
    assert math.isfinite(delay(10**9, first=5, most=math.inf))
