"""The volume of one brand against the usual: bursts of harm, and the volume of the last hour.

The brand lane watches a channel for bursts of adverse posts in five-minute bins (``volume.py``).
The background volume says how loud the hour is as a whole, since a promotion brings complainers
along.
"""

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from listeners.spread import volume
from listeners.spread.activity import HOUR, BrandPost
from listeners.spread.event_time import utc

BIN: Final = 300.0
"""Seconds."""
_GRACE: Final = BIN
"""Seconds that a bin stays open after its end, for posts that arrive late."""
_MAX_BACKWARDS: Final = 3600.0
"""If the time goes back further than this, the lane starts anew."""
_MAX_EMPTY_BINS: Final = 288
"""More empty bins than this are an outage or a clock jump, not a quiet brand."""
_BURST: Final = 1800.0
"""Seconds of posts that a burst consists of."""

_DECAY_SECONDS: Final = 3 * 86_400.0
"""Half-life of the mean volume."""
_MAX_HOUR_POSTS: Final = 20_000
"""Posts of an hour that are counted; a louder brand needs no finer measure."""
_BUSY: Final = 2.0
"""Ordinary busy hours have this multiple of the mean volume."""
_MIN_POSTS: Final = 12.0
"""Posts an hour below which no hour counts as loud."""
_MAX_RATIO: Final = 9.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """Far more adverse posts than usual."""

    at: datetime
    """Start of the bin that alarmed."""
    z: float
    expected: float
    """Sum of harm expected in the half hour."""
    posts: tuple[BrandPost, ...]
    """All posts of the half hour."""


class BrandLane:
    """One brand on one channel. The series is the sum of the adverse posts' harm."""

    def __init__(self) -> None:
        self.state = volume.start(BIN)
        self._open: int | None = None
        self._sums: dict[int, float] = {}
        self._recent: deque[BrandPost] = deque(maxlen=2_000)

    def add(self, post: BrandPost, *, now: float) -> Burst | None:
        """Count a post; the burst if a bin that ``now`` (seconds since 1970) closes alarms.

        If several bins close and alarm, the last one is returned.
        """
        found = self._advance(now)
        number = math.floor(post.at / BIN)
        if self._open is not None and number >= self._open:
            self._sums[number] = self._sums.get(number, 0.0) + post.harm * post.adverse
            self._recent.append(post)
        return found

    def _advance(self, now: float) -> Burst | None:
        due = math.floor((now - _GRACE) / BIN)
        if self._open is None or due < self._open - _MAX_BACKWARDS / BIN:
            self._open = due
            self._sums.clear()
            return None
        first = self._open
        if due - first > _MAX_EMPTY_BINS:
            first = due - 1
            self._sums = {n: sum_ for n, sum_ in self._sums.items() if n >= first}
        found: Burst | None = None
        for number in range(first, due):
            found = self._close(number) or found
        self._open = max(self._open, due)
        return found

    def _close(self, number: int) -> Burst | None:
        at = utc(number * BIN)
        self.state, reading = volume.step(self.state, at, self._sums.pop(number, 0.0))
        if not reading.alarm:
            return None
        end = (number + 1) * BIN
        inside = [post for post in self._recent if end - _BURST <= post.at < end]
        return Burst(
            at=at,
            z=reading.z,
            expected=reading.expected * _BURST / BIN,
            posts=tuple(inside),
        )


class BackgroundVolume:
    """One brand's posts of the last hour against its mean (half-life three days).

    The caller leaves out posts of incidents that staff were alerted of: a large crisis accounts for
    its own volume, and must not raise the bar for a small one beside it.
    """

    def __init__(self) -> None:
        self._hour: deque[float] = deque(maxlen=_MAX_HOUR_POSTS)
        self._count = 0.0
        self._at = -math.inf
        self._since = math.inf

    def add(self, at: float) -> None:
        """Count a post written at ``at``, in seconds since 1970."""
        self._hour.append(at)
        self._since = min(self._since, at)
        self._count = self._decayed(at) + 1
        self._at = max(self._at, at)
        while self._hour and self._hour[0] <= self._at - HOUR:
            self._hour.popleft()

    def ratio(self, own: int) -> float:
        """Volume of the last hour without ``own`` posts, as a multiple of a busy hour; 1 to 9."""
        age = max(self._at - self._since, HOUR)
        full = _DECAY_SECONDS / math.log(2)
        usual = self._count * HOUR / (full * -math.expm1(-age / full))
        loud = (len(self._hour) - own) / max(usual * _BUSY, _MIN_POSTS)
        return min(max(loud, 1.0), _MAX_RATIO)

    def _decayed(self, at: float) -> float:
        if self._at == -math.inf:
            return 0.0
        return self._count * math.exp2(-max(0.0, at - self._at) / _DECAY_SECONDS)
