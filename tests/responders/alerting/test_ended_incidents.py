"""Incidents end by the time of their posts, however slowly the clock runs."""

from dataclasses import replace
from datetime import timedelta

from core.clock import ManualClock
from core.model.alerts import Alert
from responders.alerting.lifecycle import AlertTimings
from responders.alerting.manager import AlertPolicy
from tests.builders import START, alert
from tests.responders.alerting.doubles import NoticeRecorder
from tests.responders.alerting.support import manager, run_for
from tests.responders.memory_store import MemoryAlerts, MemoryPauses

GRAVE: Alert = replace(alert("incident:INC-7"), incident="INC-7", category="freshness")


async def test_the_end_of_an_incident_resolves_its_alert_and_lifts_its_pauses() -> None:
    clock, pauses, pager = ManualClock(START), MemoryPauses(), NoticeRecorder()
    store = MemoryAlerts(now=clock.now)
    alerting = manager(store, pager, clock=clock, pauses=pauses)
    await alerting.raise_alert(GRAVE)
    other = replace(GRAVE, key="incident:INC-8", incident="INC-8", category="price")
    await alerting.raise_alert(other)
    await run_for(alerting, clock, 3)
    alerting.end("INC-7")
    await run_for(alerting, clock, 3)
    assert store.alerts[GRAVE.key].state == "resolved"
    assert store.alerts[other.key].state == "firing"
    assert set(pauses.kept) == {"incident:INC-8", "category:hejia/price"}
    assert f"{GRAVE.key}#2" in pager.taken, "whoever was told hears of the end"


async def test_an_ended_incident_is_resolved_only_after_its_first_notice() -> None:
    clock, pager = ManualClock(START), NoticeRecorder()
    store = MemoryAlerts(now=clock.now)
    policy = AlertPolicy(timings=AlertTimings(wait=timedelta(seconds=30)))
    alerting = manager(store, pager, clock=clock, policy=policy)
    await alerting.raise_alert(replace(GRAVE, severity="P3"))
    alerting.end("INC-7")
    await run_for(alerting, clock, 20)
    assert (store.alerts[GRAVE.key].state, pager.taken) == ("firing", [])
    await run_for(alerting, clock, 20)
    assert store.alerts[GRAVE.key].state == "resolved"
    assert pager.taken == [f"{GRAVE.key}#1", f"{GRAVE.key}#2"]


async def test_news_after_the_end_are_a_second_wave() -> None:
    clock, pauses, pager = ManualClock(START), MemoryPauses(), NoticeRecorder()
    store = MemoryAlerts(now=clock.now)
    alerting = manager(store, pager, clock=clock, pauses=pauses)
    await alerting.raise_alert(GRAVE)
    await run_for(alerting, clock, 0)
    alerting.end("INC-7")
    await run_for(alerting, clock, 1)
    assert store.alerts[GRAVE.key].state == "resolved"
    await alerting.raise_alert(GRAVE)
    assert store.alerts[GRAVE.key].state == "firing"
    assert set(pauses.kept) == {"incident:INC-7", "category:hejia/freshness"}
    await run_for(alerting, clock, 3)
    assert store.alerts[GRAVE.key].state == "firing", "it is not over any more"
    assert pager.taken[-1] == f"{GRAVE.key}#3"


async def test_news_right_after_the_end_cancel_it() -> None:
    clock = ManualClock(START)
    store = MemoryAlerts(now=clock.now)
    alerting = manager(store, clock=clock)
    await alerting.raise_alert(GRAVE)
    await run_for(alerting, clock, 0)
    alerting.end("INC-7")
    await alerting.raise_alert(GRAVE)
    await run_for(alerting, clock, 5)
    assert store.alerts[GRAVE.key].state == "firing"


async def test_the_number_of_remembered_ends_is_bounded() -> None:
    clock = ManualClock(START)
    store = MemoryAlerts(now=clock.now)
    alerting = manager(store, clock=clock)
    first = replace(GRAVE, key="incident:INC-0", incident="INC-0", category="price")
    for one in (first, GRAVE):
        await alerting.raise_alert(one)
    await run_for(alerting, clock, 0)
    for number in range(1000):
        alerting.end(f"INC-{number}")
    alerting.end("INC-1000")
    await run_for(alerting, clock, 5)
    assert store.alerts[first.key].state == "firing"
    assert store.alerts[GRAVE.key].state == "resolved"
