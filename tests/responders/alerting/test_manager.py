"""The desk: what is raised is stored first, told as the rules have it, and looked after."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from core.alerts import Alert, Mute
from core.bus import Bus
from core.clock import ManualClock
from core.errors import Conflict, StoreError
from tests.builders import START, alert
from tests.responders.alerting.support import Ledger, desk, first, run_for, state
from tests.responders.alerting.test_delivery import Jumpy
from tests.responders.parts import Deliveries


async def test_an_alert_is_stored_told_logged_and_delivered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, pager, bus, clock = Deliveries(), Ledger(), Bus(), ManualClock(START)
    heard = bus.subscribe()
    raising = desk(store, pager, bus=bus, clock=clock)
    with caplog.at_level(logging.WARNING):
        assert await raising.raise_alert(alert())
    assert [record.message for record in caplog.records] == ["alert"]
    assert await first(heard) == alert()
    await run_for(raising, clock, 0)
    assert pager.taken == ["a1#1"]
    assert store.due == {}
    assert store.alerts["a1"].notified_severity == "P1"
    assert raising.raised == 1


async def test_what_is_raised_while_it_runs_is_told_at_once() -> None:
    clock = ManualClock(START)
    store, pager = Deliveries(now=clock.now), Ledger()
    raising = desk(store, pager, clock=clock)
    running = asyncio.create_task(raising.run())
    await clock.advance(100.5)
    await raising.raise_alert(alert())
    await clock.advance(0)
    assert pager.taken == ["a1#1"], "without waiting for the next look"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_repeat_is_told_to_nobody_and_a_rise_to_all() -> None:
    clock = ManualClock(START)
    store, pager = Deliveries(now=clock.now), Ledger()
    raising = desk(store, pager, clock=clock)
    assert await raising.raise_alert(replace(alert(), severity="P2"))
    await run_for(raising, clock, 10)
    assert not await raising.raise_alert(replace(alert(), severity="P3", title="again"))
    await run_for(raising, clock, 10)
    assert pager.taken == ["a1#1"]
    stored = store.alerts["a1"]
    assert (stored.title, stored.severity) == ("again", "P2")
    assert stored.heard_at == START + timedelta(seconds=10)
    assert not await raising.raise_alert(alert())
    await run_for(raising, clock, 1)
    assert pager.taken == ["a1#1", "a1#2"]
    assert raising.raised == 1


async def test_what_is_said_again_and_again_is_not_stored_each_time() -> None:
    store, clock = Deliveries(), ManualClock(START)
    raising = desk(store, clock=clock)
    for number in range(100):
        await raising.raise_alert(replace(alert(), severity="P2", body=str(number)))
        await clock.advance(0.1)
    assert store.alerts["a1"].version == 4
    await raising.raise_alert(alert())
    assert store.alerts["a1"].severity == "P1", "a rise never waits"
    for number in range(1100):
        await raising.raise_alert(alert(f"other{number}"))
    assert len(store.alerts) == 1101


@dataclass
class Failing(Deliveries):
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


async def test_what_could_not_be_stored_is_not_taken_for_said() -> None:
    store = Failing(failures=[StoreError("full")])
    raising = desk(store)
    with pytest.raises(StoreError):
        await raising.raise_alert(alert())
    assert await raising.raise_alert(alert())


async def test_a_colleague_who_is_faster_is_not_overwritten() -> None:
    clock = ManualClock(START)
    store, pager = Failing(now=clock.now), Ledger()
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(replace(alert(), severity="P2"))
    await run_for(raising, clock, 3)
    store.failures = [Conflict("changed")]
    await raising.raise_alert(alert())
    assert store.alerts["a1"].severity == "P1"
    store.failures = [Conflict("changed"), Conflict("changed")]
    await run_for(raising, clock, 5)
    assert pager.taken == ["a1#1", "a1#2"]
    await clock.advance(5)
    store.failures = [Conflict("changed")] * 10
    with pytest.raises(Conflict, match="again and again"):
        await raising.raise_alert(replace(alert(), title="other"))


async def test_a_store_that_fails_is_asked_again() -> None:
    clock = ManualClock(START)
    store, pager = Failing(now=clock.now), Ledger()
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(alert())
    store.failures = [StoreError("locked")]
    await run_for(raising, clock, 2)
    assert pager.taken == ["a1#1"]


@dataclass
class Gone(Deliveries):
    """A store from which the alert vanishes between two looks."""

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        return False


async def test_an_alert_that_was_purged_meanwhile_is_nobody_s_matter() -> None:
    assert not await desk(Gone()).raise_alert(alert())


@pytest.mark.slow
async def test_after_the_end_it_fires_again_and_is_told_anew() -> None:
    clock = ManualClock(START)
    store, pager = Deliveries(now=clock.now), Ledger()
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(replace(alert(), severity="P2"))
    await run_for(raising, clock, 6 * 3600 + 5)
    assert state(store) == "resolved"
    assert pager.taken == ["a1#1", "a1#2", "a1#3"], "first, again after four hours, resolved"
    await clock.advance(600)
    await raising.raise_alert(replace(alert(), severity="P2"))
    assert state(store) == "resolved", "the tail of the same matter"
    await clock.advance(3600)
    await raising.raise_alert(replace(alert(), severity="P2"))
    await run_for(raising, clock, 5)
    assert state(store) == "firing"
    assert pager.taken[3:] == ["a1#4"]


async def test_silences_are_asked_for() -> None:
    clock = ManualClock(START)
    until = START + timedelta(minutes=5)
    silence = Mute(id="s", brand="hejia", until=until, reason="", by="x")
    store, pager = Deliveries(now=clock.now, laid_down=[silence]), Ledger()
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(alert())
    await run_for(raising, clock, 299)
    assert pager.taken == []
    await run_for(raising, clock, 2)
    assert pager.taken == ["a1#1"]


@pytest.mark.slow
@pytest.mark.parametrize("hours", [1, -1, 24, -24])
async def test_a_jump_of_the_clock_raises_no_storm(hours: int) -> None:
    clock = Jumpy(START)
    store, pager = Deliveries(now=clock.now), Ledger()
    raising = desk(store, pager, clock=clock)
    for number in range(100):
        key, category = f"a{number}", f"c{number}"
        one = alert(key)
        await raising.raise_alert(replace(one, severity="P2", category=category, created_at=START))
    await run_for(raising, clock, 60)
    assert len(pager.taken) == 100
    clock.jump(timedelta(hours=hours))
    await run_for(raising, clock, 3600)
    assert len(pager.taken) == 100, "nobody is told anew, and nothing counts as over"
    assert {one.state for one in store.alerts.values()} == {"firing"}
    await raising.raise_alert(replace(alert("new"), created_at=clock.now()))
    await run_for(raising, clock, 5)
    assert pager.taken[100:] == ["new#1"]
