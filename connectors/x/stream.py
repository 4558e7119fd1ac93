"""The filtered stream: one connection at a time, and how long to wait before the next.

Source: https://docs.x.com/x-api/fundamentals/handling-disconnections
"""

import asyncio
from collections import deque
from datetime import datetime
from typing import Final

from connectors.x.client import XApi
from connectors.x.errors import ApiError, Fault
from core.clock import Clock

_ROOM: Final = 500
"""Lines that wait at most; beyond it X is not read from until there is room."""


class Stream:
    """One connection; what it delivers waits in a queue."""

    def __init__(self, api: XApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._lines: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._connected = False
        self._error: ApiError | None = None
        self.heard = 0
        """Lines and keep-alives since it was connected."""

    @property
    def error(self) -> ApiError:
        """What ended it."""
        return self._error or ApiError(Fault.UNCLEAR, "the stream was closed")

    async def open(self) -> None:
        """Connect; raises ApiError where it fails."""
        self._task = self._api.follow(data=self._data, alive=self._alive, ended=self._ended)
        self._task.add_done_callback(lambda _task: self._changed.set())
        while not self._connected and not self.is_over():
            await self._changed.wait()
            self._changed.clear()
        if not self._connected:
            raise self.error

    async def take(self, seconds: float) -> list[bytes]:
        """What has come, after at most ``seconds``; nothing after the end either."""
        if not self._lines and not self.is_over():
            self._changed.clear()
            waiting = asyncio.ensure_future(self._changed.wait())
            pause = asyncio.ensure_future(self._clock.sleep(seconds))
            try:
                await asyncio.wait((waiting, pause), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
                pause.cancel()
                await asyncio.gather(waiting, pause, return_exceptions=True)
        lines = list(self._lines)
        self._lines.clear()
        self._taken.set()
        return lines

    def is_over(self) -> bool:
        """True once nothing more will come than what waits."""
        return self._task is not None and self._task.done()

    def was_open(self) -> bool:
        """True where it has been connected, even if it is over."""
        return self._connected

    def is_broken(self) -> bool:
        """True where it was not we who ended it."""
        return self._error is not None

    async def close(self) -> None:
        """End the connection; what waits can still be taken."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _data(self, line: bytes) -> None:
        while len(self._lines) >= _ROOM:
            self._taken.clear()
            await self._taken.wait()
        self._lines.append(line)
        self.heard += 1
        self._changed.set()

    def _alive(self) -> None:
        if self._connected:
            self.heard += 1
            return
        self._connected = True
        self._changed.set()

    def _ended(self, error: ApiError) -> None:
        self._error = error


class Backoff:
    """How long X asks to wait before the next connection.

    A connection that breaks is made anew at once; then it takes 250 ms more each time, up to 16 s.
    Refusals double from 5 s to 320 s; 429 ends when X says, else it doubles from a minute on.
    """

    def __init__(self) -> None:
        self._breaks = 0
        self._refusals = 0
        self._floods = 0

    def worked(self) -> None:
        """Something came through the connection."""
        self._breaks = self._refusals = self._floods = 0

    def failed(self, error: ApiError, now: datetime) -> float:
        """Seconds to wait after ``error``."""
        if error.status is None:
            self._breaks += 1
            return min(16.0, 0.25 * (self._breaks - 1))
        if error.fault in {Fault.WAIT, Fault.CAPPED}:
            self._floods += 1
            told = error.wait(now)
            return 60.0 * 2.0 ** min(self._floods - 1, 6) if told is None else told
        self._refusals += 1
        return min(320.0, 5.0 * 2.0 ** min(self._refusals - 1, 7))
