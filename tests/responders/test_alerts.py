"""The desk: what is raised is stored first, told as the rules have it, and looked after."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from core.bus import Bus, Change, Subscription
from core.clock import ManualClock
from core.errors import ConfigError, Conflict, StoreError
from core.records import Alert
from core.settings import Settings
from core.standing import Freeze, Silence
from core.wording import Tongue, Wording
from responders.alerts import AlertDesk, AlertManners
from responders.assembly import join_receivers
from responders.oncall import read_chain
from responders.receiver import Receiver, notice_key
from responders.topics import resume
from tests.responders.parts import START, Deliveries, alert
from tests.responders.test_courier import Jumpy, Pager


@dataclass
class Ledger(Pager):
    """Notes every notice it gets."""

    async def deliver(self, alert: Alert) -> None:
        self.taken.append(notice_key(alert))


@dataclass
class Pauses:
    """Where automatic replies are paused."""

    kept: dict[str, Freeze] = field(default_factory=dict)

    async def freezes(self) -> Sequence[Freeze]:
        return list(self.kept.values())

    async def save_freeze(self, freeze: Freeze) -> None:
        self.kept[freeze.id] = freeze

    async def lift_freeze(self, id: str, *, by: str) -> bool:  # noqa: A002
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

    async def raise_alert(self, alert: Alert, receivers: Sequence[str]) -> bool:
        if self.failures:
            raise self.failures.pop(0)
        return await super().raise_alert(alert, receivers)

    async def change_alert(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        if self.failures:
            raise self.failures.pop(0)
        return await super().change_alert(alert, receivers=receivers)

    async def live_alerts(self, *, limit: int = 1000) -> Sequence[Alert]:
        if self.failures and type(self.failures[0]) is StoreError:
            raise self.failures.pop(0)
        return await super().live_alerts(limit=limit)


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

    async def raise_alert(self, alert: Alert, receivers: Sequence[str]) -> bool:
        return False


async def test_an_alert_that_was_purged_meanwhile_is_nobody_s_matter() -> None:
    assert not await desk(Gone()).raise_alert(alert())


def state(store: Deliveries) -> str:
    return store.alerts["a1"].state


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
    silence = Silence(id="s", brand="hejia", until=until, reason="", by="x")
    store, pager = Deliveries(now=clock.now, laid_down=[silence]), Ledger()
    raising = desk(store, pager, clock=clock)
    await raising.raise_alert(alert())
    await run_for(raising, clock, 299)
    assert pager.taken == []
    await run_for(raising, clock, 2)
    assert pager.taken == ["a1#1"]


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


async def test_a_grave_incident_pauses_its_topic_until_it_is_over() -> None:
    clock, pauses = ManualClock(START), Pauses()
    store = Deliveries(now=clock.now)
    raising = desk(store, clock=clock, freezer=pauses)
    grave = replace(alert(), incident="INC-7", category="freshness")
    await raising.raise_alert(replace(grave, severity="P2"))
    assert pauses.kept == {}
    await raising.raise_alert(grave)
    assert set(pauses.kept) == {"incident:INC-7", "category:hejia/freshness"}
    assert {freeze.by for freeze in pauses.kept.values()} == {"bot"}
    del pauses.kept["incident:INC-7"]
    await clock.advance(10)
    await raising.raise_alert(replace(grave, body="more"))
    assert "incident:INC-7" not in pauses.kept, "what a person lifted stays lifted"
    mine = Freeze(id="all", scope="all", reason="", by="王敏", at=START)
    await pauses.save_freeze(mine)
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
    def by_bot(name: str, seconds: float) -> Freeze:
        at = START + timedelta(seconds=seconds)
        return Freeze(id=f"brand:{name}", scope="brand", value=name, reason="", by="bot", at=at)

    pauses = Pauses()
    for name, seconds in (("past", -59), ("ahead", 1), ("old", -60), ("far", 60)):
        await pauses.save_freeze(by_bot(name, seconds))
    assert await resume(pauses, (), START) == 2
    assert set(pauses.kept) == {"brand:past", "brand:ahead"}


async def test_the_pause_follows_what_the_incident_turns_out_to_be_about() -> None:
    clock, pauses = ManualClock(START), Pauses()
    raising = desk(Deliveries(now=clock.now), clock=clock, freezer=pauses)
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
        pauses = Pauses()
        await desk(Deliveries(), freezer=pauses).raise_alert(replace(alert(), **changes))
        assert set(pauses.kept) == expected, changes


async def test_an_exercise_says_so() -> None:
    store, pauses = Deliveries(), Pauses()
    marks: dict[Tongue, str] = {"zh": "【演练】", "en": "[DRILL] "}
    raising = desk(store, freezer=pauses, manners=AlertManners(drill_mark=marks.__getitem__))
    english = Wording(language="en", title="Mould", body="8 authors")
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
