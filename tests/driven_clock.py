"""A clock that the test drives, for parts that do real I/O on sockets, files and threads."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

T = TypeVar("T")
START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WATCHDOG_SECONDS: Final = 120.0
"""Real seconds after which a wait fails; a bound for hangs, not a measure of speed."""


class DrivenClock:
    """A Clock that stands still while anything works, however slow the machine is.

    ``ManualClock.advance`` lets a woken task run for a few turns of the loop, which is not enough
    for one that waits for a socket or a thread. This clock is told how many tasks (``parties``)
    sleep on it while nothing is going on, and moves only once all of them do.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """As Clock.now."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """As Clock.monotonic."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """As Clock.sleep; returns once the test has driven the clock there."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._order, waiter))
        await waiter

    def leap(self, seconds: float) -> None:
        """Move on at once; wakes no one. For tests in which nothing sleeps."""
        self._elapsed += seconds

    async def idle(self, parties: int = 1) -> None:
        """Wait until ``parties`` tasks sleep on this clock."""
        async with asyncio.timeout(WATCHDOG_SECONDS):
            for _ in range(20):  # what was set or put just now reaches its waiter within these
                await asyncio.sleep(0)
            while self._sleeping() < parties:
                await asyncio.sleep(0.001)

    async def advance(self, seconds: float, *, parties: int) -> None:
        """Move on by ``seconds``, waking each sleeper at its time."""
        goal = self._elapsed + seconds
        await self.idle(parties)
        while self._sleepers[0][0] <= goal:
            self._wake()
            await self.idle(parties)
        self._elapsed = goal

    async def until(self, condition: Callable[[], bool], *, parties: int, seconds: float) -> None:
        """Wake one sleeper after another until ``condition``; fails after ``seconds`` here."""
        end = self._elapsed + seconds
        await self.idle(parties)
        while not condition():
            self._wake()
            assert self._elapsed < end, "the condition was not met in time"
            await self.idle(parties)

    async def finish(self, task: asyncio.Task[T]) -> T:
        """Wake ``task`` whenever it sleeps, until it is done; returns its result."""
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while not task.done():
                if self._sleeping():
                    self._wake()
                await asyncio.sleep(0.001)
        return task.result()

    def _sleeping(self) -> int:
        self._sleepers = [one for one in self._sleepers if not one[2].done()]
        heapq.heapify(self._sleepers)
        return len(self._sleepers)

    def _wake(self) -> None:
        due, _, waiter = heapq.heappop(self._sleepers)
        self._elapsed = max(self._elapsed, due)
        waiter.set_result(None)
