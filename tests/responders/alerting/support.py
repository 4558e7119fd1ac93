"""A desk of alerts over a store of deliveries."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from core.alerts import Alert
from core.bus import Bus, Change, Subscription
from core.clock import ManualClock
from core.pauses import Pause
from responders.alerting.manager import AlertDesk
from responders.alerting.receiver import Receiver, notice_key
from tests.builders import START
from tests.responders.alerting.test_delivery import Pager
from tests.responders.parts import Deliveries
from tests.stubs import StubPauses


@dataclass
class Ledger(Pager):
    """Notes every notice it gets."""

    async def deliver(self, alert: Alert) -> None:
        self.taken.append(notice_key(alert))


@dataclass
class MemoryPauses(StubPauses):
    """Where automatic replies are paused."""

    kept: dict[str, Pause] = field(default_factory=dict)

    async def all(self) -> Sequence[Pause]:
        return list(self.kept.values())

    async def save(self, pause: Pause) -> None:
        self.kept[pause.id] = pause

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        assert by == "bot"
        return self.kept.pop(id, None) is not None


async def first(heard: Subscription) -> Change:
    async with asyncio.timeout(5):
        return await anext(aiter(heard))


def desk(store: Deliveries, *receivers: Receiver, **changes: object) -> AlertDesk:
    given: dict[str, object] = {"bus": Bus(), "clock": ManualClock(START)}
    return AlertDesk(
        store=store,
        receivers=receivers,
        random=lambda: 0.5,
        **(given | changes),  # type: ignore[arg-type]  # the caller names real parameters
    )


async def run_for(raising: AlertDesk, clock: ManualClock, seconds: float) -> None:
    running = asyncio.create_task(raising.run())
    await clock.advance(0)
    await clock.advance(seconds)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def state(store: Deliveries) -> str:
    return store.alerts["a1"].state
