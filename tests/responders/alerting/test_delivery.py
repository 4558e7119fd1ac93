"""Delivery: to every receiver at least once, each on its own, in as few messages as it can take."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from core.alerts import Alert
from core.clock import ManualClock
from core.errors import Refused, StoreError, Unavailable
from responders.alerting.delivery import MERGED, Courier
from responders.alerting.receiver import Receiver, notice_key
from tests.builders import START, alert
from tests.responders.parts import Deliveries


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
class Board(Pager):
    """Takes several alerts in one message, so many at most."""

    name: str = "pager"
    room: int = 1000
    messages: list[list[str]] = field(default_factory=list)

    async def deliver_many(self, alerts: Sequence[Alert]) -> int:
        self.tried += 1
        if self.failures:
            raise self.failures.pop(0)
        told = alerts[: self.room]
        self.messages.append([one.key for one in told])
        self.taken += self.messages[-1]
        return len(told)


@dataclass
class Slow(Pager):
    """Wants a minute between two messages."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    last: float = -60.0

    def ready_in(self) -> float:
        return max(0.0, self.last + 60 - self.clock.monotonic())

    async def deliver(self, alert: Alert) -> None:
        assert self.ready_in() == 0, "too soon"
        self.last = self.clock.monotonic()
        await super().deliver(alert)


def courier(store: Deliveries, receiver: Receiver, clock: ManualClock | None = None) -> Courier:
    return Courier(receiver, store=store, clock=clock or ManualClock(START), random=lambda: 0.5)


async def test_a_failure_waits_longer_each_time_and_is_never_given_up() -> None:
    store, clock = Deliveries(), ManualClock(START)
    pager = Pager(failures=[Unavailable(f"down {n}") for n in range(30)])
    carrying = courier(store, pager, clock)
    await store.add(alert(), ["pager"])
    waits = []
    while store.due:
        await carrying.step()
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
    carrying = courier(store, pager)
    await store.add(alert(), ["pager"])
    await carrying.step()
    assert list(store.due.values()) == [START + timedelta(seconds=40)]


async def test_while_a_receiver_is_away_its_other_alerts_are_not_wasted_on_it() -> None:
    store, pager = Deliveries(), Pager(failures=[Unavailable("down")])
    carrying = courier(store, pager)
    for key in ("a1", "a2", "a3"):
        await store.add(alert(key), ["pager"])
    assert await carrying.step() == 1
    assert pager.tried == 1
    await carrying.step()
    assert pager.taken == ["a2", "a3"]


async def test_an_alert_that_is_refused_holds_up_no_other_and_is_tried_again_later() -> None:
    store, clock = Deliveries(), ManualClock(START)
    pager = Pager(failures=[Refused("400", remedy="Look.")])
    carrying = courier(store, pager, clock)
    await store.add(alert("a1"), ["pager"])
    await store.add(alert("a2"), ["pager"])
    assert await carrying.step() == 2
    assert pager.taken == ["a2"]
    [later] = store.due.values()
    await clock.advance((later - START).total_seconds())
    await carrying.step()
    assert pager.taken == ["a2", "a1"]


async def test_a_bug_in_a_receiver_is_a_failure_like_any_other() -> None:
    store, pager = Deliveries(), Pager(failures=[ValueError("bug")])
    carrying = courier(store, pager)
    await store.add(alert(), ["pager"])
    await carrying.step()
    assert store.reasons == ["ValueError: bug"]
    assert store.due


class Jumpy(ManualClock):
    """A clock whose time of day somebody changes."""

    def jump(self, span: timedelta) -> None:
        self._now += span


@pytest.mark.parametrize("hours", [1, -1, 24, -24])
async def test_a_jump_of_the_clock_holds_no_retry_up(hours: int) -> None:
    clock = Jumpy(START)
    store, pager = Deliveries(now=clock.now), Pager(failures=[Unavailable("down")])
    carrying = courier(store, pager, clock)
    await store.add(alert("a1"), ["pager"])
    await carrying.step()
    clock.jump(timedelta(hours=hours))
    await store.add(alert("a2"), ["pager"])
    await carrying.step()
    await clock.advance(2)
    await carrying.step()
    assert sorted(pager.taken) == ["a1", "a2"]
    assert store.due == {}


async def test_a_burst_is_one_message() -> None:
    store, board = Deliveries(), Board()
    carrying = courier(store, board)
    for number in range(MERGED + 5):
        await store.add(alert(f"a{number:02}"), ["pager"])
    assert await carrying.step() == MERGED
    assert await carrying.step() == 5
    assert [len(message) for message in board.messages] == [MERGED, 5]
    await store.add(alert("alone"), ["pager"])
    await carrying.step()
    assert board.taken[-1] == "alone"
    assert len(board.messages) == 2, "one alert is told in full"
    assert store.due == {}


async def test_what_does_not_fit_into_the_message_comes_with_the_next() -> None:
    store, board = Deliveries(), Board(room=3)
    carrying = courier(store, board)
    for number in range(7):
        await store.add(alert(f"a{number}"), ["pager"])
    while store.due:
        await carrying.step()
    assert sorted(board.taken) == [f"a{number}" for number in range(7)]
    assert [len(message) for message in board.messages] == [3, 3]


async def test_a_merged_message_that_fails_is_owed_to_all_of_it() -> None:
    store, clock = Deliveries(), ManualClock(START)
    board = Board(failures=[Unavailable("down", retry_after=10), KeyError("bug")])
    carrying = courier(store, board, clock)
    for key in ("a1", "a2"):
        await store.add(alert(key), ["pager"])
    await carrying.step()
    assert set(store.due.values()) == {START + timedelta(seconds=10)}
    await clock.advance(10)
    await carrying.step()
    await clock.advance(10)
    await carrying.step()
    assert board.messages == [["a1", "a2"]]


async def test_a_receiver_s_pace_is_kept_and_what_waits_is_gathered() -> None:
    clock = ManualClock(START)
    store, slow = Deliveries(now=clock.now), Slow(clock=clock)
    running = asyncio.create_task(courier(store, slow, clock).run())
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


class Overtaken(Pager):
    """While it takes a notice, the next one becomes due."""

    store: Deliveries

    async def deliver(self, alert: Alert) -> None:
        if alert.notices == 0:
            await self.store.save(replace(alert, notices=1), receivers=["pager"])
        self.taken.append(notice_key(alert))


async def test_a_notice_that_became_due_meanwhile_is_delivered_too() -> None:
    store, pager = Deliveries(), Overtaken()
    pager.store = store
    carrying = courier(store, pager)
    await store.add(alert(), ["pager"])
    await carrying.step()
    await carrying.step()
    assert pager.taken == ["a1#0", "a1#1"]
    assert store.due == {}


@dataclass
class Flaky(Deliveries):
    """A store that fails the first time it is asked for deliveries."""

    failed: bool = False

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        if not self.failed:
            self.failed = True
            raise StoreError("locked")
        return await super().claim(receiver, limit, now)


async def test_a_store_that_fails_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    store, clock, pager = Flaky(), ManualClock(START), Pager()
    await store.add(alert(), ["pager"])
    with caplog.at_level(logging.ERROR):
        running = asyncio.create_task(courier(store, pager, clock).run())
        await clock.advance(0)
        assert pager.taken == []
        assert [record.message for record in caplog.records] == ["the store failed"]
        await clock.advance(1)
    assert pager.taken == ["a1"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
