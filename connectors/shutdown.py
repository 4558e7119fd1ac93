"""Ends whatever a connector waits for as soon as it is closed."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Closing:
    """Open once and closed for good."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()

    def is_closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        """May be called twice."""
        self._closed.set()

    async def wait(self) -> None:
        """Return once it is closed."""
        await self._closed.wait()

    async def unless(self, work: Coroutine[object, object, T]) -> T | None:
        """What ``work`` gives; or ``None``, and an end to ``work``, as soon as it is closed."""
        task = asyncio.ensure_future(work)
        closed = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait((task, closed), return_when=asyncio.FIRST_COMPLETED)
            return None if closed.done() else task.result()
        finally:
            task.cancel()
            closed.cancel()
            await asyncio.gather(task, closed, return_exceptions=True)
