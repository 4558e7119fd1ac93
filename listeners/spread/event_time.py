"""What time it is among the posts, which a few wrong dates or a jumping clock do not move."""

from collections import deque
from typing import Final

DAY: Final = 86_400.0
_SLACK: Final = 600.0
_ASKED: Final = 33


class EventTime:
    """The lower median of the latest dates, in seconds since 1970."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=_ASKED)
        self._heard_at: float | None = None

    @property
    def now(self) -> float:
        """Raises IndexError before the first date."""
        return sorted(self._latest)[(len(self._latest) - 1) // 2]

    def going_on(self, *, clock: float, elapsed: float) -> float:
        """``now`` and what has passed since the last date; the clock's time before the first."""
        return clock if self._heard_at is None else self.now + elapsed - self._heard_at

    def take(self, at: float, *, clock: float, elapsed: float = 0.0) -> float | None:
        """The date to go by, or ``None`` where it lies ahead of the clock and of its neighbours.

        A date slightly ahead is taken as it is: clocks differ by minutes, and a machine's clock
        that was set back must not make everything look like the future. ``elapsed``: seconds that
        never go back.
        """
        self._latest.append(at)
        ahead = max(clock + _SLACK, self.now + DAY)
        if at > ahead:
            return None
        self._heard_at = elapsed
        return at
