"""Alerts: stored first, to every receiver at least once, each receiver on its own."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import aiohttp
import pytest
from pydantic import SecretStr

from core.bus import Bus, Change, Subscription
from core.clock import ManualClock, SystemClock
from core.errors import Refused, StoreError, Unavailable
from core.records import Alert
from responders.alerts import AlertDesk
from responders.receiver import Receiver
from responders.webhook import KEY, Webhook
from tests.responders.parts import START, Deliveries, alert
from tests.responders.receivers import receiver


@dataclass
class Pager:
    """Takes alerts, or fails as it is told: errors in turn, then well for ever."""

    name: str = "pager"
    failures: list[Exception] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    tried: int = 0

    async def deliver(self, alert: Alert) -> None:
        self.tried += 1
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(alert.key)


@dataclass
class Stuck:
    """Never answers."""

    name: str = "stuck"

    async def deliver(self, alert: Alert) -> None:
        await asyncio.Event().wait()


async def first(heard: Subscription) -> Change:
    async with asyncio.timeout(5):
        return await anext(aiter(heard))


def desk(
    store: Deliveries,
    *receivers: Receiver,
    clock: ManualClock | None = None,
    bus: Bus | None = None,
) -> AlertDesk:
    return AlertDesk(
        store=store,
        receivers=receivers,
        bus=bus or Bus(),
        clock=clock or ManualClock(START),
        random=lambda: 0.5,
    )


async def test_an_alert_is_stored_told_logged_and_delivered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, pager, bus = Deliveries(), Pager(), Bus()
    heard = bus.subscribe()
    raising = desk(store, pager, bus=bus)
    with caplog.at_level(logging.WARNING):
        assert await raising.raise_alert(alert())
    assert [record.message for record in caplog.records] == ["alert"]
    assert await first(heard) == alert()
    assert await raising.step(pager) == 1
    assert await raising.step(pager) == 0
    assert pager.taken == ["a1"]
    assert store.due == {}


async def test_a_repeat_is_told_to_nobody() -> None:
    store, pager, bus = Deliveries(), Pager(), Bus()
    raising = desk(store, pager, bus=bus)
    assert await raising.raise_alert(alert())
    heard = bus.subscribe()
    assert not await raising.raise_alert(replace(alert(), title="again"))
    bus.publish(alert("marker"))
    assert await first(heard) == alert("marker")
    await raising.step(pager)
    assert pager.taken == ["a1"]


async def test_a_failure_waits_longer_each_time_and_is_never_given_up() -> None:
    store, clock = Deliveries(), ManualClock(START)
    pager = Pager(failures=[Unavailable(f"down {n}") for n in range(30)])
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(alert())
    waits = []
    while store.due:
        await raising.step(pager)
        if store.due:
            [at] = store.due.values()
            waits.append((at - clock.now()).total_seconds())
            await clock.advance(waits[-1])
    assert waits[:4] == [0.75, 1.5, 3.0, 6.0]
    assert max(waits) == waits[-1] == 225.0
    assert pager.taken == ["a1"]
    assert store.reasons[0] == "down 0"


async def test_a_receiver_may_say_how_long_to_wait() -> None:
    store = Deliveries()
    pager = Pager(failures=[Unavailable("busy", retry_after=40)])
    raising = desk(store, pager)
    await raising.raise_alert(alert())
    await raising.step(pager)
    assert list(store.due.values()) == [START + timedelta(seconds=40)]


async def test_while_a_receiver_is_away_its_other_alerts_are_not_wasted_on_it() -> None:
    store, pager = Deliveries(), Pager(failures=[Unavailable("down")])
    raising = desk(store, pager)
    for key in ("a1", "a2", "a3"):
        await raising.raise_alert(alert(key))
    assert await raising.step(pager) == 1
    assert pager.tried == 1
    await raising.step(pager)
    assert pager.taken == ["a2", "a3"]


async def test_an_alert_that_is_refused_holds_up_no_other_and_is_tried_again_later() -> None:
    store, clock = Deliveries(), ManualClock(START)
    pager = Pager(failures=[Refused("400", remedy="Look.")])
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(alert("a1"))
    await raising.raise_alert(alert("a2"))
    assert await raising.step(pager) == 2
    assert pager.taken == ["a2"]
    [later] = store.due.values()
    await clock.advance((later - START).total_seconds())
    await raising.step(pager)
    assert pager.taken == ["a2", "a1"]


async def test_a_bug_in_a_receiver_is_a_failure_like_any_other() -> None:
    store, pager = Deliveries(), Pager(failures=[ValueError("bug")])
    raising = desk(store, pager)
    await raising.raise_alert(alert())
    await raising.step(pager)
    assert store.reasons == ["ValueError: bug"]
    assert store.due


async def test_a_dead_receiver_never_delays_another() -> None:
    store, clock = Deliveries(), ManualClock(START)
    dead = Pager(name="dead", failures=[Unavailable("down")] * 1000)
    pager = Pager()
    raising = desk(store, Stuck(), dead, pager, clock=clock)
    running = asyncio.create_task(raising.run())
    await clock.advance(0)
    await raising.raise_alert(alert("a1"))
    await clock.advance(0)
    assert pager.taken == ["a1"], "at once, without waiting for the next look"
    await clock.advance(3600)
    await raising.raise_alert(alert("a2"))
    await clock.advance(0)
    assert pager.taken == ["a1", "a2"]
    assert 10 < dead.tried < 60
    dead.failures.clear()
    await clock.advance(600)
    assert sorted(dead.taken) == ["a1", "a2"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@dataclass
class Flaky(Deliveries):
    """A store that fails the first time it is asked for deliveries."""

    failed: bool = False

    async def claim_deliveries(self, receiver: str, limit: int, now: object) -> list[Alert]:
        if not self.failed:
            self.failed = True
            raise StoreError("locked")
        return list(await super().claim_deliveries(receiver, limit, START))


async def test_a_store_that_fails_is_asked_again() -> None:
    store, clock, pager = Flaky(), ManualClock(START), Pager()
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(alert())
    running = asyncio.create_task(raising.run())
    await clock.advance(0)
    assert pager.taken == []
    await clock.advance(1)
    assert pager.taken == ["a1"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_hundred_alerts_through_a_receiver_that_fails_every_third_time() -> None:
    async with receiver() as ledger, aiohttp.ClientSession() as session:
        ledger.answers = [204, 500, 204] * 60
        clock, store = SystemClock(), Deliveries()
        hook = Webhook(
            name="hook",
            url=ledger.url,
            secret=SecretStr("a secret of enough length"),
            session=session,
            clock=clock,
        )
        raising = AlertDesk(
            store=store, receivers=[hook], bus=Bus(), clock=clock, random=lambda: 0.0
        )
        for number in range(100):
            await raising.raise_alert(alert(f"a{number}"))
        async with asyncio.timeout(20):
            while store.due:
                await raising.step(hook)
                await asyncio.sleep(0.01)
        statuses = [204, 500, 204] * 60
        taken = [
            asked.headers[KEY]
            for asked, status in zip(ledger.asked, statuses, strict=False)
            if status == 204
        ]
        assert sorted(taken) == sorted(f"a{number}" for number in range(100))
