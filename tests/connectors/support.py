"""Shared by connector tests: an intake in memory, and the context around it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.catalogue import shipped_catalogue
from connectors.context import ConnectorContext, StaffRoom
from core.clock import Clock, SystemClock
from core.connector import Connector
from core.errors import StoreError
from core.model.alerts import Alert
from core.model.events import Event, Page, Receipt, Reject
from core.runtime.bus import Bus
from tests.driven_clock import WATCHDOG_SECONDS

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class FastForwardClock:
    """The machine's clock, some times faster."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._start = time.monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._start) * self._factor

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds / self._factor))


class MemoryIntake:
    """An inbox in memory with the promises of the real one: a page whole or not at all."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str, int], Event] = {}
        self.rejects: dict[tuple[str, str], Reject] = {}
        self.cursors: dict[str, str] = {}
        self.pages: list[Page] = []
        self.full = False
        self._changed = asyncio.Condition()

    async def accept(self, connector: str, page: Page) -> Receipt:
        if self.full:
            raise StoreError("no room")
        accepted = 0
        for event in page.events:
            key = (event.channel, event.id, event.revision)
            accepted += key not in self.events
            self.events.setdefault(key, event)
        for reject in page.rejects:
            self.rejects.setdefault((reject.channel, reject.id), reject)
        if page.cursor is not None:
            self.cursors[connector] = page.cursor
        self.pages.append(page)
        async with self._changed:
            self._changed.notify_all()
        return Receipt(
            accepted=accepted,
            duplicates=len(page.events) - accepted,
            rejected=len(page.rejects),
        )

    async def until(self, events: int, *, rejects: int = 0) -> None:
        """Wait until that many are stored."""
        async with asyncio.timeout(WATCHDOG_SECONDS), self._changed:
            await self._changed.wait_for(
                lambda: len(self.events) >= events and len(self.rejects) >= rejects
            )

    @property
    def ids(self) -> list[str]:
        """Native ids in the order of storing."""
        return [event.id for event in self.events.values()]


class AlertLog:
    """Records raised alerts."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}

    async def raise_alert(self, alert: Alert) -> None:
        self.alerts.setdefault(alert.key, alert)


@dataclass(kw_only=True)
class ConnectorKit:
    """The parts of a ConnectorContext, each accessible to the test."""

    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    intake: MemoryIntake = field(default_factory=MemoryIntake)
    alarm: AlertLog = field(default_factory=AlertLog)
    bus: Bus = field(default_factory=Bus)
    staff: StaffRoom | None = None

    @property
    def context(self) -> ConnectorContext:
        return ConnectorContext(
            intake=self.intake,
            clock=self.clock,
            bus=self.bus,
            alarm=self.alarm,
            catalogue=shipped_catalogue(),
            folder=self.folder,
            staff=self.staff,
        )


async def drain(connector: Connector, intake: MemoryIntake, *, pages: int | None = None) -> None:
    """Store what the connector delivers, as its supervisor does, until it ends."""
    source = connector.pages(intake.cursors.get(connector.name))
    try:
        async for page in source:
            await intake.accept(connector.name, page)
            if pages is not None:
                pages -= 1
                if pages == 0:
                    return
    finally:
        if hasattr(source, "aclose"):
            await source.aclose()


@asynccontextmanager
async def running(connector: Connector, intake: MemoryIntake) -> AsyncIterator[asyncio.Task[None]]:
    """The connector at work in the background; closed and gone afterwards."""
    task = asyncio.create_task(drain(connector, intake))
    try:
        yield task
    finally:
        await connector.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
