"""What may be read in a month, in posts and in dollars, and how slowly to read near its end.

X takes money for each post it delivers, for the same post once a UTC day.
Source: https://docs.x.com/x-api/getting-started/pricing
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from connectors.x.cursor import Mark
from connectors.x.settings import XSettings
from core.clock import Clock

_MOST_IDS: Final = 200_000


class Pace(Enum):
    """How fast is read; ``value`` is how many times longer the pauses are."""

    NORMAL = 1
    SLOW = 4
    SLOWER = 15
    SPENT = 0
    """Nothing is read before the next month."""


class Budget:
    """Counts what is read in each calendar month (UTC)."""

    def __init__(self, settings: XSettings, clock: Clock) -> None:
        self._clock = clock
        self._dollars = settings.budget_dollars
        self._price = settings.dollars_per_post
        affordable = settings.budget_dollars / self._price if self._price else settings.budget_posts
        self.limit = int(min(settings.budget_posts, affordable))
        """How many posts a month both budgets allow."""
        self._month = ""
        self._read = 0
        self._today = ""
        self._read_today: set[str] = set()
        self._count_today = 0

    def restore(self, mark: Mark) -> None:
        """Go on from what was read before the restart; never counts less than it already has."""
        if mark.month == self.month:
            self._read = max(self._read, mark.read)

    def spend(self, ids: Iterable[str]) -> None:
        """Count posts that X has delivered."""
        self._turn()
        new = set(ids) - self._read_today
        self._read += len(new)
        self._count_today += len(new)
        if len(self._read_today) < _MOST_IDS:
            self._read_today |= new

    @property
    def month(self) -> str:
        """Which month is counted now."""
        self._turn()
        return self._month

    @property
    def read(self) -> int:
        """Posts read in this month."""
        self._turn()
        return self._read

    @property
    def left(self) -> int:
        """Posts that may still be read in this month."""
        return max(0, self.limit - self.read)

    @property
    def pace(self) -> Pace:
        """Slower from three quarters on, unless as much of the month is over."""
        spent = self.read / self.limit if self.limit else 1.0
        if spent >= 1:
            return Pace.SPENT
        if spent < 0.75 or spent <= self._elapsed():
            return Pace.NORMAL
        return Pace.SLOW if spent < 0.9 else Pace.SLOWER

    def may_reread(self) -> bool:
        """Whether figures may be read again; when slowed, an even share of the rest a day."""
        pace = self.pace
        if pace is Pace.NORMAL:
            return True
        days = max(1.0, (self.renewed_at() - self._clock.now()) / timedelta(days=1))
        return pace is not Pace.SPENT and self._count_today < (self.left + self._count_today) / days

    def renewed_at(self) -> datetime:
        """When the next month begins."""
        now = self._clock.now()
        return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)

    def spoken(self) -> str:
        """The state for staff: posts and dollars, read and allowed."""
        text = f"{self.read} of {self.limit} posts"
        if self._price:
            text += f", ${self.read * self._price:.2f} of ${self._dollars:.2f}"
        return text

    def _elapsed(self) -> float:
        """The share of this month that is over."""
        now = self._clock.now()
        begin = datetime(now.year, now.month, 1, tzinfo=UTC)
        return (now - begin) / (self.renewed_at() - begin)

    def _turn(self) -> None:
        now = self._clock.now()
        month, today = f"{now:%Y-%m}", f"{now:%Y-%m-%d}"
        if month != self._month:
            self._month, self._read = month, 0
        if today != self._today:
            self._today, self._read_today, self._count_today = today, set(), 0
