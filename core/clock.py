"""Time as something that is passed in."""

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z."""
    return (at - EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """The UTC time that ``micros`` gave."""
    return EPOCH + timedelta(microseconds=at)


class Clock(Protocol):
    """The source of time: reads it and sleeps."""

    def now(self) -> datetime:
        """The time of day, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; returns at once for zero or less."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that stands still until ``advance`` is called; for tests and backtests."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._elapsed = 0.0
        self._order = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._order, waiter))
        await waiter

    async def advance(self, seconds: float) -> None:
        """Move on by ``seconds``, waking each sleeper at its own time and letting it run."""
        goal = self._elapsed + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= goal:
            due, _, waiter = heapq.heappop(self._sleepers)
            self._set(due)
            if not waiter.done():
                waiter.set_result(None)
            await _settle()
        self._set(goal)

    def _set(self, elapsed: float) -> None:
        self._now += timedelta(seconds=elapsed - self._elapsed)
        self._elapsed = elapsed


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
