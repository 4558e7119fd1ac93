"""An alert manager over a store in memory."""

import asyncio
from contextlib import suppress

from core.clock import ManualClock
from core.runtime.bus import Bus, Change, Subscription
from responders.alerting.delivery import Receiver
from responders.alerting.manager import AlertManager
from tests.builders import START
from tests.driven_clock import WATCHDOG_SECONDS
from tests.responders.memory_store import MemoryAlerts


async def first(heard: Subscription) -> Change:
    async with asyncio.timeout(WATCHDOG_SECONDS):
        return await anext(aiter(heard))


def manager(store: MemoryAlerts, *receivers: Receiver, **changes: object) -> AlertManager:
    given: dict[str, object] = {"bus": Bus(), "clock": ManualClock(START)}
    return AlertManager(
        store=store,
        receivers=receivers,
        random=lambda: 0.5,
        **(given | changes),  # type: ignore[arg-type]  # the caller names real parameters
    )


async def run_for(alerting: AlertManager, clock: ManualClock, seconds: float) -> None:
    running = asyncio.create_task(alerting.run())
    await clock.advance(0)
    await clock.advance(seconds)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def state(store: MemoryAlerts) -> str:
    return store.alerts["a1"].state
