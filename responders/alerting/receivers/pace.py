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
    """Remembers what was sent, and says when the next may be.

    The more was sent in a span, the longer what comes is gathered: in a burst messages become
    fewer and larger, and there is always one left soon for what is grave.
    """

    def __init__(self, limits: Sequence[Limit], clock: Clock) -> None:
        self._limits = tuple(limits)
        self._clock = clock
        self._sent: deque[float] = deque(maxlen=max((one.count for one in limits), default=1))

    def ready_in(self) -> float:
        """Seconds until the next message; 0 where that is now."""
        now = self._clock.monotonic()
        return max((self._wait(limit, now) for limit in self._limits), default=0.0)

    def _wait(self, limit: Limit, now: float) -> float:
        lately = [at for at in self._sent if now - at < limit.seconds]
        if len(lately) >= limit.count:
            return lately[-limit.count] + limit.seconds - now
        if not lately:
            return 0.0
        gather = 2 * limit.seconds * len(lately) / limit.count**2
        return max(0.0, lately[-1] + gather - now)

    def note(self) -> None:
        """A message is being sent."""
        self._sent.append(self._clock.monotonic())
