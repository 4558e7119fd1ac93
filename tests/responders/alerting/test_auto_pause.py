"""Alerts pause replies, and their receivers are told whatever happens to one."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from core.alerts import Alert
from core.clock import ManualClock
from core.errors import ConfigError
from core.localized import LocalizedText, UiLanguage
from core.pauses import Pause
from core.settings import Settings
from responders.alerting.auto_pause import resume
from responders.alerting.escalation import read_chain
from responders.alerting.manager import AlertManners
from responders.factory import join_receivers
from tests.builders import START, alert
from tests.responders.alerting.support import Ledger, MemoryPauses, desk, run_for
from tests.responders.parts import Deliveries


async def test_a_grave_incident_pauses_its_topic_until_it_is_over() -> None:
    clock, pauses = ManualClock(START), MemoryPauses()
    store = Deliveries(now=clock.now)
    raising = desk(store, clock=clock, pauses=pauses)
    grave = replace(alert(), incident="INC-7", category="freshness")
    await raising.raise_alert(replace(grave, severity="P2"))
    assert pauses.kept == {}
    await raising.raise_alert(grave)
    assert set(pauses.kept) == {"incident:INC-7", "category:hejia/freshness"}
    assert {pause.by for pause in pauses.kept.values()} == {"bot"}
    del pauses.kept["incident:INC-7"]
    await clock.advance(10)
    await raising.raise_alert(replace(grave, body="more"))
    assert "incident:INC-7" not in pauses.kept, "what a person lifted stays lifted"
    mine = Pause(id="all", scope="all", reason="", by="王敏", at=START)
    await pauses.save(mine)
    other = replace(grave, key="a2", incident=None)
    await raising.raise_alert(other)
    await run_for(raising, clock, 3600)
    store.alerts["a2"] = replace(store.alerts["a2"], heard_at=clock.now() + timedelta(hours=3))
    await run_for(raising, clock, 5.5 * 3600)
    assert store.alerts["a1"].state == "resolved"
    assert set(pauses.kept) == {"category:hejia/freshness", "all"}, "another goes on about it"
    await run_for(raising, clock, 12 * 3600)
    assert set(pauses.kept) == {"all"}, "what a person paused stays paused"


async def test_a_pause_whose_alert_is_on_its_way_stays() -> None:
    def by_bot(name: str, seconds: float) -> Pause:
        at = START + timedelta(seconds=seconds)
        return Pause(id=f"brand:{name}", scope="brand", value=name, reason="", by="bot", at=at)

    pauses = MemoryPauses()
    for name, seconds in (("past", -59), ("ahead", 1), ("old", -60), ("far", 60)):
        await pauses.save(by_bot(name, seconds))
    assert await resume(pauses, (), START) == 2
    assert set(pauses.kept) == {"brand:past", "brand:ahead"}


async def test_the_pause_follows_what_the_incident_turns_out_to_be_about() -> None:
    clock, pauses = ManualClock(START), MemoryPauses()
    raising = desk(Deliveries(now=clock.now), clock=clock, pauses=pauses)
    first = replace(alert(), incident="INC-7", category="quality")
    await raising.raise_alert(first)
    assert set(pauses.kept) == {"incident:INC-7", "category:hejia/quality"}
    del pauses.kept["incident:INC-7"]
    await clock.advance(90)
    await raising.raise_alert(replace(first, category="food_safety"))
    assert set(pauses.kept) == {"category:hejia/quality", "category:hejia/food_safety"}
    await raising.look()
    assert set(pauses.kept) == {"category:hejia/food_safety"}, "it is not about quality any more"


async def test_without_a_topic_the_brand_is_paused() -> None:
    for changes, expected in (
        ({}, {"brand:hejia"}),
        ({"category": "other"}, {"brand:hejia"}),
        ({"brand": None, "category": "price"}, {"category:price"}),
        ({"brand": None}, set()),
        ({"kind": "store"}, set()),
    ):
        pauses = MemoryPauses()
        await desk(Deliveries(), pauses=pauses).raise_alert(replace(alert(), **changes))
        assert set(pauses.kept) == expected, changes


async def test_an_exercise_says_so() -> None:
    store, pauses = Deliveries(), MemoryPauses()
    marks: dict[UiLanguage, str] = {"zh": "【演练】", "en": "[DRILL] "}
    raising = desk(store, pauses=pauses, manners=AlertManners(drill_mark=marks.__getitem__))
    english = LocalizedText(language="en", title="Mould", body="8 authors")
    await raising.raise_alert(replace(alert(), wordings=(english,)))
    assert store.alerts["a1"].title == "【演练】面包发霉"
    assert store.alerts["a1"].told("en").title == "[DRILL] Mould"
    assert store.alerts["a1"].drill


def settings(**alerts: object) -> Settings:
    return Settings.model_validate(
        {
            "brands": [{"id": "hejia", "name": "禾家", "terms": ["禾家"]}],
            "channels": [{"name": "webchat", "type": "webchat"}],
            "alerts": alerts,
        }
    )


async def test_receivers_that_channels_bring_are_told_too_and_steps_name_real_ones() -> None:
    clock = ManualClock(START)
    store, pager, group = Deliveries(now=clock.now), Ledger(), Ledger(name="telegram-staff")
    mine = settings(on_call=[{"receivers": ["telegram-staff"]}, {"receivers": ["pager"]}])
    manners = AlertManners(chain=lambda names: read_chain(mine.alerts, names))
    raising = desk(store, pager, clock=clock, manners=manners)
    with pytest.raises(ConfigError, match="no receiver 'telegram-staff'"):
        join_receivers(mine, raising)
    join_receivers(mine, raising, [group])
    with pytest.raises(ConfigError, match="two receivers"):
        join_receivers(mine, raising, [group])
    await raising.raise_alert(alert())
    await run_for(raising, clock, 60)
    assert (group.taken, pager.taken) == (["a1#1"], [])
    await run_for(raising, clock, 900)
    assert (group.taken, pager.taken) == (["a1#1"], ["a1#2"])
    with pytest.raises(ConfigError, match="no time zone 'Mars'"):
        read_chain(settings(timezone="Mars").alerts, ())


async def test_a_dead_receiver_never_delays_another() -> None:
    clock = ManualClock(START)
    store, pager = Deliveries(now=clock.now), Ledger()

    class Stuck:
        name = "stuck"

        async def deliver(self, alert: Alert) -> None:
            await asyncio.Event().wait()

    raising = desk(store, Stuck(), pager, clock=clock)
    running = asyncio.create_task(raising.run())
    await clock.advance(0)
    for key in ("a1", "a2"):
        await raising.raise_alert(alert(key))
        await clock.advance(1)
    assert pager.taken == ["a1#1", "a2#1"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
