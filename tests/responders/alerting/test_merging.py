"""Alerts whose incident was merged into another one."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import Conflict
from core.localized import LocalizedText
from core.model.alerts import Alert, Mute
from core.runtime.bus import Bus
from responders.alerting.manager import AlertManager, AlertPolicy
from tests.builders import START, alert
from tests.responders.alerting.doubles import NoticeRecorder
from tests.responders.alerting.support import run_for
from tests.responders.memory_store import MemoryAlerts, MemoryPauses

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


class MergeRig:
    """An alert manager with one receiver over a store in memory."""

    def __init__(self, store: MemoryAlerts | None = None) -> None:
        self.clock = ManualClock(START)
        self.store = store or MemoryAlerts(now=self.clock.now)
        self.pager, self.pauses = NoticeRecorder(), MemoryPauses()
        self.manager = AlertManager(
            store=self.store,
            receivers=(self.pager,),
            bus=Bus(),
            clock=self.clock,
            random=lambda: 0.5,
            pauses=self.pauses,
            policy=AlertPolicy(
                part_of=lambda language, id_: {"zh": f"并入 {id_}", "en": f"In {id_}"}[language]
            ),
        )

    async def raised(self, *alerts: Alert) -> None:
        """Raise them, and let staff be notified."""
        for one in alerts:
            await self.manager.raise_alert(one)
            await run_for(self.manager, self.clock, 400)
        self.pager.taken.clear()

    async def merge(self) -> None:
        await self.manager.merge(SMALL, LARGE)
        await run_for(self.manager, self.clock, 1)

    def now(self, incident: str) -> Alert:
        return self.store.alerts[f"incident:{incident}"]

    async def take(self, incident: str, by: str) -> None:
        taken = replace(
            self.now(incident), state="acknowledged", owner=by, acknowledged_at=self.clock.now()
        )
        await self.store.save(taken)


async def test_the_merged_alert_is_resolved_with_a_localized_reason_and_one_notice() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE), about(SMALL))
    await rig.merge()
    gone = rig.now(SMALL)
    assert (gone.state, gone.part_of, gone.resolved_at) == ("resolved", LARGE, START + HEARD)
    assert (gone.localized("zh").body, gone.localized("en").body) == (
        "并入 INC-104\n5 人",
        "In INC-104",
    )
    assert gone.body.startswith("并入 INC-104\n8 位作者"), "where only one language is shown"
    assert rig.pager.taken == [f"incident:{SMALL}#2"]
    await rig.merge()
    assert rig.pager.taken == [f"incident:{SMALL}#2"], "doing it again changes nothing"
    assert rig.now(LARGE).state == "firing"


HEARD = timedelta(seconds=800)


async def test_no_one_is_notified_of_the_end_of_an_alert_without_notices() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE), about(SMALL, severity="P4"))
    await rig.merge()
    assert rig.pager.taken == []
    assert rig.now(SMALL).state == "resolved"


async def test_a_mute_holds_for_the_end_as_well() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE), about(SMALL))
    until = START + timedelta(days=1)
    rig.store.stored_mutes.append(Mute(id="s", incident=SMALL, until=until, reason="r", by="王芳"))
    await rig.merge()
    assert rig.pager.taken == []


@pytest.mark.slow
async def test_owner_and_acknowledgement_pass_on() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE), about(SMALL))
    await rig.take(SMALL, "王芳")
    await rig.merge()
    assert (rig.now(SMALL).owner, rig.now(SMALL).state) == ("王芳", "resolved")
    assert (rig.now(LARGE).owner, rig.now(LARGE).state) == ("王芳", "acknowledged")
    await run_for(rig.manager, rig.clock, 5 * 3600)
    assert rig.pager.taken == [f"incident:{SMALL}#2"], "nobody is called for what is taken"


async def test_a_graver_surviving_alert_keeps_firing() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE, severity="P1"), about(SMALL, brand=None))
    await rig.take(SMALL, "王芳")
    await rig.merge()
    assert (rig.now(LARGE).state, rig.now(LARGE).owner) == ("firing", None)


async def test_the_owner_of_the_surviving_alert_stays() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE), about(SMALL))
    await rig.take(LARGE, "李明")
    await rig.take(SMALL, "王芳")
    await rig.merge()
    assert rig.now(LARGE).owner == "李明"


async def test_the_surviving_alert_takes_the_higher_severity_and_pauses_replies() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE), about(SMALL, severity="P1"))
    await rig.merge()
    assert (rig.now(LARGE).severity, rig.now(LARGE).notified_severity) == ("P1", "P1")
    assert f"incident:{LARGE}" in rig.pauses.kept
    assert f"incident:{LARGE}#2" in rig.pager.taken


async def test_without_a_surviving_alert_the_merged_one_continues_under_its_key() -> None:
    rig = MergeRig()
    await rig.raised(about(SMALL))
    await rig.take(SMALL, "王芳")
    await rig.merge()
    kept = rig.now(LARGE)
    assert (kept.state, kept.owner, kept.incident, kept.notices) == (
        *("acknowledged", "王芳", LARGE),
        1,
    )
    assert rig.pager.taken == [f"incident:{SMALL}#2"], "nobody is called anew"


@pytest.mark.slow
async def test_a_resolved_surviving_alert_fires_again() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE))
    await run_for(rig.manager, rig.clock, 7 * 3600)
    assert rig.now(LARGE).state == "resolved"
    await rig.raised(about(SMALL, created_at=rig.clock.now()))
    await rig.merge()
    kept = rig.now(LARGE)
    assert (kept.state, kept.resolved_at) == ("firing", None)
    assert rig.pager.taken == [f"incident:{SMALL}#2"]
    assert kept.notices == 3, "keys of notices are never used twice"


async def test_a_merge_without_alerts_changes_nothing() -> None:
    rig = MergeRig()
    await rig.merge()
    assert rig.store.alerts == {}


class ContendedAlerts(MemoryAlerts):
    """A store that reports a concurrent change so many times."""

    faster = 1

    async def save(self, alert: Alert, *, receivers: object = ()) -> Alert:
        if self.faster:
            self.faster -= 1
            raise Conflict("changed")
        return await super().save(alert)


@pytest.mark.parametrize("times", [1, 100])
async def test_a_merge_is_retried_after_a_concurrent_change(times: int) -> None:
    store = ContendedAlerts()
    rig = MergeRig(store)
    await rig.manager.raise_alert(about(LARGE))
    await rig.manager.raise_alert(about(SMALL))
    store.faster = times
    if times > 10:
        with pytest.raises(Conflict, match="again and again"):
            await rig.manager.merge(SMALL, LARGE)
        return
    await rig.manager.merge(SMALL, LARGE)
    assert rig.now(SMALL).part_of == LARGE


async def test_a_merge_wakes_the_running_manager() -> None:
    rig = MergeRig()
    await rig.raised(about(LARGE), about(SMALL))
    running = asyncio.create_task(rig.manager.run())
    await rig.clock.advance(0)
    await rig.manager.merge(SMALL, LARGE)
    await rig.clock.advance(0)
    assert rig.pager.taken == [f"incident:{SMALL}#2"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
