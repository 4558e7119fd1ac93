"""Delivery of notices: at least once, each receiver independently of the others.

``Receiver`` is the port of receivers; their optional abilities are tested with ``isinstance``.

A delivery is stored with the transition that causes it, claimed here, and removed once the receiver
has accepted it. A crash in between repeats it, with the same ``notice_key``.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from core.backoff import delay
from core.clock import Clock
from core.errors import ConnectorError, StoreError, Unavailable
from core.model.alerts import Alert
from core.repositories import Alerts


class Receiver(Protocol):
    """A destination of alerts outside the console."""

    @property
    def name(self) -> str:
        """Unique; deliveries are stored under it."""
        ...

    async def deliver(self, alert: Alert) -> None:
        """Send an alert; returns when the receiver has accepted it.

        Delivery is at least once: the same notice may come again, with the same ``notice_key``.

        Raises:
            Unavailable: the receiver cannot be reached; the delivery is retried.
            Refused: the receiver does not accept this alert; the error names a remedy.
        """
        ...


@runtime_checkable
class DeliversBatches(Protocol):
    """A receiver that puts several alerts into one message."""

    async def deliver_batch(self, alerts: Sequence[Alert]) -> int:
        """As Receiver.deliver; returns how many of the first alerts the message covers.

        At least one; the others are passed again with the next call.
        """
        ...


@runtime_checkable
class ThrottlesDeliveries(Protocol):
    """A receiver whose platform limits the rate of messages."""

    def ready_in(self) -> float:
        """Seconds until the next message may be sent; 0 if that is now."""
        ...


def notice_key(alert: Alert) -> str:
    """The key of one notice: the same whenever that is repeated, another for the next notice."""
    return f"{alert.key}#{alert.notices}"


log = logging.getLogger(__name__)

CLAIM: Final = 16
"""Deliveries claimed at a time."""
BATCH: Final = 50
"""Deliveries claimed at a time for a receiver that puts them into one message."""
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 300.0
POLL: Final = 1.0
"""Seconds between looks for deliveries that became due without a call."""


class DeliveryWorker:
    """Delivers to one receiver; if it fails or stalls, no other receiver waits."""

    def __init__(
        self,
        receiver: Receiver,
        *,
        store: Alerts,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """``random``: draws from [0, 1), for the jitter of retries."""
        self.receiver = receiver
        self._store = store
        self._clock = clock
        self._random = random
        self._failures = 0
        self._wake = asyncio.Event()
        self._began = (clock.now(), clock.monotonic())

    def wake(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            if (wait := self._throttled_for()) > 0:
                await self._clock.sleep(wait)
            try:
                tried = await self.step()
            except StoreError as error:
                log.error("the store failed", extra=self._extra(str(error)))
                tried = 0
            if self._failures:
                await self._clock.sleep(self._wait())
            elif not tried:
                await sleep_or_wake(self._clock, self._wake)

    async def step(self) -> int:
        """Deliver what is due; returns the number of alerts that were tried.

        If the receiver cannot be reached, the remaining alerts wait with the one that failed.
        """
        batches = isinstance(self.receiver, DeliversBatches)
        due = await self._store.claim(self.receiver.name, BATCH if batches else CLAIM, self._now())
        if isinstance(self.receiver, DeliversBatches) and len(due) > 1:
            await self._deliver_batch(self.receiver, due)
            return len(due)
        for tried, alert in enumerate(due, start=1):
            if isinstance(await self._deliver(alert), Unavailable):
                return tried
            if tried < len(due) and self._throttled_for() > 0:
                return tried
        return len(due)

    def _throttled_for(self) -> float:
        """Seconds until the receiver takes the next message."""
        return self.receiver.ready_in() if isinstance(self.receiver, ThrottlesDeliveries) else 0.0

    async def _deliver_batch(self, receiver: DeliversBatches, alerts: Sequence[Alert]) -> None:
        failure: ConnectorError | None = None
        covered = 0
        try:
            covered = await receiver.deliver_batch(alerts)
        except Exception as error:  # a bug in one receiver must not end its loop
            failure = self._failure(error)
        retry_in = self._retry_delay(failure)
        for alert in alerts[:covered]:
            await self._finish(alert, None, retry_in)
        left_over = failure or ConnectorError("did not fit into the message; comes with the next")
        for alert in alerts[covered:]:
            await self._finish(alert, left_over, retry_in)

    async def _deliver(self, alert: Alert) -> ConnectorError | None:
        failure: ConnectorError | None = None
        try:
            await self.receiver.deliver(alert)
        except Exception as error:  # a bug in one receiver must not end its loop
            failure = self._failure(error)
        await self._finish(alert, failure, self._retry_delay(failure))
        return failure

    def _failure(self, error: Exception) -> ConnectorError:
        if isinstance(error, ConnectorError):
            log.warning("alert not delivered", extra=self._extra(str(error)))
            return error
        log.error("delivery failed", extra=self._extra(""), exc_info=error)
        return Unavailable(f"{type(error).__name__}: {error}")

    def _retry_delay(self, failure: ConnectorError | None) -> timedelta:
        """Time until a delivery with this outcome is tried again."""
        if isinstance(failure, Unavailable):
            self._failures += 1
            return timedelta(seconds=failure.retry_after or self._wait())
        self._failures = 0
        if failure is None:
            return timedelta()
        return timedelta(seconds=LONGEST_WAIT * (1 + self._random()))

    async def _finish(
        self, alert: Alert, failure: ConnectorError | None, retry_in: timedelta
    ) -> None:
        """Store the outcome; the store keeps a newer notice that became due meanwhile."""
        await self._store.finish(
            alert.key,
            self.receiver.name,
            delivered=failure is None,
            reason="" if failure is None else str(failure),
            retry_at=self._now() + retry_in,
        )

    def _now(self) -> datetime:
        """The time, but never set back: pending retries would wait for as long as it was."""
        began, monotonic = self._began
        elapsed = timedelta(seconds=self._clock.monotonic() - monotonic)
        return max(self._clock.now(), began + elapsed)

    def _wait(self) -> float:
        return delay(self._failures, first=FIRST_WAIT, most=LONGEST_WAIT, jitter=self._random())

    def _extra(self, error: str) -> dict[str, object]:
        return {"receiver": self.receiver.name, "error": error}


async def sleep_or_wake(clock: Clock, wake: asyncio.Event, seconds: float = POLL) -> None:
    """Wait until ``wake`` is set, at most for ``seconds``."""
    sleeping = asyncio.ensure_future(clock.sleep(seconds))
    waking = asyncio.ensure_future(wake.wait())
    try:
        await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waking.cancel()
