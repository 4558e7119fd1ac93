"""How many messages a platform takes in which time."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import Clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most ``count`` messages in any ``seconds``."""

    count: int
    seconds: float


class Pace:
    """Remembers what was sent, and says when the next may be."""

    def __init__(self, limits: Sequence[Limit], clock: Clock) -> None:
        self._limits = tuple(limits)
        self._clock = clock
        self._sent: deque[float] = deque(maxlen=max((one.count for one in limits), default=1))

    def ready_in(self) -> float:
        """Seconds until the next message; 0 where that is now."""
        now = self._clock.monotonic()
        waits = [
            self._sent[-limit.count] + limit.seconds - now
            for limit in self._limits
            if len(self._sent) >= limit.count
        ]
        return max(0.0, *waits) if waits else 0.0

    def note(self) -> None:
        """A message is being sent."""
        self._sent.append(self._clock.monotonic())
