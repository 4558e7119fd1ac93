"""Carries notices to every receiver: at least once, each receiver on its own."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from core.alerts import Alert
from core.backoff import delay
from core.clock import Clock
from core.errors import ConnectorError, StoreError, Unavailable
from core.repositories import Alerts
from responders.alerting.receiver import Merges, Paced, Receiver

log = logging.getLogger(__name__)

BATCH: Final = 16
MERGED: Final = 50
"""Notices that are handed over together to a receiver that merges them."""
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 300.0
LOOK_AGAIN: Final = 1.0


class Courier:
    """One receiver and what is due to it; a slow one delays no other."""

    def __init__(
        self,
        receiver: Receiver,
        *,
        store: Alerts,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self.receiver = receiver
        self._store = store
        self._clock = clock
        self._random = random
        self._failures = 0
        self._wake = asyncio.Event()
        self._began = (clock.now(), clock.monotonic())

    def wake(self) -> None:
        """Say that something is due."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            self._wake.clear()
            if isinstance(self.receiver, Paced) and (wait := self.receiver.ready_in()) > 0:
                await self._clock.sleep(wait)
            try:
                worked = await self.step()
            except StoreError as error:
                log.error("the store failed", extra=self._extra(str(error)))
                worked = 0
            if self._failures:
                await self._clock.sleep(self._wait())
            elif not worked:
                await rest(self._clock, self._wake)

    async def step(self) -> int:
        """Deliver what is due; returns how many alerts were tried.

        Where the receiver cannot be reached the rest waits with the alert that failed.
        """
        merges = isinstance(self.receiver, Merges)
        due = await self._store.claim(self.receiver.name, MERGED if merges else BATCH, self._now())
        if merges and len(due) > 1:
            await self._deliver_together(due)
            return len(due)
        for tried, alert in enumerate(due, start=1):
            if isinstance(await self._deliver(alert), Unavailable):
                return tried
            if tried < len(due) and isinstance(self.receiver, Paced) and self.receiver.ready_in():
                return tried
        return len(due)

    async def _deliver_together(self, alerts: Sequence[Alert]) -> None:
        receiver = self.receiver
        assert isinstance(receiver, Merges)  # noqa: S101 - as step has found
        failure: ConnectorError | None = None
        told = 0
        try:
            told = await receiver.deliver_many(alerts)
        except Exception as error:  # a bug in one receiver must not end its loop
            failure = self._failed(error)
        wait = self._after(failure)
        for alert in alerts[:told]:
            await self._finish(alert, None, wait)
        for alert in alerts[told:]:
            await self._finish(alert, failure or _left_over(), wait)

    async def _deliver(self, alert: Alert) -> ConnectorError | None:
        failure: ConnectorError | None = None
        try:
            await self.receiver.deliver(alert)
        except Exception as error:  # a bug in one receiver must not end its loop
            failure = self._failed(error)
        await self._finish(alert, failure, self._after(failure))
        return failure

    def _failed(self, error: Exception) -> ConnectorError:
        if isinstance(error, ConnectorError):
            log.warning("alert not delivered", extra=self._extra(str(error)))
            return error
        log.error("delivery failed", extra=self._extra(""), exc_info=error)
        return Unavailable(f"{type(error).__name__}: {error}")

    def _after(self, failure: ConnectorError | None) -> timedelta:
        """How long a delivery that ended so waits."""
        if isinstance(failure, Unavailable):
            self._failures += 1
            return timedelta(seconds=failure.retry_after or self._wait())
        self._failures = 0
        if failure is None:
            return timedelta()
        return timedelta(seconds=LONGEST_WAIT * (1 + self._random()))

    async def _finish(self, alert: Alert, failure: ConnectorError | None, wait: timedelta) -> None:
        """Note the outcome; the store knows where a newer notice became due meanwhile."""
        await self._store.finish(
            alert.key,
            self.receiver.name,
            delivered=failure is None,
            reason="" if failure is None else str(failure),
            retry_at=self._now() + wait,
        )

    def _now(self) -> datetime:
        """The time, which never goes back: else what waits for a retry would wait for that, too."""
        then, elapsed = self._began
        return max(self._clock.now(), then + timedelta(seconds=self._clock.monotonic() - elapsed))

    def _wait(self) -> float:
        return delay(self._failures, first=FIRST_WAIT, most=LONGEST_WAIT, jitter=self._random())

    def _extra(self, error: str) -> dict[str, object]:
        return {"receiver": self.receiver.name, "error": error}


def _left_over() -> ConnectorError:
    return ConnectorError("did not fit into the message; comes with the next")


async def rest(clock: Clock, wake: asyncio.Event, seconds: float = LOOK_AGAIN) -> None:
    """Until ``wake``, or for ``seconds``: some work becomes due without a call."""
    sleeping = asyncio.ensure_future(clock.sleep(seconds))
    waking = asyncio.ensure_future(wake.wait())
    try:
        await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waking.cancel()
