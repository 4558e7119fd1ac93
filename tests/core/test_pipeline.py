"""The pipeline: order, isolation of poison, conservation."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import StoreError
from core.model.events import Author, AuthorKind, EventKind, Page, Quoted, Received
from core.model.mentions import Mention
from core.model.outbox import Reply
from core.model.outcomes import Outcome
from core.model.tickets import Ticket
from core.runtime.bus import Bus
from core.runtime.pipeline import Pipeline, PipelineParts
from tests.builders import START, event
from tests.core.parts import (
    CountingJudge,
    MemoryInbox,
    PlanDecider,
    SeenSpread,
    SpamModerator,
    WordMatcher,
)
from tests.driven_clock import WATCHDOG_SECONDS


class PipelineRig:
    """A pipeline with its parts at hand."""

    def __init__(self, *, plain: bool = False) -> None:
        self.inbox = MemoryInbox()
        self.judge = CountingJudge()
        self.decider = PlanDecider(plain=plain)
        self.spread = SeenSpread()
        self.bus = Bus()
        self.parts = PipelineParts(
            events=self.inbox,
            matcher=WordMatcher(),
            judge=self.judge,
            moderator=SpamModerator(),
            decider=self.decider,
            spread=self.spread,
        )
        self.pipeline = Pipeline(self.parts, bus=self.bus)

    async def take(self, *texts: str) -> None:
        page = Page(events=tuple(event(str(n), text=text) for n, text in enumerate(texts)))
        await self.inbox.accept("c", page)


async def test_an_event_is_matched_judged_decided_recorded_and_watched() -> None:
    rig = PipelineRig()
    await rig.take("禾家的面包")
    assert await rig.pipeline.step() == 1
    [outcome] = rig.inbox.outcomes
    assert outcome.mention is not None
    assert outcome.mention.brands == ("hejia",)
    assert outcome.plan is not None
    assert rig.spread.seen == [outcome.seq]


async def test_a_recorded_decision_is_told_to_those_who_listen() -> None:
    rig = PipelineRig()
    listener = rig.bus.subscribe()
    await rig.take("禾家的面包")
    await rig.pipeline.step()
    heard = []
    async for change in listener:
        heard.append(type(change))
        if len(heard) == 3:
            break
    assert heard == [Mention, Ticket, Reply]


async def test_what_concerns_no_brand_or_is_spam_is_dropped_with_a_reason() -> None:
    rig = PipelineRig()
    await rig.take("别家的面包", "禾家广告")
    await rig.pipeline.step()
    assert [outcome.dropped for outcome in rig.inbox.outcomes] == ["no_brand", "spam"]
    assert rig.decider.seen == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("own", "own_voice"),
        ("bot", "automated"),
        ("platform", "automated"),
        ("moderator", "automated"),
    ],
)
async def test_who_is_no_person_is_dropped_unjudged(kind: AuthorKind, reason: str) -> None:
    rig = PipelineRig()
    voice = Author(id="a", kind=kind)
    page = Page(events=(event("1", text="禾家的面包", author=voice, solicited=True),))
    await rig.inbox.accept("c", page)
    await rig.pipeline.step()
    assert [outcome.dropped for outcome in rig.inbox.outcomes] == [reason]
    assert (rig.decider.seen, rig.spread.seen) == ([], [])
    assert rig.judge.calls in ([], [0])


@pytest.mark.parametrize("together", [True, False])
async def test_the_judge_reads_own_and_quoted_words_in_one_text(together: bool) -> None:
    rig = PipelineRig()
    theirs = Quoted(author="小李", text="禾家的面包发霉了")
    given = [
        event("1", text="禾家？看看", quoted=(theirs,)),
        event("2", text="🖼 禾家", wordless="photo"),
    ]
    if not together:  # what cannot be understood together is understood alone
        given.append(event("3", text="禾家毒判断"))
    await rig.inbox.accept("c", Page(events=tuple(given)))
    await rig.pipeline.step()
    assert rig.judge.texts - {"禾家毒判断"} == {"禾家？看看 //@小李: 禾家的面包发霉了", ""}


async def test_every_end_is_told_once_it_is_durable() -> None:
    rig = PipelineRig()
    ends: list[tuple[int, str | None]] = []

    def ended(item: Received, outcome: Outcome) -> None:
        assert outcome in rig.inbox.outcomes
        ends.append((item.seq, outcome.dropped))

    rig.pipeline = Pipeline(rig.parts, bus=rig.bus, ended=ended)
    await rig.take("禾家一", "别家")
    await rig.pipeline.step()
    assert sorted(ends) == [(1, None), (2, "no_brand")]


async def test_a_batch_is_judged_in_one_call() -> None:
    rig = PipelineRig(plain=True)
    await rig.take("禾家一", "禾家二", "别家", "禾家三")
    await rig.pipeline.step()
    assert rig.judge.calls == [3]
    assert len(rig.inbox.outcomes) == 4


async def test_a_deletion_withdraws_and_is_never_judged() -> None:
    rig = PipelineRig()
    await rig.inbox.accept("c", Page(events=(event("9", kind=EventKind.DELETE),)))
    await rig.pipeline.step()
    assert rig.inbox.withdrawn == ["9"]
    assert rig.judge.calls in ([], [0])


@pytest.mark.parametrize("poison", ["毒匹配", "禾家毒判断"])
async def test_poison_becomes_a_dead_letter_after_five_tries_and_delays_nobody(
    poison: str,
) -> None:
    rig = PipelineRig()
    await rig.take("禾家一", poison, "禾家二")
    await rig.pipeline.step()
    assert rig.decider.seen == ["0", "2"]
    for _ in range(4):
        assert rig.inbox.dead == []
        await rig.pipeline.step()
    [(_, error)] = rig.inbox.dead
    assert "cannot" in error
    assert await rig.pipeline.step() == 0


async def test_spread_sees_a_batch_in_the_order_in_which_it_was_posted() -> None:
    rig = PipelineRig()
    late = replace(event("late", conversation="a"), posted_at=START + timedelta(days=3))
    early = event("early", conversation="b")
    await rig.inbox.accept("c", Page(events=(late, early)))
    await rig.pipeline.step()
    assert rig.spread.seen == [2, 1]


async def test_a_mention_that_cannot_be_watched_is_done_and_delays_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = PipelineRig()
    rig.spread.fails_on = 1
    await rig.take("禾家一", "禾家二")
    await rig.pipeline.step()
    assert rig.spread.seen == [2]
    assert len(rig.inbox.outcomes) == 2
    assert "watching failed" in caplog.text


async def test_a_store_that_fails_while_watching_is_told() -> None:
    rig = PipelineRig()
    rig.spread.error = StoreError("the disk is on fire")
    rig.spread.fails_on = 1
    await rig.take("禾家一")
    with pytest.raises(StoreError):
        await rig.pipeline.step()


async def test_a_dead_letter_is_told_once_with_its_error() -> None:
    rig = PipelineRig()
    told: list[tuple[int, str]] = []

    async def died(item: Received, error: str) -> None:
        told.append((item.seq, error))

    rig.pipeline = Pipeline(rig.parts, bus=rig.bus, died=died)
    await rig.take("禾家毒判断")
    for _ in range(6):
        await rig.pipeline.step()
    assert told == [(1, "ValueError: cannot judge this")]


async def test_events_of_one_conversation_keep_their_order() -> None:
    rig = PipelineRig()
    await rig.take(*(f"禾家{n}" for n in range(50)))
    await rig.pipeline.step()
    assert rig.decider.seen == [str(n) for n in range(50)]


async def test_a_failing_store_stops_the_batch_and_the_pipeline_goes_on() -> None:
    rig = PipelineRig()
    await rig.take("禾家的面包")
    rig.inbox.broken = 1
    task = asyncio.create_task(rig.pipeline.run())
    try:
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while not rig.inbox.outcomes:
                await asyncio.sleep(0.01)
                rig.pipeline.wake()
    finally:
        task.cancel()


async def test_a_store_that_fails_while_recording_is_no_failure_of_the_event() -> None:
    rig = PipelineRig()
    await rig.take("禾家的面包")
    original = rig.inbox.claim

    async def then_break(limit: int):  # type: ignore[no-untyped-def]
        items = await original(limit)
        rig.inbox.broken = 1
        return items

    rig.inbox.claim = then_break  # type: ignore[method-assign]
    with pytest.raises(Exception, match="on fire"):
        await rig.pipeline.step()
    assert [item.attempts for item in rig.inbox.waiting.values()] == [0]


async def take_threads(rig: PipelineRig, *threads: str) -> None:
    """An event in each of these conversations, in this order."""
    events = (event(str(n), text="禾家", conversation=name) for n, name in enumerate(threads))
    await rig.inbox.accept("c", Page(events=tuple(events)))


async def test_a_batch_is_recorded_in_one_call_for_each_place_in_a_conversation() -> None:
    rig = PipelineRig(plain=True)
    await take_threads(rig, "a", "b", "a", "c", "b", "a")
    assert await rig.pipeline.step() == 6
    assert rig.inbox.record_calls == [[1, 2, 4], [3, 5], [6]]
    assert rig.spread.seen == [1, 2, 3, 4, 5, 6]


async def test_of_a_batch_that_cannot_be_recorded_only_the_event_at_fault_fails() -> None:
    rig = PipelineRig(plain=True)
    ends: list[int] = []
    rig.pipeline = Pipeline(rig.parts, bus=rig.bus, ended=lambda item, _: ends.append(item.seq))
    rig.inbox.unrecordable = {2: ValueError("cannot be encoded")}
    await take_threads(rig, "a", "b", "c", "b")
    await rig.pipeline.step()
    assert [one.seq for one in rig.inbox.outcomes] == [1, 3, 4]
    assert sorted(ends) == [1, 3, 4]
    assert {seq: item.attempts for seq, item in rig.inbox.waiting.items()} == {2: 1}
    assert rig.spread.seen == [1, 3, 4]


@pytest.mark.parametrize("fault", ["deciding", "recording"])
async def test_a_store_that_fails_at_one_event_delays_its_conversation_alone(fault: str) -> None:
    rig = PipelineRig(plain=True)
    error = StoreError("the row is damaged")
    if fault == "recording":
        rig.inbox.unrecordable = {2: error}
    else:
        rig.decider.broken = {"1": error}
    await take_threads(rig, "a", "b", "c", "b", "a")
    with pytest.raises(StoreError, match="damaged"):
        await rig.pipeline.step()
    assert [one.seq for one in rig.inbox.outcomes] == [1, 3, 5]
    assert "3" not in rig.decider.seen, "it comes after the one that waits"
    assert {seq: item.attempts for seq, item in rig.inbox.waiting.items()} == {2: 0, 4: 0}
    assert rig.spread.seen == [1, 3, 5]


async def test_it_looks_into_the_inbox_even_if_nobody_wakes_it() -> None:
    rig = PipelineRig()
    task = asyncio.create_task(rig.pipeline.run())
    try:
        await asyncio.sleep(0.05)
        await rig.take("禾家的面包")
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while not rig.inbox.outcomes:
                await asyncio.sleep(0.01)
    finally:
        task.cancel()


async def test_an_error_of_the_store_ends_a_batch_only_once_all_of_it_has_ended() -> None:
    """Else a conversation would be worked on twice at once, out of its order."""
    rig = PipelineRig()
    await rig.inbox.accept(
        "c",
        Page(
            events=(
                event("1", text="禾家一", conversation="broken"),
                event("2", text="禾家二", conversation="slow"),
                event("3", text="禾家三", conversation="slow"),
            )
        ),
    )
    record = rig.inbox.record

    async def failing(outcomes: Sequence[Outcome]) -> None:
        if outcomes[0].seq == 1:
            raise StoreError("the disk is on fire")
        await asyncio.sleep(0.01)
        await record(outcomes)

    rig.inbox.record = failing  # type: ignore[method-assign]  # the store of this test
    with pytest.raises(StoreError):
        await rig.pipeline.step()
    assert [outcome.seq for outcome in rig.inbox.outcomes] == [2, 3]
    assert rig.spread.seen == [2, 3], "what was recorded is watched"
    assert list(rig.inbox.waiting) == [1]
