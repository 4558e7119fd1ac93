"""What becomes of an alert whose incident went into another one."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from core.alerts import Alert, Mute
from core.bus import Bus
from core.clock import ManualClock
from core.errors import Conflict
from core.localized import LocalizedText
from responders.alerting.manager import AlertDesk, AlertManners
from tests.builders import START, alert
from tests.responders.alerting.support import Ledger, MemoryPauses, run_for
from tests.responders.parts import Deliveries

SMALL, LARGE = "INC-105", "INC-104"
WORDS = (
    LocalizedText(language="zh", title="面包", body="5 人"),
    LocalizedText(language="en", title="Bread", body=""),
)


def about(incident: str, **changes: object) -> Alert:
    known = replace(
        alert(), key=f"incident:{incident}", incident=incident, severity="P2", wordings=WORDS
    )
    return replace(known, **changes)  # type: ignore[arg-type]  # the caller names real fields


class House:
    """A desk over a store with one receiver."""

    def __init__(self, store: Deliveries | None = None) -> None:
        self.clock = ManualClock(START)
        self.store = store or Deliveries(now=self.clock.now)
        self.pager, self.pauses = Ledger(), MemoryPauses()
        self.desk = AlertDesk(
            store=self.store,
            receivers=(self.pager,),
            bus=Bus(),
            clock=self.clock,
            random=lambda: 0.5,
            pauses=self.pauses,
            manners=AlertManners(
                part_of=lambda language, id_: {"zh": f"并入 {id_}", "en": f"In {id_}"}[language]
            ),
        )

    async def told(self, *alerts: Alert) -> None:
        """Raise them and let staff be told."""
        for one in alerts:
            await self.desk.raise_alert(one)
            await run_for(self.desk, self.clock, 400)
        self.pager.taken.clear()

    async def merge(self) -> None:
        await self.desk.merge(SMALL, LARGE)
        await run_for(self.desk, self.clock, 1)

    def now(self, incident: str) -> Alert:
        return self.store.alerts[f"incident:{incident}"]

    async def take(self, incident: str, by: str) -> None:
        taken = replace(
            self.now(incident), state="acknowledged", owner=by, acknowledged_at=self.clock.now()
        )
        await self.store.save(taken)


async def test_it_ends_with_a_reason_in_both_languages_and_staff_hear_of_it_once() -> None:
    house = House()
    await house.told(about(LARGE), about(SMALL))
    await house.merge()
    gone = house.now(SMALL)
    assert (gone.state, gone.part_of, gone.resolved_at) == ("resolved", LARGE, START + HEARD)
    assert (gone.told("zh").body, gone.told("en").body) == ("并入 INC-104\n5 人", "In INC-104")
    assert gone.body.startswith("并入 INC-104\n8 位作者"), "where only one language is shown"
    assert house.pager.taken == [f"incident:{SMALL}#2"]
    await house.merge()
    assert house.pager.taken == [f"incident:{SMALL}#2"], "doing it again changes nothing"
    assert house.now(LARGE).state == "firing"


HEARD = timedelta(seconds=800)


async def test_nobody_hears_of_the_end_of_what_nobody_was_told_of() -> None:
    house = House()
    await house.told(about(LARGE), about(SMALL, severity="P4"))
    await house.merge()
    assert house.pager.taken == []
    assert house.now(SMALL).state == "resolved"


async def test_a_silence_holds_for_the_end_as_well() -> None:
    house = House()
    await house.told(about(LARGE), about(SMALL))
    until = START + timedelta(days=1)
    house.store.laid_down.append(Mute(id="s", incident=SMALL, until=until, reason="r", by="王芳"))
    await house.merge()
    assert house.pager.taken == []


@pytest.mark.slow
async def test_who_has_taken_it_has_taken_what_it_went_into() -> None:
    house = House()
    await house.told(about(LARGE), about(SMALL))
    await house.take(SMALL, "王芳")
    await house.merge()
    assert (house.now(SMALL).owner, house.now(SMALL).state) == ("王芳", "resolved")
    assert (house.now(LARGE).owner, house.now(LARGE).state) == ("王芳", "acknowledged")
    await run_for(house.desk, house.clock, 5 * 3600)
    assert house.pager.taken == [f"incident:{SMALL}#2"], "nobody is called for what is taken"


async def test_a_graver_one_goes_on_firing() -> None:
    house = House()
    await house.told(about(LARGE, severity="P1"), about(SMALL, brand=None))
    await house.take(SMALL, "王芳")
    await house.merge()
    assert (house.now(LARGE).state, house.now(LARGE).owner) == ("firing", None)


async def test_what_a_colleague_has_taken_stays_theirs() -> None:
    house = House()
    await house.told(about(LARGE), about(SMALL))
    await house.take(LARGE, "李明")
    await house.take(SMALL, "王芳")
    await house.merge()
    assert house.now(LARGE).owner == "李明"


async def test_it_becomes_as_grave_as_what_went_into_it_and_pauses_replies() -> None:
    house = House()
    await house.told(about(LARGE), about(SMALL, severity="P1"))
    await house.merge()
    assert (house.now(LARGE).severity, house.now(LARGE).notified_severity) == ("P1", "P1")
    assert f"incident:{LARGE}" in house.pauses.kept
    assert f"incident:{LARGE}#2" in house.pager.taken


async def test_where_nothing_was_raised_about_it_the_alert_goes_on_under_its_name() -> None:
    house = House()
    await house.told(about(SMALL))
    await house.take(SMALL, "王芳")
    await house.merge()
    kept = house.now(LARGE)
    assert (kept.state, kept.owner, kept.incident, kept.notices) == (
        *("acknowledged", "王芳", LARGE),
        1,
    )
    assert house.pager.taken == [f"incident:{SMALL}#2"], "nobody is called anew"


@pytest.mark.slow
async def test_what_was_over_fires_again_if_what_went_into_it_fires() -> None:
    house = House()
    await house.told(about(LARGE))
    await run_for(house.desk, house.clock, 7 * 3600)
    assert house.now(LARGE).state == "resolved"
    await house.told(about(SMALL, created_at=house.clock.now()))
    await house.merge()
    kept = house.now(LARGE)
    assert (kept.state, kept.resolved_at) == ("firing", None)
    assert house.pager.taken == [f"incident:{SMALL}#2"]
    assert kept.notices == 3, "keys of notices are never used twice"


async def test_what_is_over_or_was_never_raised_is_left_alone() -> None:
    house = House()
    await house.merge()
    assert house.store.alerts == {}


class Busy(Deliveries):
    """Somebody else is faster so many times."""

    faster = 1

    async def save(self, alert: Alert, *, receivers: object = ()) -> Alert:
        if self.faster:
            self.faster -= 1
            raise Conflict("changed")
        return await super().save(alert)


@pytest.mark.parametrize("times", [1, 100])
async def test_it_is_done_on_what_a_colleague_has_changed_meanwhile(times: int) -> None:
    store = Busy()
    house = House(store)
    await house.desk.raise_alert(about(LARGE))
    await house.desk.raise_alert(about(SMALL))
    store.faster = times
    if times > 10:
        with pytest.raises(Conflict, match="again and again"):
            await house.desk.merge(SMALL, LARGE)
        return
    await house.desk.merge(SMALL, LARGE)
    assert house.now(SMALL).part_of == LARGE


async def test_what_is_running_hears_of_it() -> None:
    house = House()
    await house.told(about(LARGE), about(SMALL))
    running = asyncio.create_task(house.desk.run())
    await house.clock.advance(0)
    await house.desk.merge(SMALL, LARGE)
    await house.clock.advance(0)
    assert house.pager.taken == [f"incident:{SMALL}#2"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
