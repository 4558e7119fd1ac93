"""Intake of events: persist a page, then wake the pipeline."""

import asyncio
from collections.abc import Callable

from core.model.events import Page, Receipt
from core.repositories import Events


class EventIntake:
    """Persists pages; slows connectors down while the pipeline is behind."""

    def __init__(self, events: Events, *, wake: Callable[[], None], room: int = 2_000) -> None:
        self._events = events
        self._wake = wake
        self._room = room
        self._free = 0
        """Events that may be stored before the inbox can be full; counted down, not asked for."""
        self._followers: dict[str, Callable[[int], None]] = {}
        self.totals = Receipt(accepted=0, duplicates=0, rejected=0)
        """Totals since the start."""

    def follow(self, connector: str, heard: Callable[[int], None]) -> None:
        """Call ``heard`` with the number of stored events after each page of a connector.

        Pushed events do not pass the supervisor, which learns of them this way.
        """
        self._followers[connector] = heard

    async def accept(self, connector: str, page: Page) -> Receipt:
        """As core.repositories.Events.accept."""
        receipt = await self._events.accept(connector, page)
        self.totals = Receipt(
            accepted=self.totals.accepted + receipt.accepted,
            duplicates=self.totals.duplicates + receipt.duplicates,
            rejected=self.totals.rejected + receipt.rejected,
        )
        if receipt.accepted:
            self._free -= receipt.accepted
            self._wake()
            if (heard := self._followers.get(connector)) is not None:
                heard(receipt.accepted)
        return receipt

    async def wait_for_room(self) -> None:
        """Return once fewer than ``room`` events wait to be processed.

        Looks into the inbox only once so many were stored that it may be full.
        """
        while self._free <= 0:
            self._free = self._room - (await self._events.counts()).pending
            if self._free <= 0:
                await asyncio.sleep(0.05)
