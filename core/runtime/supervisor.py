"""Keeps one connector running: restarts it with jittered backoff and reports its health."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from core.backoff import delay
from core.clock import Clock
from core.connector import Connector, ReportsContact, ReportsHealth
from core.errors import Refused, StoreError, Unavailable
from core.model.health import Health, Status
from core.repositories import Events
from core.runtime.bus import Bus
from core.runtime.intake import EventIntake
from core.runtime.silence_baseline import SilenceBaseline

log = logging.getLogger(__name__)

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 300.0


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
