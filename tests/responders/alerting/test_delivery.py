"""Delivery: to every receiver at least once, each on its own, in as few messages as it can take."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import Refused, StoreError, Unavailable
from core.model.alerts import Alert
from responders.alerting.delivery import BATCH, DeliveryWorker, Receiver, notice_key
from tests.builders import START, alert
from tests.responders.alerting.doubles import (
    BatchReceiver,
    FakeReceiver,
    JumpingClock,
    ThrottledReceiver,
)
from tests.responders.memory_store import MemoryAlerts


def new_worker(
    store: MemoryAlerts, receiver: Receiver, clock: ManualClock | None = None
) -> DeliveryWorker:
    return DeliveryWorker(
        receiver, store=store, clock=clock or ManualClock(START), random=lambda: 0.5
    )


async def test_retries_back_off_and_never_end() -> None:
    store, clock = MemoryAlerts(), ManualClock(START)
    pager = FakeReceiver(failures=[Unavailable(f"down {n}") for n in range(30)])
    worker = new_worker(store, pager, clock)
    await store.add(alert(), ["pager"])
    waits = []
    while store.due:
        await worker.step()
        if store.due:
            [at] = store.due.values()
            waits.append((at - clock.now()).total_seconds())
            await clock.advance(waits[-1])
    assert waits[:4] == [0.75, 1.5, 3.0, 6.0]
    assert max(waits) == waits[-1] == 225.0
    assert pager.taken == ["a1"]
    assert store.reasons[0] == "down 0"


async def test_retry_after_of_the_receiver_is_obeyed() -> None:
    store = MemoryAlerts()
    pager = FakeReceiver(failures=[Unavailable("busy", retry_after=40)])
    worker = new_worker(store, pager)
    await store.add(alert(), ["pager"])
    await worker.step()
    assert list(store.due.values()) == [START + timedelta(seconds=40)]


async def test_an_unreachable_receiver_is_tried_with_one_alert_at_a_time() -> None:
    store, pager = MemoryAlerts(), FakeReceiver(failures=[Unavailable("down")])
    worker = new_worker(store, pager)
    for key in ("a1", "a2", "a3"):
        await store.add(alert(key), ["pager"])
    assert await worker.step() == 1
    assert pager.tried == 1
    await worker.step()
    assert pager.taken == ["a2", "a3"]


async def test_a_refused_alert_holds_up_no_other_and_is_retried_later() -> None:
    store, clock = MemoryAlerts(), ManualClock(START)
    pager = FakeReceiver(failures=[Refused("400", remedy="Look.")])
    worker = new_worker(store, pager, clock)
    await store.add(alert("a1"), ["pager"])
    await store.add(alert("a2"), ["pager"])
    assert await worker.step() == 2
    assert pager.taken == ["a2"]
    [later] = store.due.values()
    await clock.advance((later - START).total_seconds())
    await worker.step()
    assert pager.taken == ["a2", "a1"]


async def test_an_unexpected_exception_counts_as_a_failed_delivery() -> None:
    store, pager = MemoryAlerts(), FakeReceiver(failures=[ValueError("bug")])
    worker = new_worker(store, pager)
    await store.add(alert(), ["pager"])
    await worker.step()
    assert store.reasons == ["ValueError: bug"]
    assert store.due


@pytest.mark.parametrize("hours", [1, -1, 24, -24])
async def test_a_clock_jump_does_not_delay_retries(hours: int) -> None:
    clock = JumpingClock(START)
    store, pager = MemoryAlerts(now=clock.now), FakeReceiver(failures=[Unavailable("down")])
    worker = new_worker(store, pager, clock)
    await store.add(alert("a1"), ["pager"])
    await worker.step()
    clock.jump(timedelta(hours=hours))
    await store.add(alert("a2"), ["pager"])
    await worker.step()
    await clock.advance(2)
    await worker.step()
    assert sorted(pager.taken) == ["a1", "a2"]
    assert store.due == {}


async def test_alerts_due_together_are_one_batch() -> None:
    store, board = MemoryAlerts(), BatchReceiver()
    worker = new_worker(store, board)
    for number in range(BATCH + 5):
        await store.add(alert(f"a{number:02}"), ["pager"])
    assert await worker.step() == BATCH
    assert await worker.step() == 5
    assert [len(message) for message in board.messages] == [BATCH, 5]
    await store.add(alert("alone"), ["pager"])
    await worker.step()
    assert board.taken[-1] == "alone"
    assert len(board.messages) == 2, "one alert is told in full"
    assert store.due == {}


async def test_alerts_that_do_not_fit_into_a_batch_come_with_the_next() -> None:
    store, board = MemoryAlerts(), BatchReceiver(room=3)
    worker = new_worker(store, board)
    for number in range(7):
        await store.add(alert(f"a{number}"), ["pager"])
    while store.due:
        await worker.step()
    assert sorted(board.taken) == [f"a{number}" for number in range(7)]
    assert [len(message) for message in board.messages] == [3, 3]


async def test_a_failed_batch_is_retried_for_all_its_alerts() -> None:
    store, clock = MemoryAlerts(), ManualClock(START)
    board = BatchReceiver(failures=[Unavailable("down", retry_after=10), KeyError("bug")])
    worker = new_worker(store, board, clock)
    for key in ("a1", "a2"):
        await store.add(alert(key), ["pager"])
    await worker.step()
    assert set(store.due.values()) == {START + timedelta(seconds=10)}
    await clock.advance(10)
    await worker.step()
    await clock.advance(10)
    await worker.step()
    assert board.messages == [["a1", "a2"]]


async def test_a_throttled_receiver_is_sent_one_message_at_a_time() -> None:
    clock = ManualClock(START)
    store, slow = MemoryAlerts(now=clock.now), ThrottledReceiver(clock=clock)
    running = asyncio.create_task(new_worker(store, slow, clock).run())
    for key in ("a1", "a2", "a3"):
        await store.add(alert(key), ["pager"])
    await clock.advance(1)
    assert slow.taken == ["a1"]
    await clock.advance(59)
    assert slow.taken == ["a1", "a2"]
    await clock.advance(120)
    assert slow.taken == ["a1", "a2", "a3"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


class Overtaken(FakeReceiver):
    """While it takes a notice, the next one becomes due."""

    store: MemoryAlerts

    async def deliver(self, alert: Alert) -> None:
        if alert.notices == 0:
            await self.store.save(replace(alert, notices=1), receivers=["pager"])
        self.taken.append(notice_key(alert))


async def test_a_notice_that_became_due_during_a_delivery_is_delivered_too() -> None:
    store, pager = MemoryAlerts(), Overtaken()
    pager.store = store
    worker = new_worker(store, pager)
    await store.add(alert(), ["pager"])
    await worker.step()
    await worker.step()
    assert pager.taken == ["a1#0", "a1#1"]
    assert store.due == {}


@dataclass
class Flaky(MemoryAlerts):
    """A store that fails the first time it is asked for deliveries."""

    failed: bool = False

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        if not self.failed:
            self.failed = True
            raise StoreError("locked")
        return await super().claim(receiver, limit, now)


async def test_a_store_that_fails_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    store, clock, pager = Flaky(), ManualClock(START), FakeReceiver()
    await store.add(alert(), ["pager"])
    with caplog.at_level(logging.ERROR):
        running = asyncio.create_task(new_worker(store, pager, clock).run())
        await clock.advance(0)
        assert pager.taken == []
        assert [record.message for record in caplog.records] == ["the store failed"]
        await clock.advance(1)
    assert pager.taken == ["a1"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
