"""The filtered stream: its rules on X, and one connection to it.

Source: https://docs.x.com/x-api/posts/filtered-stream/introduction
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from connectors.json_fields import JsonObject
from connectors.x.client import XApi
from connectors.x.errors import XFault, XRequestError, one_line
from core.clock import Clock
from core.errors import Refused

TAG: Final = "tingfeng"
"""Marks the rules that this program has added."""
_BATCH: Final = 100
"""Rules in one request."""
_MOST_QUEUED: Final = 500
"""Lines in the queue; while it is full, nothing is read from the connection."""


class XStream:
    """One connection, whose lines are queued until they are taken."""

    def __init__(self, api: XApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._lines: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._connected = False
        self._error: XRequestError | None = None
        self.received = 0
        """Lines and keep-alives received so far."""

    @property
    def error(self) -> XRequestError:
        """The reason why the connection ended."""
        return self._error or XRequestError(XFault.UNCLEAR, "the stream was closed")

    async def open(self) -> None:
        """Connect; raises XRequestError if that fails."""
        self._task = self._api.follow(data=self._data, alive=self._alive, ended=self._ended)
        self._task.add_done_callback(lambda _task: self._changed.set())
        while not self._connected and not self.has_ended():
            await self._changed.wait()
            self._changed.clear()
        if not self._connected:
            raise self.error

    async def take(self, seconds: float) -> list[bytes]:
        """Wait up to ``seconds`` for lines and take all of them; returns ``[]`` after the end."""
        if not self._lines and not self.has_ended():
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

    def has_ended(self) -> bool:
        """True if no more lines will come than those in the queue."""
        return self._task is not None and self._task.done()

    def was_connected(self) -> bool:
        """True if the connection was established, even if it has ended since."""
        return self._connected

    def has_failed(self) -> bool:
        """True if the connection ended without being closed by ``close``."""
        return self._error is not None

    async def close(self) -> None:
        """Disconnect; queued lines can still be taken."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _data(self, line: bytes) -> None:
        while len(self._lines) >= _MOST_QUEUED:
            self._taken.clear()
            await self._taken.wait()
        self._lines.append(line)
        self.received += 1
        self._changed.set()

    def _alive(self) -> None:
        if self._connected:
            self.received += 1
            return
        self._connected = True
        self._changed.set()

    def _ended(self, error: XRequestError) -> None:
        self._error = error


async def sync_rules(api: XApi, wanted: Sequence[str]) -> tuple[int, int]:
    """Make the stream's rules on X equal to ``wanted``; returns how many were (removed, added).

    Raises:
        XRequestError: a request failed.
        Refused: X rejects a rule.
    """
    present: set[str] = set()
    stale: list[str] = []
    for rule in await api.rules():
        value, number = rule.get("value"), rule.get("id")
        if isinstance(value, str) and value in wanted and value not in present:
            present.add(value)
        elif isinstance(number, str):
            stale.append(number)
    missing = [value for value in dict.fromkeys(wanted) if value not in present]
    for start in range(0, len(stale), _BATCH):
        await api.delete_rules(stale[start : start + _BATCH])
    for start in range(0, len(missing), _BATCH):
        added = [(value, TAG) for value in missing[start : start + _BATCH]]
        for error in await api.add_rules(added):
            if "duplicate" not in str(error.get("title", "")).lower():
                raise _refused(error)
    return len(stale), len(missing)


def _refused(error: JsonObject) -> Refused:
    details = error.get("details")
    why = "; ".join(map(str, details)) if isinstance(details, list) else str(error.get("title", ""))
    return Refused(
        f"X rejects the rule {one_line(str(error.get('value', '')))!r}: {one_line(why)}",
        remedy="Correct it in the channel's rules; see docs/reference/channels/x.md.",
    )
