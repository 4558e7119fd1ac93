"""The report about a replay: what came in, what became of it, and how fast."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from core.clock import Clock
from core.model.events import EventCounts, Received
from core.model.outbox import ReplyState
from core.model.outcomes import Outcome

_SHARES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


class Stopwatch:
    """Notes how long each event took from the durable inbox to its recorded end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._last = self._started
        self.seconds: list[float] = []
        self.tickets: set[str] = set()
        self.replies = 0
        """Replies and drafts that were planned."""

    def ended(self, item: Received, outcome: Outcome) -> None:
        """One event is done or dropped."""
        now: datetime = self._clock.now()
        self._last = self._clock.monotonic()
        self.seconds.append((now - item.received_at).total_seconds())
        if outcome.plan is not None:
            if outcome.plan.ticket is not None:
                self.tickets.add(outcome.plan.ticket.number)
            self.replies += sum(
                reply.state is not ReplyState.DRAFT for reply in outcome.plan.replies
            )

    def report(self, before: EventCounts, after: EventCounts, alerts: int) -> dict[str, object]:
        """Figures of this run; ``events_in`` is the sum of the four that follow it.

        Events that an earlier run left pending come in again.
        """
        took = self._last - self._started
        dropped = {
            reason: count - before.dropped.get(reason, 0)
            for reason, count in sorted(after.dropped.items())
            if count > before.dropped.get(reason, 0)
        }
        return {
            "events_in": after.received - before.received + before.pending,
            "done": after.done - before.done,
            "pending": after.pending,
            "dead_lettered": after.dead - before.dead,
            "dropped": dropped,
            "events_per_second": round(len(self.seconds) / took, 1) if took > 0 else 0.0,
            "latency_ms": latencies(self.seconds),
            "tickets": len(self.tickets),
            "replies": self.replies,
            "alerts": alerts,
        }


def latencies(seconds: Sequence[float]) -> Mapping[str, float | None]:
    """p50, p95 and p99 in milliseconds (nearest rank); ``None`` where nothing was measured."""
    ordered = sorted(seconds)
    if not ordered:
        return {name: None for name, _ in _SHARES}
    return {
        name: round(ordered[math.ceil(share * len(ordered)) - 1] * 1000, 1)
        for name, share in _SHARES
    }
