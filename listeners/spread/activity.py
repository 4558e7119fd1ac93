"""What one incident has been doing lately, within bounds."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0
DAY: Final = 86_400.0
_MOST: Final = 2_000
"""Posts remembered of one incident; an alarm is long due then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One post of an incident."""

    at: float
    """Seconds since 1970."""
    author: str
    channel: str
    negative: float
    """Probability."""
    risk: tuple[str, ...]
    followers: int
    text: str
    """Masked and shortened."""


class Activity:
    """One incident's posts of the last day, and its beginning."""

    def __init__(self) -> None:
        self.first = math.inf
        """When its first post was written."""
        self.last = -math.inf
        self.waves = 1
        """How often it has come up again after a silence."""
        self._posts: deque[Heard] = deque(maxlen=_MOST)
        self._times: deque[float] = deque(maxlen=_MOST)

    def add(self, post: Heard, *, quiet: float) -> None:
        """Count a post; after ``quiet`` seconds of silence it begins a new wave."""
        if post.at - self.last > quiet and self._posts:
            self.waves += 1
            self._posts.clear()
        self.first = min(self.first, post.at)
        self.last = max(self.last, post.at)
        self._posts.append(post)
        self._times.append(post.at)

    def take_over(self, other: "Activity") -> None:
        """Become what both were together."""
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.waves = max(self.waves, other.waves)
        posts = sorted([*self._posts, *other.posts()], key=lambda post: post.at)
        self._posts = deque(posts, maxlen=_MOST)
        self._times = deque(sorted([*self._times, *other.times()]), maxlen=_MOST)

    def posts(self) -> tuple[Heard, ...]:
        """All that are remembered, in the order in which they were heard."""
        return tuple(self._posts)

    def times(self) -> tuple[float, ...]:
        """When they were written."""
        return tuple(self._times)

    def within(self, seconds: float, now: float) -> tuple[Heard, ...]:
        """Posts written in the last ``seconds``."""
        return tuple(post for post in self._posts if now - seconds < post.at <= now)

    def unusual(self, now: float) -> bool:
        """True where more bad was said in the last hour than this incident's own bustle.

        Bad is the sum of negative probabilities, each author counted once an hour.
        """
        before = [post for post in self._posts if now - DAY < post.at <= now - HOUR]
        if not before:
            return True
        hours = max(1.0, (now - HOUR - min(post.at for post in before)) / HOUR)
        usual = _bad(before) / hours
        return _bad(self.within(HOUR, now)) >= usual + 3 * math.sqrt(usual + 1)


def _bad(posts: Iterable[Heard]) -> float:
    worst: dict[tuple[str, int], float] = {}
    for post in posts:
        key = (post.author, int(post.at // HOUR))
        worst[key] = max(post.negative, worst.get(key, 0.0))
    return sum(worst.values())
