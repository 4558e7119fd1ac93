"""The time of the posts, robust against wrong dates and a jumping system clock."""

from collections import deque
from datetime import UTC, datetime
from typing import Final

DAY: Final = 86_400.0
_CLOCK_SKEW: Final = 600.0
"""Seconds by which a post's date may lie ahead of the system clock."""
_WINDOW: Final = 33
"""Latest dates that the median is taken of."""


class EventTime:
    """The lower median of the latest post dates, in seconds since 1970.

    Detectors go by when posts were written, not by when they arrived, so that a backlog is judged
    like live data. The largest date so far (a watermark) would let one wrong date push everything
    else into the past; the median of the last 33 dates moves only if half of them are wrong.
    Between posts the time advances with the monotonic clock, so that incidents end although nothing
    is said.
    """

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=_WINDOW)
        self._observed_at: float | None = None

    @property
    def now(self) -> float:
        """The median date. Raises IndexError before the first date."""
        return sorted(self._latest)[(len(self._latest) - 1) // 2]

    def estimate(self, *, clock: float, elapsed: float) -> float:
        """``now`` plus the time since the last date; ``clock`` before the first date.

        ``clock`` is the system time in seconds since 1970, ``elapsed`` monotonic seconds.
        """
        return clock if self._observed_at is None else self.now + elapsed - self._observed_at

    def observe(self, at: float, *, clock: float, elapsed: float = 0.0) -> float | None:
        """Record the date of a post; ``None`` if it must be ignored because it is in the future.

        A date is in the future if it is ahead of both the system clock (plus ten minutes of skew)
        and of the other posts (plus a day): a system clock that was set back must not make every
        post look wrong.
        """
        self._latest.append(at)
        ahead = max(clock + _CLOCK_SKEW, self.now + DAY)
        if at > ahead:
            return None
        self._observed_at = elapsed
        return at


def utc(second: float) -> datetime:
    """Seconds since 1970 as an aware datetime."""
    return datetime.fromtimestamp(second, tz=UTC)
