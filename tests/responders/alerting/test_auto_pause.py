"""Pauses that alerts cause, and their end."""

from dataclasses import replace
from datetime import timedelta

from core.clock import ManualClock
from core.localized import LocalizedText, UiLanguage
from core.model.pauses import Pause
from responders.alerting.auto_pause import lift_pauses
from responders.alerting.manager import AlertPolicy
from tests.builders import START, alert
from tests.responders.alerting.support import manager, run_for
from tests.responders.memory_store import MemoryAlerts, MemoryPauses


async def test_a_p1_incident_pauses_its_topic_until_it_is_resolved() -> None:
    clock, pauses = ManualClock(START), MemoryPauses()
    store = MemoryAlerts(now=clock.now)
    alerting = manager(store, clock=clock, pauses=pauses)
    grave = replace(alert(), incident="INC-7", category="freshness")
    await alerting.raise_alert(replace(grave, severity="P2"))
    assert pauses.kept == {}
    await alerting.raise_alert(grave)
    assert set(pauses.kept) == {"incident:INC-7", "category:hejia/freshness"}
    assert {pause.by for pause in pauses.kept.values()} == {"bot"}
    del pauses.kept["incident:INC-7"]
    await clock.advance(10)
    await alerting.raise_alert(replace(grave, body="more"))
    assert "incident:INC-7" not in pauses.kept, "what a person lifted stays lifted"
    mine = Pause(id="all", scope="all", reason="", by="王敏", at=START)
    await pauses.save(mine)
    other = replace(grave, key="a2", incident=None)
    await alerting.raise_alert(other)
    await run_for(alerting, clock, 3600)
    store.alerts["a2"] = replace(store.alerts["a2"], heard_at=clock.now() + timedelta(hours=3))
    await run_for(alerting, clock, 5.5 * 3600)
    assert store.alerts["a1"].state == "resolved"
    assert set(pauses.kept) == {"category:hejia/freshness", "all"}, "another goes on about it"
    await run_for(alerting, clock, 12 * 3600)
    assert set(pauses.kept) == {"all"}, "what a person paused stays paused"


async def test_a_young_pause_whose_alert_is_not_stored_yet_stays() -> None:
    def by_bot(name: str, seconds: float) -> Pause:
        at = START + timedelta(seconds=seconds)
        return Pause(id=f"brand:{name}", scope="brand", value=name, reason="", by="bot", at=at)

    pauses = MemoryPauses()
    for name, seconds in (("past", -59), ("ahead", 1), ("old", -60), ("far", 60)):
        await pauses.save(by_bot(name, seconds))
    assert await lift_pauses(pauses, (), START) == 2
    assert set(pauses.kept) == {"brand:past", "brand:ahead"}


async def test_pauses_follow_the_topic_of_the_incident() -> None:
    clock, pauses = ManualClock(START), MemoryPauses()
    alerting = manager(MemoryAlerts(now=clock.now), clock=clock, pauses=pauses)
    first = replace(alert(), incident="INC-7", category="quality")
    await alerting.raise_alert(first)
    assert set(pauses.kept) == {"incident:INC-7", "category:hejia/quality"}
    del pauses.kept["incident:INC-7"]
    await clock.advance(90)
    await alerting.raise_alert(replace(first, category="food_safety"))
    assert set(pauses.kept) == {"category:hejia/quality", "category:hejia/food_safety"}
    await alerting.step()
    assert set(pauses.kept) == {"category:hejia/food_safety"}, "it is not about quality any more"


async def test_a_p1_incident_without_a_topic_pauses_the_brand() -> None:
    for changes, expected in (
        ({}, {"brand:hejia"}),
        ({"category": "other"}, {"brand:hejia"}),
        ({"brand": None, "category": "price"}, {"category:price"}),
        ({"brand": None}, set()),
        ({"kind": "store"}, set()),
    ):
        pauses = MemoryPauses()
        await manager(MemoryAlerts(), pauses=pauses).raise_alert(replace(alert(), **changes))
        assert set(pauses.kept) == expected, changes


async def test_every_alert_of_a_drill_is_marked() -> None:
    store, pauses = MemoryAlerts(), MemoryPauses()
    marks: dict[UiLanguage, str] = {"zh": "【演练】", "en": "[DRILL] "}
    alerting = manager(store, pauses=pauses, policy=AlertPolicy(drill_mark=marks.__getitem__))
    english = LocalizedText(language="en", title="Mould", body="8 authors")
    await alerting.raise_alert(replace(alert(), wordings=(english,)))
    assert store.alerts["a1"].title == "【演练】面包发霉"
    assert store.alerts["a1"].localized("en").title == "[DRILL] Mould"
    assert store.alerts["a1"].drill
