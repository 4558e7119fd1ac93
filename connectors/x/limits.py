"""The monthly budget for reading, and the pauses between connections to the stream.

X charges for each post that it delivers, once per UTC day.

Source: https://docs.x.com/x-api/getting-started/pricing
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from connectors.x.errors import XFault, XRequestError
from connectors.x.settings import XSettings
from core.backoff import delay
from core.clock import Clock

_MOST_DEDUPLICATED: Final = 200_000


class ReadPace(Enum):
    """Speed of reading; the value is the factor on the pauses between searches."""

    NORMAL = 1
    SLOW = 4
    SLOWER = 15
    SPENT = 0
    """Nothing is read until the next month."""


class ReadBudget:
    """Counts the posts read in each calendar month (UTC) against the budget."""

    def __init__(self, settings: XSettings, clock: Clock) -> None:
        self._clock = clock
        self._dollars = settings.budget_dollars
        self._price = settings.dollars_per_post
        affordable = settings.budget_dollars / self._price if self._price else settings.budget_posts
        self.limit = int(min(settings.budget_posts, affordable))
        """Posts per month that both the post and the dollar budget allow."""
        self._month = ""
        self._read = 0
        self._today = ""
        self._read_today: set[str] = set()
        self._count_today = 0

    def restore(self, month: str, read: int) -> None:
        """Continue the count of ``month`` from a cursor; the count never decreases."""
        if month == self.month:
            self._read = max(self._read, read)

    def spend(self, ids: Iterable[str]) -> None:
        """Count delivered posts."""
        self._roll_over()
        new = set(ids) - self._read_today
        self._read += len(new)
        self._count_today += len(new)
        if len(self._read_today) < _MOST_DEDUPLICATED:
            self._read_today |= new

    @property
    def month(self) -> str:
        """The current month, as ``2026-03``."""
        self._roll_over()
        return self._month

    @property
    def read(self) -> int:
        """Posts read this month."""
        self._roll_over()
        return self._read

    @property
    def left(self) -> int:
        """Posts that may still be read this month."""
        return max(0, self.limit - self.read)

    @property
    def pace(self) -> ReadPace:
        """Slower from 75 % of the budget on, unless an equal share of the month has passed."""
        spent = self.read / self.limit if self.limit else 1.0
        if spent >= 1:
            return ReadPace.SPENT
        if spent < 0.75 or spent <= self._elapsed():
            return ReadPace.NORMAL
        return ReadPace.SLOW if spent < 0.9 else ReadPace.SLOWER

    def may_reread(self) -> bool:
        """True if metrics may be read again; when slowed, within an equal share a day."""
        pace = self.pace
        if pace is ReadPace.NORMAL:
            return True
        days = max(1.0, (self.renewed_at() - self._clock.now()) / timedelta(days=1))
        return (
            pace is not ReadPace.SPENT
            and self._count_today < (self.left + self._count_today) / days
        )

    def renewed_at(self) -> datetime:
        """Start of the next month."""
        now = self._clock.now()
        return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)

    def summary(self) -> str:
        """Posts and dollars, read and allowed, for staff."""
        text = f"{self.read} of {self.limit} posts"
        if self._price:
            text += f", ${self.read * self._price:.2f} of ${self._dollars:.2f}"
        return text

    def _elapsed(self) -> float:
        """Share of this month that has passed."""
        now = self._clock.now()
        begin = datetime(now.year, now.month, 1, tzinfo=UTC)
        return (now - begin) / (self.renewed_at() - begin)

    def _roll_over(self) -> None:
        now = self._clock.now()
        month, today = f"{now:%Y-%m}", f"{now:%Y-%m-%d}"
        if month != self._month:
            self._month, self._read = month, 0
        if today != self._today:
            self._today, self._read_today, self._count_today = today, set(), 0


class StreamBackoff:
    """Computes the pauses that X prescribes between connections to the stream.

    A broken connection is retried at once, then after 250 ms more each time, up to 16 s. Refusals
    double from 5 s to 320 s. 429 lasts until the time that X names, else it doubles from 60 s.

    Source: https://docs.x.com/x-api/fundamentals/handling-disconnections
    """

    def __init__(self) -> None:
        self._breaks = 0
        self._refusals = 0
        self._rate_limits = 0

    def reset(self) -> None:
        """Start over after data came through the connection."""
        self._breaks = self._refusals = self._rate_limits = 0

    def next_delay(self, error: XRequestError, now: datetime) -> float:
        """Seconds to wait after ``error``."""
        if error.status is None:
            self._breaks += 1
            return min(16.0, 0.25 * (self._breaks - 1))
        if error.fault in {XFault.WAIT, XFault.CAPPED}:
            self._rate_limits += 1
            named = error.retry_after(now)
            return delay(self._rate_limits, first=60.0, most=3840.0) if named is None else named
        self._refusals += 1
        return delay(self._refusals, first=5.0, most=320.0)
