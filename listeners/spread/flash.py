"""A flash: within a quarter of an hour many people report harm, each in words of their own.

Words alone split the first minutes of a crisis into as many incidents as it has wordings, none of
them large enough for an alarm. But adverse posts at a hundred times their usual rate have one
cause: two crises in one quarter of an hour are far rarer. So the posts of a flash, and those that
follow until the quarter of an hour is over, are taken for one incident.

A brand is compared with its own usual, a decaying mean to which alerted incidents add nothing. The
number of harmful authors x alarms, where μ are usual in a busy quarter of an hour, if

    x ≥ μ + 4.5 √(3 (μ + ½)),

3 being the scatter of such counts relative to a Poisson process (``volume.py``).
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Final

from listeners.spread.activity import GRAVE, BrandPost

WINDOW: Final = 900.0
"""Seconds."""
_DECAY_SECONDS: Final = 3 * 86_400.0
"""Half-life of the usual."""
_PAST: Final = 12 * 3600.0
"""Least time that the usual is a mean over; see ``relevance.py``."""
_BUSY: Final = 2.0
"""A busy quarter of an hour has this multiple of the mean."""
_SCATTER: Final = 3.0
_DEVIATIONS: Final = 4.5
_AUTHORS: Final = 2.0
"""Multiple of the authors that make an alarm, of which a flash takes at least."""
_GRAVE_COUNTS: Final = 2.5
"""Authors that one counts for who reports grave harm: four such within a quarter of an hour are no
coincidence at a shop of which one such report a month is usual."""
_MAX_POSTS: Final = 2_000


class FlashLane:
    """The adverse posts of one brand in the last quarter of an hour against the usual."""

    def __init__(self, *, authors: int) -> None:
        """``authors``: harmful authors in an hour that make an alarm."""
        self._least = _AUTHORS * authors
        self._posts: deque[BrandPost] = deque(maxlen=_MAX_POSTS)
        self._count, self._at, self._since = 0.0, -math.inf, math.inf

    def add(
        self, post: BrandPost, *, is_alerted: Callable[[BrandPost], bool]
    ) -> tuple[BrandPost, ...]:
        """Count a post; returns all posts of the window if their adverse ones are a flash.

        Posts of alerted incidents (``is_alerted``) are left out: many people who pass one text on
        are no flash, and staff know of them.
        """
        if is_alerted(post):
            return ()
        self._posts.append(post)
        newest = max(post.at, self._at)
        while self._posts and self._posts[0].at <= newest - WINDOW:
            self._posts.popleft()
        expected = self._expected(newest)
        if post.adverse:
            self._count = self._decayed(newest) + post.harm
        self._since, self._at = min(self._since, post.at), newest
        if not post.adverse:
            return ()
        if len(self._posts) * _GRAVE_COUNTS < self._least:
            return ()
        worst: dict[str, float] = {}
        grave: dict[str, bool] = {}
        found = tuple(one for one in self._posts if not is_alerted(one))
        for one in found:
            if one.adverse:
                weight = one.harm * (_GRAVE_COUNTS if GRAVE & set(one.risk) else 1.0)
                worst[one.author] = max(weight, worst.get(one.author, 0.0))
                grave[one.author] = max(weight > one.harm, grave.get(one.author, False))
        needed = expected + _DEVIATIONS * math.sqrt(_SCATTER * (expected + 0.5))
        people = len(worst) + (_GRAVE_COUNTS - 1) * sum(grave.values())
        if people < self._least or sum(worst.values()) < needed:
            return ()
        return found

    def _expected(self, now: float) -> float:
        """Usual sum of harm in a busy window, without the window itself."""
        age = max(now - self._since, _PAST)
        full = _DECAY_SECONDS / math.log(2)
        recent = sum(one.harm for one in self._posts if one.adverse)
        count = max(0.0, self._decayed(now) - recent)
        return _BUSY * count * WINDOW / (full * -math.expm1(-age / full))

    def _decayed(self, at: float) -> float:
        if self._at == -math.inf:
            return 0.0
        return self._count * math.exp2(-max(0.0, at - self._at) / _DECAY_SECONDS)
