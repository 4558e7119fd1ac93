"""Generates a week of posts: ordinary days, a promotion and a crisis."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from examples.supermarket.crisis import crisis
from examples.supermarket.grammar import grammar
from examples.supermarket.ordinary import ordinary_day
from examples.supermarket.people import crowd
from examples.supermarket.posts import Post
from examples.supermarket.promotion import promotion_day
from examples.supermarket.studio import Studio

PROMOTION_DAY: Final = 3
CRISIS_DAY: Final = 5
"""Days count from one; a shorter feed has no crisis, or neither."""
_NUMBERS: Final = 100_000
"""Post numbers reserved for one part of a day."""


def week(seed: int, start: datetime, days: int = 7) -> list[Post]:
    """Generate ``days`` days from ``start``, local midnight, in order; reproducible by ``seed``."""
    lists = grammar()
    people = crowd(lists, Random(f"{seed}/people"))
    posts: list[Post] = []
    for number in range(1, days + 1):
        day = start + timedelta(days=number - 1)

        def studio(part: str, offset: int, number: int = number) -> Studio:
            first = (10 * number + offset) * _NUMBERS
            return Studio(lists, people, Random(f"{seed}/{number}/{part}"), first=first)

        posts += ordinary_day(studio("ordinary", 0), day)
        if number == PROMOTION_DAY:
            posts += promotion_day(studio("promotion", 1), day)
        if number == CRISIS_DAY:
            posts += _mouldy_bread(studio("crisis", 2), day)
    end = start + timedelta(days=days)
    return sorted((post for post in posts if post.at < end), key=lambda post: (post.at, post.id))


def _mouldy_bread(studio: Studio, day: datetime) -> list[Post]:
    begin = day + timedelta(hours=studio.random.uniform(10, 12.5))
    count = studio.random.randint(330, 560)
    return crisis(studio, begin, count, median=2.6, longest=10)
