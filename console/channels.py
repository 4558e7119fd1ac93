"""The channels that mentions come from, for the filters: a feed may carry many."""

import asyncio
from collections.abc import Sequence
from typing import Final

from core.clock import Clock
from core.mentions import MentionFilter
from core.repositories import Store

LOOK_AT: Final = 500
AGAIN_SECONDS: Final = 30.0


class Channels:
    """Remembers every channel that it has seen; looks again now and then."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: set[str] = set()
        self._looked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def known(self) -> Sequence[str]:
        """Names in order."""
        async with self._lock:
            now = self._clock.monotonic()
            if now - self._looked_at >= AGAIN_SECONDS:
                page = await self._store.mentions.find(MentionFilter(), limit=LOOK_AT)
                self._seen |= {handled.mention.event.channel for handled in page.mentions}
                self._looked_at = now if page.mentions else self._looked_at
        return sorted(self._seen)
