"""What is over by the time of its posts is over, however slowly the clock runs."""

from dataclasses import replace
from datetime import timedelta

from core.alerts import Alert
from core.clock import ManualClock
from responders.alerting.index import Ended
from responders.alerting.lifecycle import Rules
from responders.alerting.manager import AlertManners
from tests.builders import START, alert
from tests.responders.alerting.support import Ledger, MemoryPauses, desk, run_for
from tests.responders.parts import Deliveries

GRAVE: Alert = replace(alert("incident:INC-7"), incident="INC-7", category="freshness")


async def test_its_alert_ends_and_its_pause_with_it() -> None:
    clock, pauses, pager = ManualClock(START), MemoryPauses(), Ledger()
    store = Deliveries(now=clock.now)
    raising = desk(store, pager, clock=clock, pauses=pauses)
    await raising.raise_alert(GRAVE)
    other = replace(GRAVE, key="incident:INC-8", incident="INC-8", category="price")
    await raising.raise_alert(other)
    await run_for(raising, clock, 3)
    raising.end("INC-7")
    await run_for(raising, clock, 3)
    assert store.alerts[GRAVE.key].state == "resolved"
    assert store.alerts[other.key].state == "firing"
    assert set(pauses.kept) == {"incident:INC-8", "category:hejia/price"}
    assert f"{GRAVE.key}#2" in pager.taken, "whoever was told hears of the end"


async def test_nothing_ends_before_staff_were_told_of_it() -> None:
    clock, pager = ManualClock(START), Ledger()
    store = Deliveries(now=clock.now)
    manners = AlertManners(rules=Rules(wait=timedelta(seconds=30)))
    raising = desk(store, pager, clock=clock, manners=manners)
    await raising.raise_alert(replace(GRAVE, severity="P3"))
    raising.end("INC-7")
    await run_for(raising, clock, 20)
    assert (store.alerts[GRAVE.key].state, pager.taken) == ("firing", [])
    await run_for(raising, clock, 20)
    assert store.alerts[GRAVE.key].state == "resolved"
    assert pager.taken == [f"{GRAVE.key}#1", f"{GRAVE.key}#2"]


async def test_what_is_heard_after_the_end_is_a_second_wave() -> None:
    clock, pauses, pager = ManualClock(START), MemoryPauses(), Ledger()
    store = Deliveries(now=clock.now)
    raising = desk(store, pager, clock=clock, pauses=pauses)
    await raising.raise_alert(GRAVE)
    await run_for(raising, clock, 0)
    raising.end("INC-7")
    await run_for(raising, clock, 1)
    assert store.alerts[GRAVE.key].state == "resolved"
    await raising.raise_alert(GRAVE)
    assert store.alerts[GRAVE.key].state == "firing"
    assert set(pauses.kept) == {"incident:INC-7", "category:hejia/freshness"}
    await run_for(raising, clock, 3)
    assert store.alerts[GRAVE.key].state == "firing", "it is not over any more"
    assert pager.taken[-1] == f"{GRAVE.key}#3"


async def test_an_end_that_a_new_post_follows_at_once_is_none() -> None:
    clock = ManualClock(START)
    store = Deliveries(now=clock.now)
    raising = desk(store, clock=clock)
    await raising.raise_alert(GRAVE)
    await run_for(raising, clock, 0)
    raising.end("INC-7")
    await raising.raise_alert(GRAVE)
    await run_for(raising, clock, 5)
    assert store.alerts[GRAVE.key].state == "firing"


def test_of_too_many_ends_the_first_are_forgotten() -> None:
    ended = Ended(most=2)
    for name in ("a", "b", "c"):
        ended.add(name)
    assert [name in ended for name in ("a", "b", "c")] == [False, True, True]
    assert ended.begins_anew("c")
    assert not ended.begins_anew("c")
    assert not ended.begins_anew(None)
