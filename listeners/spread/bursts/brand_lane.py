"""The brand lane: how much bad is said about a brand on a channel, against what is usual."""

import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from listeners.spread.activity import BrandPost
from listeners.spread.bursts import volume

BIN: Final = 300.0
"""Seconds."""
_LATE: Final = BIN
"""A bin stays open so long after its end for posts that come late."""
_BACK: Final = 3600.0
"""Time that goes back further than this was set back."""
_SILENCE: Final = 288
"""More empty bins than this are an outage or a clock that jumped, not a quiet brand."""
_BURST: Final = 1800.0
"""A burst is judged by the posts of this many seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """Far more bad posts than usual."""

    at: datetime
    """Start of the bin that gave the alarm."""
    z: float
    expected: float
    """Bad posts that were to be expected, in the half hour."""
    posts: tuple[BrandPost, ...]
    """All of the half hour."""


class BrandLane:
    """One brand on one channel."""

    def __init__(self) -> None:
        self.state = volume.start(BIN)
        self._open: int | None = None
        self._sums: dict[int, float] = {}
        self._recent: deque[BrandPost] = deque(maxlen=2_000)

    def add(self, post: BrandPost, *, now: float) -> Burst | None:
        """Count a post with its negative probability; ``now`` in seconds since 1970.

        Bins close as ``now`` goes on; the last alarm among those that close is the answer.
        """
        found = self._advance(now)
        number = math.floor(post.at / BIN)
        if self._open is not None and number >= self._open:
            self._sums[number] = self._sums.get(number, 0.0) + post.negative * post.bad
            self._recent.append(post)
        return found

    def _advance(self, now: float) -> Burst | None:
        due = math.floor((now - _LATE) / BIN)
        if self._open is None or due < self._open - _BACK / BIN:
            self._open = due
            self._sums.clear()
            return None
        first = self._open
        if due - first > _SILENCE:
            first = due - 1
            self._sums = {n: sum_ for n, sum_ in self._sums.items() if n >= first}
        found: Burst | None = None
        for number in range(first, due):
            found = self._close(number) or found
        self._open = max(self._open, due)
        return found

    def _close(self, number: int) -> Burst | None:
        at = datetime.fromtimestamp(number * BIN, tz=UTC)
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
