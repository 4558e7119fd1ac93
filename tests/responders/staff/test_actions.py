"""Actions of staff over a real store: each is done once, or refused as too late."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.catalogue import shipped_catalogue
from cli.settings_file import parse
from core.clock import ManualClock
from core.errors import Conflict
from core.model.alerts import Alert
from core.model.cards import StaffAction
from core.model.decisions import Action, Decision
from core.model.events import Page
from core.model.outbox import Reply, ReplyState
from core.model.outcomes import Outcome, Plan
from core.model.pauses import Pause, PauseScope
from core.runtime.bus import Bus
from moderation.gate import StoredPauses
from responders.factory import StaffServices
from responders.staff.actions import SNOOZE
from storage.sqlite.store import SqliteStore
from tests.builders import START, alert
from tests.responders.builders import mention, reply

SETTINGS = parse(
    """
[[brands]]
id = "hejia"
name = "禾家"
terms = ["禾家"]
[[channels]]
name = "tg"
type = "telegram"
[[staff]]
name = "小李"
telegram = "7"
[[staff]]
name = "没有账号"
""",
    {},
)


class StaffRig:
    """The actions and the store behind them."""

    def __init__(self, store: SqliteStore, clock: ManualClock) -> None:
        self.store, self.clock, self.bus = store, clock, Bus()
        self.pauses = StoredPauses(store.pauses, store.mentions)
        side = StaffServices(
            SETTINGS,
            catalogue=shipped_catalogue(),
            store=store,
            pauses=self.pauses,
            bus=self.bus,
            clock=clock,
        )
        self.actions = side.actions

    async def raised(self, *, brand: str | None = "hejia") -> Alert:
        made = replace(alert(), brand=brand)
        await self.store.alerts.add(made, ())
        return made

    async def drafted(self) -> str:
        """A draft to a post; returns its subject."""
        about = mention()
        await self.store.events.accept("webchat", Page(events=(about.event,)))
        (item,) = await self.store.events.claim(1)
        about = replace(about, seq=item.seq)
        waiting = replace(reply(seq=item.seq), state=ReplyState.DRAFT)
        plan = Plan(
            decision=Decision(action=Action.DRAFT, rule="r", reason="why"), replies=(waiting,)
        )
        await self.store.events.record([Outcome(seq=item.seq, mention=about, plan=plan)])
        return f"draft:{item.seq}:{waiting.key}"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[StaffRig]:
    clock = ManualClock(START)
    store = await SqliteStore.open(tmp_path / "store.db", clock=clock)
    yield StaffRig(store, clock)
    await store.close()


async def test_only_enrolled_accounts_are_members(rig: StaffRig) -> None:
    assert await rig.actions.member("7") == "小李"
    assert await rig.actions.member("8") is None
    assert await rig.actions.member("") is None


@pytest.mark.parametrize("subject", ["alert:none", "draft:99:none", "draft::none", "", "odd:1"])
async def test_an_unknown_subject_has_no_card_and_no_actions(rig: StaffRig, subject: str) -> None:
    assert await rig.actions.card(subject) is None
    with pytest.raises(Conflict):
        await rig.actions.act(subject, StaffAction.TAKE, by="小李")


async def test_an_alert_is_acknowledged_then_taken(rig: StaffRig) -> None:
    made = await rig.raised()
    subject = f"alert:{made.key}"
    seen = await rig.actions.act(subject, StaffAction.ACKNOWLEDGE, by="小李")
    assert (seen.state, seen.by) == ("acknowledged", "小李")
    with pytest.raises(Conflict):
        await rig.actions.act(subject, StaffAction.ACKNOWLEDGE, by="小赵")
    taken = await rig.actions.act(subject, StaffAction.TAKE, by="小赵")
    assert (taken.state, taken.by) == ("taken", "小赵")
    found = await rig.store.alerts.get(made.key)
    assert found is not None
    assert (found.owner, found.acknowledged_at) == ("小赵", START)


async def test_a_snooze_ends(rig: StaffRig) -> None:
    made = await rig.raised()
    card = await rig.actions.act(f"alert:{made.key}", StaffAction.SNOOZE, by="小李")
    assert (card.state, card.by) == ("snoozed", "小李")
    await rig.clock.advance(SNOOZE.total_seconds())
    again = await rig.actions.card(f"alert:{made.key}")
    assert again is not None
    assert (again.state, again.by) == ("open", "")


async def test_pausing_an_alert_without_a_brand_pauses_all_replies(rig: StaffRig) -> None:
    made = await rig.raised(brand=None)
    card = await rig.actions.act(f"alert:{made.key}", StaffAction.PAUSE, by="小李")
    assert card.paused
    (pause,) = await rig.pauses.all()
    assert (pause.id, pause.scope, pause.value, pause.by) == ("all", "all", "", "小李")
    assert "面包发霉" in pause.reason


async def test_resuming_lifts_every_pause_about_the_alert_and_no_other(rig: StaffRig) -> None:
    made = replace(alert(), incident="INC-1", category="food_safety")
    await rig.store.alerts.add(made, ())
    pauses: list[tuple[PauseScope, str]] = [
        ("incident", "INC-1"),
        ("category", "hejia/food_safety"),
        ("channel", "weibo"),
    ]
    for scope, value in pauses:
        await rig.pauses.save(
            Pause(id=f"{scope}:{value}", scope=scope, value=value, reason="P1", by="bot", at=START)
        )
    before = await rig.actions.card(f"alert:{made.key}")
    assert before is not None
    assert before.paused
    card = await rig.actions.act(f"alert:{made.key}", StaffAction.RESUME, by="小李")
    assert not card.paused
    assert [one.id for one in await rig.pauses.all()] == ["channel:weibo"]


async def test_a_draft_is_settled_once(rig: StaffRig) -> None:
    subject = await rig.drafted()
    heard = rig.bus.subscribe()
    taken = await rig.actions.act(subject, StaffAction.TAKE, by="小赵")
    assert (taken.state, taken.by) == ("taken", "小赵")
    card = await rig.actions.act(subject, StaffAction.APPROVE, by="小李")
    assert (card.state, card.by) == ("approved", "小李")
    with pytest.raises(Conflict):
        await rig.actions.act(subject, StaffAction.REJECT, by="小赵")
    told = []
    async for change in heard:
        told.append(change)
        if len(told) == 2:
            break
    assert isinstance(told[1], Reply)
    assert (told[1].state, told[1].by) == (ReplyState.PENDING, "小李")


async def test_a_draft_without_a_mention_can_be_settled(rig: StaffRig) -> None:
    loose = replace(reply(), state=ReplyState.DRAFT)
    await rig.store.outbox.add(loose)
    card = await rig.actions.card("draft::k")
    assert card is not None
    assert card.state == "open"
    done = await rig.actions.act("draft::k", StaffAction.REJECT, by="小李")
    assert (done.state, done.by) == ("rejected", "小李")


async def test_two_simultaneous_rejections_settle_the_draft_once(rig: StaffRig) -> None:
    subject = await rig.drafted()
    results = await asyncio.gather(
        *(rig.actions.act(subject, StaffAction.REJECT, by=name) for name in ("小李", "小赵")),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Conflict) for one in results) == 1
    assert await rig.store.outbox.drafts() == []


@pytest.mark.parametrize(("times", "done"), [(2, True), (9, False)])
async def test_an_action_is_retried_when_the_manager_changes_the_alert_meanwhile(
    rig: StaffRig, monkeypatch: pytest.MonkeyPatch, times: int, done: bool
) -> None:
    alerts, left = rig.store.alerts, [None] * times
    save = alerts.save

    async def slower(alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        if left:
            left.pop()
            await save(replace(alert, state="firing", owner=None))
        return await save(alert, receivers=receivers)

    made = await rig.raised()
    monkeypatch.setattr(alerts, "save", slower)
    if done:
        card = await rig.actions.act(f"alert:{made.key}", StaffAction.TAKE, by="小李")
        assert card.by == "小李"
    else:
        with pytest.raises(Conflict, match="all the time"):
            await rig.actions.act(f"alert:{made.key}", StaffAction.TAKE, by="小李")


async def test_only_the_newest_actors_are_stored(rig: StaffRig) -> None:
    for number in range(303):
        await rig.store.alerts.add(replace(alert(f"a{number}"), incident=None), ())
        await rig.actions.act(f"alert:a{number}", StaffAction.ACKNOWLEDGE, by="小李")
        await rig.clock.advance(timedelta(minutes=1).total_seconds())
    saved = await rig.store.values.get("staff_notes")
    assert saved is not None
    assert saved.count("小李") == 300


async def test_each_group_has_its_own_memory(rig: StaffRig) -> None:
    side = StaffServices(
        SETTINGS,
        catalogue=shipped_catalogue(),
        store=rig.store,
        pauses=rig.pauses,
        bus=rig.bus,
        clock=rig.clock,
    )
    assert side.memory("telegram-a") is side.memory("telegram-a")
    assert side.memory("telegram-a") is not side.memory("telegram-b")
    assert side.feeds([]) == []
