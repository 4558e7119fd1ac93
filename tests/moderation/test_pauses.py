"""Pauses: what they hold, that nothing starts after they are acknowledged, and that they last."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from core.clock import ManualClock, SystemClock
from core.connector import SendResult, Sent
from core.errors import StoreError
from core.model.events import Page
from core.model.outbox import Reply, ReplyState, Target
from core.model.pauses import Pause, PauseScope
from core.model.tickets import Ticket, TicketState
from core.runtime.bus import Bus
from core.runtime.dispatch import Dispatcher
from moderation.gate import StoredPauses, build_guards, holds
from storage.sqlite.store import SqliteStore
from tests.builders import START
from tests.console.seeds import add_mention, event, judgement
from tests.console.seeds import reply as seeded
from tests.driven_clock import WATCHDOG_SECONDS
from tests.moderation.parts import NoPauses, answer
from tests.stubs import StubMentions


def pause(scope: PauseScope, value: str = "", reason: str = "发霉面包") -> Pause:
    name = f"{scope}:{value}" if value else scope
    return Pause(id=name, scope=scope, value=value, reason=reason, by="王敏", at=START)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "store.db", clock=SystemClock())
    yield opened
    await opened.close()


async def test_each_scope_holds_what_it_names(store: SqliteStore) -> None:
    mention = await add_mention(store, event("1", "面包发霉"), judged=judgement())
    await store.incidents.assign([mention.seq], "INC-1")
    pauses = StoredPauses(store.pauses, store.mentions)
    given = answer(mention=mention.seq)
    scopes: tuple[tuple[PauseScope, str, bool], ...] = (
        ("all", "", True),
        ("channel", "weibo", True),
        ("channel", "x", False),
        ("brand", "fresh", True),
        ("brand", "other", False),
        ("category", "freshness", True),
        ("category", "fresh/freshness", True),
        ("category", "other/freshness", False),
        ("category", "price", False),
        ("incident", "INC-1", True),
        ("incident", "INC-2", False),
    )
    for scope, value, is_held in scopes:
        await pauses.save(pause(scope, value))
        held = await pauses.pause_reason(given)
        assert (held == "发霉面包") == is_held, (scope, value)
        assert await pauses.lift(pause(scope, value).id, by="王敏")
        assert await pauses.pause_reason(given) is None
    assert not await pauses.lift("all", by="王敏")


async def test_pauses_hold_a_reply_whose_mention_is_unknown() -> None:
    alone = answer()
    scopes: tuple[PauseScope, ...] = ("brand", "category", "incident")
    for scope in scopes:
        assert holds(pause(scope, "x"), alone, None)
    pauses = StoredPauses(NoPauses(kept={"all": pause("all", reason="")}), StubMentions())
    assert await pauses.pause_reason(alone) == "all", "its name where nobody gave a reason"
    checked = StoredPauses(NoPauses(), StubMentions())
    assert await checked.pause_reason(replace(alone, mention=7)) is None


@dataclass
class Broken(NoPauses):
    """Takes no pause."""

    async def save(self, pause: Pause) -> None:
        raise StoreError("disk full")


async def test_an_unstored_pause_holds_and_can_be_lifted() -> None:
    pauses = StoredPauses(Broken(), StubMentions())
    with pytest.raises(StoreError):
        await pauses.save(pause("all"))
    assert await pauses.pause_reason(answer()) == "发霉面包"
    assert [one.id for one in await pauses.all()] == ["all"]
    assert await pauses.lift("all", by="王敏")
    assert await pauses.pause_reason(answer()) is None


@dataclass
class Slow(NoPauses):
    """Reads what there was when it was asked, and answers when it is told to."""

    answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def all(self) -> Sequence[Pause]:
        found = list(self.kept.values())
        await self.answer.wait()
        return found


async def test_a_reply_checked_before_a_pause_does_not_start_after_it() -> None:
    store = Slow()
    pauses = StoredPauses(store, StubMentions())
    looking = asyncio.create_task(pauses.pause_reason(answer()))
    await asyncio.sleep(0)
    await pauses.save(pause("all"))
    store.answer.set()
    assert await looking == "发霉面包"


@dataclass
class Busy(NoPauses):
    """Takes a moment to keep a pause."""

    async def save(self, pause: Pause) -> None:
        await asyncio.sleep(0)
        await super().save(pause)


async def test_concurrent_pauses_of_one_id_leave_one() -> None:
    store = Busy()
    pauses = StoredPauses(store, StubMentions())
    await asyncio.gather(*(pauses.save(pause("all", reason=str(n))) for n in range(9)))
    assert len(await pauses.all()) == 1
    await pauses.lift("all", by="王敏")
    assert await pauses.all() == []


@dataclass
class Platform:
    """Notes when each reply starts."""

    started: list[float] = field(default_factory=list)

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        self.started.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0)
        return Sent(native_id=key)


class Tickets:
    """A ticket for each reply that is held."""

    def __init__(self) -> None:
        self.held: list[str] = []

    async def owed(self, reply: Reply) -> Ticket | None:
        raise AssertionError(f"{reply.key} ended its conversation")

    async def ticket_for(self, reply: Reply, reason: str) -> Ticket:
        self.held.append(reason)
        return Ticket(
            number=f"T-{2000 + len(self.held)}",
            brand="fresh",
            channel=reply.target.channel,
            conversation=reply.target.conversation,
            customer="x",
            subject=reason,
            category="other",
            severity="P3",
            state=TicketState.OPEN,
            language="zh",
            created_at=START,
            due_at=START + timedelta(hours=1),
        )


@pytest.mark.parametrize("seed", range(8))
async def test_no_reply_starts_after_a_pause_is_acknowledged(store: SqliteStore, seed: int) -> None:
    """A real outbox is sent as fast as it goes; the pause comes at any moment of that."""
    clock, platform, undelivered = SystemClock(), Platform(), Tickets()
    guards = build_guards(clock, store=store)
    for number in range(60):
        what = event(f"{seed}-{number}", f"第{number}个问题", channel="shop")
        draft = seeded(f"r{number}", what, f"第{number}个回答", state=ReplyState.PENDING)
        await add_mention(
            store,
            what,
            judged=judgement("neutral"),
            replies=(replace(draft, target=replace(draft.target, reply_to=None)),),
        )
    dispatcher = Dispatcher(
        "shop",
        platform,
        outbox=store.outbox,
        gate=guards.gate,
        undelivered=undelivered,
        clock=clock,
        bus=Bus(),
        resend=True,
    )
    sending = asyncio.create_task(dispatcher.run())
    random = Random(seed)
    while len(platform.started) < random.randrange(5, 30):
        await asyncio.sleep(random.random() / 500)
    await guards.pauses.save(pause("all"))
    acknowledged = asyncio.get_running_loop().time()
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while len(platform.started) + len(undelivered.held) < 60:
            await asyncio.sleep(0.01)
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending
    late = [at for at in platform.started if at > acknowledged]
    assert late == []
    assert undelivered.held
    assert set(undelivered.held) == {"gate: frozen: 发霉面包"}


async def test_it_survives_a_restart_and_others_hear_of_it(store: SqliteStore) -> None:
    await StoredPauses(store.pauses, store.mentions).save(pause("all"))
    after = build_guards(ManualClock(START), store=store)
    verdict = await after.gate.check(answer())
    assert (verdict.allowed, verdict.reason) == (False, "frozen: 发霉面包")
    assert (await after.gate.check(answer(by="王敏"))).allowed, "people go on answering"
    await store.pauses.lift("all", by="王敏")
    assert (await after.gate.check(answer())).allowed, "lifted by another process"
    await store.events.accept("x", Page(events=()))
    await store.close()
    assert (await after.gate.check(answer())).reason == "freeze_unknown"
