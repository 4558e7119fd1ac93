"""Live changes inside one process: the store is the truth, this only saves asking it.

A slow listener loses the oldest changes, never the newest, and never holds up who publishes.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from core.model.alerts import Alert
from core.model.health import Health
from core.model.incidents import Incident
from core.model.mentions import Mention
from core.model.outbox import Reply
from core.model.tickets import Ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationUpdated:
    """A conversation has new lines; the store has them."""

    channel: str
    conversation: str


Change = Mention | Ticket | Alert | Incident | Reply | ConversationUpdated | Health


class Subscription:
    """One listener's view of the bus; iterate it, and close it when done."""

    def __init__(self, bus: "Bus", size: int) -> None:
        self._bus = bus
        self._waiting: deque[Change] = deque(maxlen=size)
        self._ready = asyncio.Event()
        self.lost = 0
        """Number of changes dropped for this listener."""

    def put(self, change: Change) -> None:
        if len(self._waiting) == self._waiting.maxlen:
            self.lost += 1
        self._waiting.append(change)
        self._ready.set()

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._ready.clear()
            await self._ready.wait()

    def close(self) -> None:
        """Hear nothing more; may be called twice."""
        self._bus.forget(self)


class Bus:
    """Passes changes to everyone who listens now."""

    def __init__(self) -> None:
        self._listeners: set[Subscription] = set()

    def publish(self, change: Change) -> None:
        """Tell every listener; never waits."""
        for listener in self._listeners:
            listener.put(change)

    def subscribe(self, size: int = 1000) -> Subscription:
        """Start listening; at most ``size`` changes are kept for this listener."""
        listener = Subscription(self, size)
        self._listeners.add(listener)
        return listener

    def forget(self, listener: Subscription) -> None:
        self._listeners.discard(listener)
