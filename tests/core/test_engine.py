"""The engine: everything runs together, and stops together."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.clock import SystemClock
from core.model.events import Page
from core.model.outbox import Reply, ReplyState, Target
from core.runtime.bus import Bus
from core.runtime.engine import Engine
from core.runtime.intake import EventIntake
from core.runtime.pipeline import Pipeline, PipelineParts
from tests.builders import event, reply
from tests.core.parts import (
    CountingJudge,
    Desk,
    Forbids,
    MemoryInbox,
    MemoryOutbox,
    PlanDecider,
    SeenSpread,
    SpamModerator,
    Wire,
    WordMatcher,
)
from tests.driven_clock import WATCHDOG_SECONDS


class Feed(Wire):
    """Delivers one page and can send; tells whether it was closed."""

    name = "weibo"
    closed = False

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        yield Page(events=(event("1"),))

    async def close(self) -> None:
        self.closed = True


class Stage:
    working = False
    worked = 0

    async def _work(self) -> None:
        self.working = True
        try:
            while True:
                self.worked += 1
                await asyncio.sleep(0.01)
        finally:
            self.working = False

    def __init__(self, outbox: MemoryOutbox, fallback: str | None = None) -> None:
        self.feed = Feed()
        self.inbox = MemoryInbox()
        self.bus = Bus()
        self.outbox = outbox
        self.spread = SeenSpread()
        pipeline = Pipeline(
            PipelineParts(
                events=self.inbox,
                matcher=WordMatcher(),
                judge=CountingJudge(),
                moderator=SpamModerator(),
                decider=PlanDecider(plain=True),
                spread=self.spread,
            ),
            bus=self.bus,
        )
        self.engine = Engine(
            pipeline=pipeline,
            intake=EventIntake(self.inbox, wake=pipeline.wake),
            events=self.inbox,
            outbox=outbox,
            gate=Forbids(),
            undelivered=Desk(),
            connectors=[self.feed],
            clock=SystemClock(),
            bus=self.bus,
            random=lambda: 0.5,
            fallback=fallback,
            workers=[self._work],
        )

    async def until_settled(self) -> None:
        task = asyncio.create_task(self.engine.run())
        try:
            async with asyncio.timeout(WATCHDOG_SECONDS):
                await self.engine.settled()
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_events_go_in_replies_go_out_and_all_is_closed() -> None:
    stage = Stage(MemoryOutbox(reply()))
    await stage.until_settled()
    assert len(stage.inbox.outcomes) == 1
    assert stage.feed.sent == ["k"]
    assert stage.feed.closed
    assert [health.status for health in stage.engine.health()] == ["finished"]


async def test_it_is_not_settled_before_the_last_batch_was_watched() -> None:
    stage = Stage(MemoryOutbox())
    stage.spread.seconds = 0.3
    await stage.until_settled()
    assert stage.spread.seen == [1]


def elsewhere(key: str) -> Reply:
    return replace(reply(key), target=Target(channel="gone", conversation="c"))


async def test_a_reply_for_a_channel_that_is_gone_reaches_a_person() -> None:
    stage = Stage(MemoryOutbox(elsewhere("k")))
    await stage.until_settled()
    assert stage.outbox.finished[0].state is ReplyState.REJECTED
    assert "'gone'" in stage.outbox.finished[0].reason
    assert len(stage.outbox.tickets) == 1


async def test_a_channel_that_appears_later_is_served_by_the_fallback_and_woken() -> None:
    stage = Stage(MemoryOutbox(), fallback="weibo")
    task = asyncio.create_task(stage.engine.run())
    try:
        await asyncio.sleep(0.05)
        stage.outbox.enqueue(elsewhere("later"))
        stage.bus.publish(replace(elsewhere("later"), state=ReplyState.PENDING))
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while not stage.outbox.finished:
                await asyncio.sleep(0.01)
            stage.outbox.enqueue(elsewhere("still later"))
            stage.engine.wake()
            while len(stage.outbox.finished) < 2:
                await asyncio.sleep(0.01)
            stage.outbox.enqueue(elsewhere("last"))
            stage.bus.publish(replace(elsewhere("last"), state=ReplyState.PENDING))
            while len(stage.outbox.finished) < 3:
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
    assert stage.feed.sent == ["later", "still later", "last"]


async def test_a_worker_runs_beside_the_connectors_and_ends_with_them() -> None:
    stage = Stage(MemoryOutbox())
    task = asyncio.create_task(stage.engine.run())
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while stage.worked < 3:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (stage.working, stage.feed.closed) == (False, True)
