"""Times of posts: by hour of the day, by weekday, and in a burst."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Final

LOCAL: Final = timezone(timedelta(hours=8))
"""China has one time zone and no summer time."""

DAY: Final = (
    *(6, 3, 2, 1, 1, 3, 10, 24, 38, 46, 52, 60),  # from midnight
    *(64, 48, 38, 36, 42, 56, 74, 84, 88, 82, 56, 24),  # from noon
)
"""Relative volume by hour of an ordinary day."""

PROMOTION: Final = (
    *(3, 1, 1, 0, 1, 8, 40, 90, 150, 190, 180, 140),  # from midnight
    *(110, 80, 70, 70, 85, 110, 150, 190, 160, 90, 40, 15),  # from noon
)
"""Relative volume by hour of the promotion day."""

WEEKEND: Final = 1.4
"""Factor of the volume on Saturdays and Sundays."""


def day_factor(day: datetime) -> float:
    """The volume of the day relative to a weekday."""
    return WEEKEND if day.astimezone(LOCAL).weekday() >= 5 else 1.0


def vary(mean: float, random: Random) -> int:
    """A random count around ``mean``, overdispersed by 6 % against a Poisson distribution."""
    level = mean * math.exp(random.gauss(0, 0.06))
    return max(0, round(random.gauss(level, math.sqrt(level))))


def times_of_day(day: datetime, count: int, hours: Sequence[int], random: Random) -> list[datetime]:
    """``count`` times within the day that starts at ``day``, distributed by ``hours``, in order."""
    chosen = random.choices(range(24), weights=hours, k=count)
    return sorted(day + timedelta(hours=hour + random.random()) for hour in chosen)


def burst(
    start: datetime, count: int, *, median: float, longest: float, random: Random
) -> list[datetime]:
    """``count`` times after ``start``, with log-normal delays, in order.

    Half fall within ``median`` hours, none after ``longest``.
    """
    delays: list[float] = []
    while len(delays) < count:
        delay = random.lognormvariate(math.log(median), 0.75)
        if delay <= longest:
            delays.append(delay)
    return sorted(start + timedelta(hours=delay) for delay in delays)
