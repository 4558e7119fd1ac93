"""Intake of events: keeps each connector running, persists its pages, then wakes the pipeline.

A connector that fails is restarted with jittered backoff, and its health is reported.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from core.backoff import delay
from core.clock import Clock
from core.connector import Connector, ReportsContact, ReportsHealth
from core.errors import Refused, StoreError, Unavailable
from core.model.events import Page, Receipt
from core.model.health import Health, Status
from core.repositories import Events
from core.runtime.bus import Bus

log = logging.getLogger(__name__)

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 300.0
_HOUR: Final = timedelta(hours=1)
_DAYS: Final = timedelta(days=14)
_ENOUGH_DAYS: Final = 3
_ENOUGH_GAPS: Final = 50
_REMEMBERED: Final = 1000
_AT_THIS_HOUR: Final = 2
"""So many times the usual silence of this hour is not usual."""
_OF_LATE: Final = 20
"""The same for the gaps of late, which may know no night yet."""
_LEAST: Final = timedelta(minutes=30)
_LEAST_OF_LATE: Final = timedelta(hours=3)


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


class SilenceBaseline:
    """One channel's times without an event, so that an unusual silence can be recognised.

    Nights are quiet and noons are not: once a few days are known, a silence is compared with how
    long it was silent at this hour of the other days. Until then only a silence far beyond all gaps
    of late counts. Kept in memory; after a restart it is learned anew.
    """

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._late: deque[timedelta] = deque(maxlen=_REMEMBERED)
        self._hours: dict[tuple[date, int], timedelta] = {}
        """By day and hour (UTC): how long it had been silent then, at most."""

    def note(self, at: datetime) -> None:
        """Something came; note for each hour how long it had been silent by its end."""
        last = self._last
        if last is None or at <= last:
            self._last = last or at
            return
        self._late.append(at - last)
        hour = max(last, at - _DAYS).replace(minute=0, second=0, microsecond=0)
        while hour <= at:
            cell = (hour.date(), hour.hour)
            silent = min(at, hour + _HOUR) - last
            self._hours[cell] = max(silent, self._hours.get(cell, timedelta()))
            hour += _HOUR
        oldest = (at - _DAYS).date()
        self._hours = {cell: kept for cell, kept in self._hours.items() if cell[0] >= oldest}
        self._last = at

    def bearable(self, now: datetime) -> timedelta | None:
        """The longest usual silence at this hour; ``None`` until enough is known."""
        days = sorted(
            silent
            for (day, hour), silent in self._hours.items()
            if hour == now.hour and day < now.date()
        )
        if len(days) >= _ENOUGH_DAYS:
            usual = days[-1] if len(days) == _ENOUGH_DAYS else days[-2]  # one day may be an outage
            return max(_LEAST, _AT_THIS_HOUR * usual)
        if len(self._late) < _ENOUGH_GAPS:
            return None
        longest = sorted(self._late)[-1 - len(self._late) // 100]
        return max(_LEAST_OF_LATE, _OF_LATE * longest)


class Supervisor:
    """Runs one connector for ever; its failures are its own."""

    def __init__(
        self,
        connector: Connector,
        *,
        events: Events,
        intake: EventIntake,
        clock: Clock,
        bus: Bus,
        random: Callable[[], float],
    ) -> None:
        self._connector = connector
        self._events = events
        self._intake = intake
        self._clock = clock
        self._bus = bus
        self._random = random
        self._failures = 0
        self._gaps = SilenceBaseline()
        self._health = Health(name=connector.name, status="starting", since=clock.now())
        intake.follow(connector.name, self._count)

    @property
    def health(self) -> Health:
        """Health of the connector, with the details it reports itself."""
        health = replace(self._health, bearable=self._gaps.bearable(self._clock.now()))
        if isinstance(self._connector, ReportsContact) and health.status == "starting":
            at = self._connector.last_contact
            if at is not None and at >= health.since:
                health = replace(health, status="connected")
        if isinstance(self._connector, ReportsHealth):
            health = replace(health, detail=self._connector.detail())
        return health

    async def run(self) -> None:
        """Read the connector until it has no more, is refused, or the task is cancelled."""
        while True:
            try:
                await self._read()
                self._set("finished")
                return
            except Refused as error:
                log.error("connector refused", extra=self._extra(str(error)))
                self._set("refused", reason=str(error))
                return
            except (Unavailable, StoreError) as error:
                wait = self._wait(error.retry_after if isinstance(error, Unavailable) else None)
                log.warning("connector failed", extra=self._extra(str(error)) | {"wait": wait})
                self._retry(wait, str(error))
            except Exception as error:  # a bug in one connector stops only that connector
                wait = self._wait(None)
                log.exception("connector failed", extra={"connector": self._connector.name})
                self._retry(wait, f"{type(error).__name__}: {error}")
            await self._clock.sleep(wait)

    async def _read(self) -> None:
        """Take page after page; to ask for the next one is to acknowledge the last."""
        cursor = await self._events.cursor(self._connector.name)
        self._set("starting" if isinstance(self._connector, ReportsContact) else "connected")
        async for page in self._connector.pages(cursor):
            receipt = await self._intake.accept(self._connector.name, page)
            self._failures = 0
            if self._health.status == "starting":
                self._set("connected")
            if receipt.accepted:
                await self._intake.wait_for_room()

    def _wait(self, asked: float | None) -> float:
        self._failures += 1
        if asked is not None:
            return asked
        return delay(self._failures, first=FIRST_WAIT, most=LONGEST_WAIT, jitter=self._random())

    def _count(self, events: int) -> None:
        now = self._clock.now()
        self._gaps.note(now)
        self._publish(replace(self._health, events=self._health.events + events, last_event_at=now))

    def _retry(self, wait: float, reason: str) -> None:
        self._health = replace(self._health, restarts=self._health.restarts + 1)
        self._set("retrying", reason=reason, wait=wait)

    def _set(self, status: Status, *, reason: str = "", wait: float | None = None) -> None:
        now = self._clock.now()
        self._publish(
            replace(
                self._health,
                status=status,
                since=now,
                reason=reason,
                next_try_at=None if wait is None else now + timedelta(seconds=wait),
            )
        )

    def _publish(self, health: Health) -> None:
        """Announce a change; who wants details reads ``health``."""
        self._health = health
        self._bus.publish(health)

    def _extra(self, error: str) -> dict[str, object]:
        return {"connector": self._connector.name, "error": error}
