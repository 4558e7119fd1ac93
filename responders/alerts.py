"""Raises alerts and carries each to every receiver: at least once, each receiver on its own."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from core.bus import Bus
from core.checkpoints import reach
from core.clock import Clock
from core.errors import ConnectorError, StoreError, Unavailable
from core.records import Alert
from responders.ports import Alerts
from responders.receiver import Receiver

log = logging.getLogger(__name__)

_BATCH: Final = 16
_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 300.0
_LOOK_AGAIN: Final = 1.0


class AlertDesk:
    """Stores alerts with one delivery a receiver, and works the deliveries off."""

    def __init__(
        self,
        *,
        store: Alerts,
        receivers: Sequence[Receiver],
        bus: Bus,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """``random`` gives numbers in [0, 1) that keep receivers' retries apart."""
        self.raised = 0
        """New alerts since the start."""
        self._store = store
        self._receivers = tuple(receivers)
        self._bus = bus
        self._clock = clock
        self._random = random
        self._failures = dict.fromkeys((receiver.name for receiver in receivers), 0)
        self._wake = {receiver.name: asyncio.Event() for receiver in receivers}

    async def raise_alert(self, alert: Alert) -> bool:
        """Store the alert and tell staff; False where one with its key was raised before."""
        reach("before-alert")
        names = [receiver.name for receiver in self._receivers]
        raised = await self._store.raise_alert(alert, names)
        reach("after-alert")
        if raised:
            self.raised += 1
            log.warning(
                "alert",
                extra={"key": alert.key, "kind": alert.kind, "severity": alert.severity}
                | {"title": alert.title, "brand": alert.brand, "incident": alert.incident},
            )
            self._bus.publish(alert)
            for waiting in self._wake.values():
                waiting.set()
        return raised

    async def run(self) -> None:
        """Deliver for ever, one loop a receiver."""
        async with asyncio.TaskGroup() as tasks:
            for receiver in self._receivers:
                tasks.create_task(self._serve(receiver))

    async def step(self, receiver: Receiver) -> int:
        """Deliver what is due to one receiver; returns how many alerts were tried.

        Where the receiver cannot be reached the rest waits with the alert that failed.
        """
        due = await self._store.claim_deliveries(receiver.name, _BATCH, self._clock.now())
        for tried, alert in enumerate(due, start=1):
            failure = await self._deliver(receiver, alert)
            if isinstance(failure, Unavailable):
                return tried
        return len(due)

    async def _serve(self, receiver: Receiver) -> None:
        wake = self._wake[receiver.name]
        while True:
            wake.clear()
            try:
                worked = await self.step(receiver)
            except StoreError as error:
                log.error("the store failed", extra=_extra(receiver, str(error)))
                worked = 0
            failures = self._failures[receiver.name]
            if failures:
                await self._clock.sleep(self._wait(failures))
            elif not worked:
                await self._rest(wake)

    async def _deliver(self, receiver: Receiver, alert: Alert) -> ConnectorError | None:
        failure: ConnectorError | None = None
        try:
            await receiver.deliver(alert)
        except ConnectorError as error:
            failure = error
        except Exception as error:  # a bug in one receiver must not end its loop
            log.exception("delivery failed", extra={"receiver": receiver.name})
            failure = Unavailable(f"{type(error).__name__}: {error}")
        wait = 0.0
        if isinstance(failure, Unavailable):
            self._failures[receiver.name] += 1
            wait = failure.retry_after or self._wait(self._failures[receiver.name])
        else:
            self._failures[receiver.name] = 0
            if failure is not None:
                wait = _LONGEST_WAIT * (1 + self._random())
        if failure is not None:
            log.warning("alert not delivered", extra=_extra(receiver, str(failure)))
        await self._store.finish_delivery(
            alert.key,
            receiver.name,
            delivered=failure is None,
            reason="" if failure is None else str(failure),
            retry_at=self._clock.now() + timedelta(seconds=wait),
        )
        return failure

    def _wait(self, failures: int) -> float:
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures - 1, 16))
        return longest * (0.5 + self._random() / 2)

    async def _rest(self, wake: asyncio.Event) -> None:
        """Until something is raised, or a second: retries become due without a call."""
        sleeping = asyncio.ensure_future(self._clock.sleep(_LOOK_AGAIN))
        waking = asyncio.ensure_future(wake.wait())
        try:
            await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()


def _extra(receiver: Receiver, error: str) -> dict[str, object]:
    return {"receiver": receiver.name, "error": error}
