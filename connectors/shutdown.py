"""Ends a connector's waiting as soon as the connector is closed."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Shutdown:
    """A signal that is given once: the connector was closed."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()

    def is_closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        """Give the signal; may be called twice."""
        self._closed.set()

    async def wait(self) -> None:
        """Return once the signal is given."""
        await self._closed.wait()

    async def unless_closed(self, work: Coroutine[object, object, T]) -> T | None:
        """Await ``work``; cancels it and returns ``None`` as soon as the signal is given."""
        task = asyncio.ensure_future(work)
        closed = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait((task, closed), return_when=asyncio.FIRST_COMPLETED)
            return None if closed.done() else task.result()
        finally:
            task.cancel()
            closed.cancel()
            await asyncio.gather(task, closed, return_exceptions=True)
