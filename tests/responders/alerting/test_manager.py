"""The manager stores alerts first, notifies by the rules, and looks after what is live."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import Conflict, StoreError
from core.model.alerts import Alert, Mute
from core.runtime.bus import Bus
from tests.builders import START, alert
from tests.responders.alerting.doubles import JumpingClock, NoticeRecorder
from tests.responders.alerting.support import first, manager, run_for, state
from tests.responders.memory_store import MemoryAlerts


async def test_a_new_alert_is_stored_published_logged_and_delivered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, pager, bus, clock = MemoryAlerts(), NoticeRecorder(), Bus(), ManualClock(START)
    heard = bus.subscribe()
    alerting = manager(store, pager, bus=bus, clock=clock)
    with caplog.at_level(logging.WARNING):
        assert await alerting.raise_alert(alert())
    assert [record.message for record in caplog.records] == ["alert"]
    assert await first(heard) == alert()
    await run_for(alerting, clock, 0)
    assert pager.taken == ["a1#1"]
    assert store.due == {}
    assert store.alerts["a1"].notified_severity == "P1"
    assert alerting.raised == 1


async def test_an_alert_raised_while_running_is_delivered_at_once() -> None:
    clock = ManualClock(START)
    store, pager = MemoryAlerts(now=clock.now), NoticeRecorder()
    alerting = manager(store, pager, clock=clock)
    running = asyncio.create_task(alerting.run())
    await clock.advance(100.5)
    await alerting.raise_alert(alert())
    await clock.advance(0)
    assert pager.taken == ["a1#1"], "without waiting for the next look"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_repeated_alert_notifies_no_one_until_its_severity_rises() -> None:
    clock = ManualClock(START)
    store, pager = MemoryAlerts(now=clock.now), NoticeRecorder()
    alerting = manager(store, pager, clock=clock)
    assert await alerting.raise_alert(replace(alert(), severity="P2"))
    await run_for(alerting, clock, 10)
    assert not await alerting.raise_alert(replace(alert(), severity="P3", title="again"))
    await run_for(alerting, clock, 10)
    assert pager.taken == ["a1#1"]
    stored = store.alerts["a1"]
    assert (stored.title, stored.severity) == ("again", "P2")
    assert stored.heard_at == START + timedelta(seconds=10)
    assert not await alerting.raise_alert(alert())
    await run_for(alerting, clock, 1)
    assert pager.taken == ["a1#1", "a1#2"]
    assert alerting.raised == 1


async def test_frequent_repeats_are_stored_at_intervals() -> None:
    store, clock = MemoryAlerts(), ManualClock(START)
    alerting = manager(store, clock=clock)
    for number in range(100):
        await alerting.raise_alert(replace(alert(), severity="P2", body=str(number)))
        await clock.advance(0.1)
    assert store.alerts["a1"].version == 4
    await alerting.raise_alert(alert())
    assert store.alerts["a1"].severity == "P1", "a rise never waits"
    for number in range(1100):
        await alerting.raise_alert(alert(f"other{number}"))
    assert len(store.alerts) == 1101


@dataclass
class Failing(MemoryAlerts):
    """A store whose first writes fail."""

    failures: list[Exception] = field(default_factory=list)

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        if self.failures:
            raise self.failures.pop(0)
        return await super().add(alert, receivers)

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        if self.failures:
            raise self.failures.pop(0)
        return await super().save(alert, receivers=receivers)

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        if self.failures and type(self.failures[0]) is StoreError:
            raise self.failures.pop(0)
        return await super().live(limit=limit)


async def test_an_alert_that_could_not_be_stored_may_be_raised_again() -> None:
    store = Failing(failures=[StoreError("full")])
    alerting = manager(store)
    with pytest.raises(StoreError):
        await alerting.raise_alert(alert())
    assert await alerting.raise_alert(alert())


async def test_a_concurrent_change_by_staff_is_not_overwritten() -> None:
    clock = ManualClock(START)
    store, pager = Failing(now=clock.now), NoticeRecorder()
    alerting = manager(store, pager, clock=clock)
    await alerting.raise_alert(replace(alert(), severity="P2"))
    await run_for(alerting, clock, 3)
    store.failures = [Conflict("changed")]
    await alerting.raise_alert(alert())
    assert store.alerts["a1"].severity == "P1"
    store.failures = [Conflict("changed"), Conflict("changed")]
    await run_for(alerting, clock, 5)
    assert pager.taken == ["a1#1", "a1#2"]
    await clock.advance(5)
    store.failures = [Conflict("changed")] * 10
    with pytest.raises(Conflict, match="again and again"):
        await alerting.raise_alert(replace(alert(), title="other"))


async def test_a_store_that_fails_is_asked_again() -> None:
    clock = ManualClock(START)
    store, pager = Failing(now=clock.now), NoticeRecorder()
    alerting = manager(store, pager, clock=clock)
    await alerting.raise_alert(alert())
    store.failures = [StoreError("locked")]
    await run_for(alerting, clock, 2)
    assert pager.taken == ["a1#1"]


@dataclass
class Gone(MemoryAlerts):
    """A store from which the alert vanishes between two looks."""

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        return False


async def test_an_alert_deleted_meanwhile_is_ignored() -> None:
    assert not await manager(Gone()).raise_alert(alert())


@pytest.mark.slow
async def test_news_after_the_tail_of_a_resolved_alert_notify_again() -> None:
    clock = ManualClock(START)
    store, pager = MemoryAlerts(now=clock.now), NoticeRecorder()
    alerting = manager(store, pager, clock=clock)
    await alerting.raise_alert(replace(alert(), severity="P2"))
    await run_for(alerting, clock, 6 * 3600 + 5)
    assert state(store) == "resolved"
    assert pager.taken == ["a1#1", "a1#2", "a1#3"], "first, again after four hours, resolved"
    await clock.advance(600)
    await alerting.raise_alert(replace(alert(), severity="P2"))
    assert state(store) == "resolved", "the tail of the same matter"
    await clock.advance(3600)
    await alerting.raise_alert(replace(alert(), severity="P2"))
    await run_for(alerting, clock, 5)
    assert state(store) == "firing"
    assert pager.taken[3:] == ["a1#4"]


async def test_a_muted_alert_is_delivered_when_the_mute_expires() -> None:
    clock = ManualClock(START)
    until = START + timedelta(minutes=5)
    silence = Mute(id="s", brand="hejia", until=until, reason="", by="x")
    store, pager = MemoryAlerts(now=clock.now, stored_mutes=[silence]), NoticeRecorder()
    alerting = manager(store, pager, clock=clock)
    await alerting.raise_alert(alert())
    await run_for(alerting, clock, 299)
    assert pager.taken == []
    await run_for(alerting, clock, 2)
    assert pager.taken == ["a1#1"]


@pytest.mark.slow
@pytest.mark.parametrize("hours", [1, -1, 24, -24])
async def test_a_clock_jump_repeats_no_notices(hours: int) -> None:
    clock = JumpingClock(START)
    store, pager = MemoryAlerts(now=clock.now), NoticeRecorder()
    alerting = manager(store, pager, clock=clock)
    for number in range(100):
        key, category = f"a{number}", f"c{number}"
        one = alert(key)
        await alerting.raise_alert(replace(one, severity="P2", category=category, created_at=START))
    await run_for(alerting, clock, 60)
    assert len(pager.taken) == 100
    clock.jump(timedelta(hours=hours))
    await run_for(alerting, clock, 3600)
    assert len(pager.taken) == 100, "nobody is told anew, and nothing counts as over"
    assert {one.state for one in store.alerts.values()} == {"firing"}
    await alerting.raise_alert(replace(alert("new"), created_at=clock.now()))
    await run_for(alerting, clock, 5)
    assert pager.taken[100:] == ["new#1"]


async def test_a_stuck_receiver_delays_no_other() -> None:
    clock = ManualClock(START)
    store, pager = MemoryAlerts(now=clock.now), NoticeRecorder()

    class Stuck:
        name = "stuck"

        async def deliver(self, alert: Alert) -> None:
            await asyncio.Event().wait()

    alerting = manager(store, Stuck(), pager, clock=clock)
    running = asyncio.create_task(alerting.run())
    await clock.advance(0)
    for key in ("a1", "a2"):
        await alerting.raise_alert(alert(key))
        await clock.advance(1)
    assert pager.taken == ["a1#1", "a2#1"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
