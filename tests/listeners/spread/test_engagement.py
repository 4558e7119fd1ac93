"""Polling of figures: how often, of which posts, and over real connections."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock, SystemClock
from core.connector import ReadsEngagement
from core.errors import Refused, StoreError, Unavailable
from core.model.decisions import Action, Decision
from core.model.events import Event, Metrics, Page
from core.model.mentions import Mention, MentionRecord, MetricsSample, TrackedPost
from core.model.outcomes import Outcome, Plan
from listeners.spread.engagement import (
    ALL_DAYS,
    QUIET_DAYS,
    EngagementPoller,
    EngagementReader,
    next_reading,
    repost_polls,
)
from storage.sqlite.store import SqliteStore
from tests.builders import START, event, judgement
from tests.connectors.reddit.bench import reddit_bench
from tests.connectors.x.bench import x_bench
from tests.stubs import StubMentions, StubTrackedPosts

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def sample(minutes: float, likes: int | None, **more: int) -> MetricsSample:
    metrics = None if likes is None else Metrics(likes=likes, **more)
    return MetricsSample(at=START + minutes * MINUTE, metrics=metrics)


def due_in(*samples: MetricsSample, age: timedelta = HOUR) -> timedelta | None:
    now = samples[-1].at if samples else START
    found = next_reading(samples, now, posted_at=now - age)
    return None if found is None else found - now


def test_a_post_is_polled_at_once_and_then_as_it_moves() -> None:
    assert due_in() == timedelta()
    assert due_in(sample(0, 0), sample(10, 1000)) == MINUTE, "a hundred a minute"
    assert due_in(sample(0, 0), sample(10, 20)) == 5 * MINUTE, "two a minute"
    assert due_in(sample(0, 0), sample(10, 0)) == HOUR
    assert due_in(sample(0, 5), sample(10, 0, reposts=3, comments=2)) == HOUR, "it went back"
    assert due_in(sample(0, 60), age=HOUR) == 10 * MINUTE, "counted from when it was posted"
    assert due_in(sample(0, 0), sample(0, 10)) == MINUTE, "two readings at one moment"
    assert due_in(sample(0, 0), sample(10, -400)) == MINUTE, "voted down fast"


def test_old_posts_are_not_polled() -> None:
    quiet, fast = (sample(0, 7), sample(60, 7)), (sample(0, 0), sample(60, 6000))
    assert due_in(*quiet, age=QUIET_DAYS - MINUTE) == HOUR
    assert due_in(*quiet, age=QUIET_DAYS) is None
    assert due_in(*fast, age=QUIET_DAYS) == MINUTE
    assert due_in(*fast, age=ALL_DAYS) is None
    assert due_in(sample(0, 7), sample(1, None)) is None, "it is gone"


def test_polls_count_reposts_or_comments() -> None:
    found = repost_polls([sample(0, 9), sample(1, 9, reposts=2, comments=5), sample(2, None)])
    assert [count for _, count in found] == [0, 5]


@dataclass
class FakePosts(StubTrackedPosts):
    """Tracked posts in memory."""

    fresh: list[Mention] = field(default_factory=list)
    kept: dict[int, TrackedPost] = field(default_factory=dict)
    broken: int = 0

    async def candidates(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        if self.broken:
            self.broken -= 1
            raise StoreError("no room")
        known = [one for one in self.fresh if one.seq not in self.kept]
        return [one for one in known if one.event.channel == channel][:limit]

    async def save(self, posts: Sequence[TrackedPost]) -> None:
        self.kept |= {one.mention: one for one in posts}

    async def due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        mine = (one for one in self.kept.values() if one.channel == channel)
        return [one for one in mine if one.next_at is not None and one.next_at <= now][:limit]


class FakeTracking(StubMentions):
    """The mentions that are tracked, and the figures that were passed on."""

    def __init__(self, fresh: Sequence[Mention] = ()) -> None:
        self.posts = FakePosts(fresh=list(fresh))
        self.passed_on: list[tuple[int, list[int]]] = []

    async def get(self, seq: int) -> MentionRecord | None:
        found = next((one for one in self.posts.fresh if one.seq == seq), None)
        if found is None:
            return None
        decision = Decision(action=Action.IGNORE, rule="r", reason="")
        return MentionRecord(
            mention=found, decision=decision, ticket=None, replies=(), withdrawn=False
        )

    async def engaged(self, mention: Mention, polls: Sequence[tuple[datetime, int]]) -> None:
        self.passed_on.append((mention.seq, [count for _, count in polls]))


@dataclass
class Platform:
    """A channel with given figures and failures; records the requests."""

    name: str = "weibo"
    figures: dict[str, Metrics | None] = field(default_factory=dict)
    troubles: list[Exception] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    async def fetch_engagement(self, ids: Sequence[str]) -> Mapping[str, Metrics | None]:
        self.asked.append(list(ids))
        if self.troubles:
            raise self.troubles.pop(0)
        return {one: self.figures[one] for one in ids if one in self.figures}


def tracked_mention(seq: int, channel: str = "weibo") -> Mention:
    said = replace(event(f"p{seq}"), channel=channel)
    return Mention(seq=seq, event=said, brands=("hejia",), judgement=judgement())


@asynccontextmanager
async def polling(
    tracking: FakeTracking, clock: ManualClock, *readers: EngagementReader
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(
        EngagementPoller(
            readers, posts=tracking.posts, mentions=tracking, watch=tracking, clock=clock
        ).run()
    )
    await clock.advance(0)
    yield task
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_missing_figures_are_polled_later_and_deleted_posts_never() -> None:
    tracking, clock = (
        FakeTracking(fresh=[tracked_mention(1), tracked_mention(2), tracked_mention(3)]),
        ManualClock(START + MINUTE),
    )
    platform = Platform(figures={"p1": Metrics(reposts=4), "p2": None})
    async with polling(tracking, clock, platform):
        assert platform.asked == [["p1", "p2", "p3"]]
        assert tracking.passed_on == [(1, [4])]
        assert tracking.posts.kept[2].next_at is None
        assert [one.metrics for one in tracking.posts.kept[2].samples] == [None]
        assert tracking.posts.kept[3].samples == ()
        platform.figures["p3"] = Metrics(reposts=0)
        await clock.advance(11 * 60)
        assert ["p2"] not in platform.asked
        assert tracking.posts.kept[3].samples


async def test_figures_of_an_erased_mention_are_not_passed_on() -> None:
    tracking, clock = FakeTracking(fresh=[tracked_mention(1)]), ManualClock(START)
    await tracking.posts.save(
        [TrackedPost(mention=9, channel="weibo", native_id="p9", posted_at=START)]
    )
    tracking.posts.kept[9] = replace(tracking.posts.kept[9], next_at=START)
    platform = Platform(figures={"p1": Metrics(), "p9": Metrics()})
    async with polling(tracking, clock, platform):
        assert [seq for seq, _ in tracking.passed_on] == [1]


@pytest.mark.parametrize(
    ("failure", "soonest"),
    [
        (Unavailable("429", retry_after=300), 300),
        (Unavailable("down"), 60),
        (Refused("no access", remedy="Buy it."), 60),
        (ValueError("a bug"), 60),
    ],
    ids=repr,
)
async def test_a_failing_channel_waits_and_delays_no_other(
    failure: Exception, soonest: int
) -> None:
    tracking, clock = (
        FakeTracking(fresh=[tracked_mention(1), tracked_mention(2, "x")]),
        ManualClock(START),
    )
    bad = Platform(figures={"p1": Metrics()}, troubles=[failure])
    good = Platform(name="x", figures={"p2": Metrics(reposts=500)})
    async with polling(tracking, clock, bad, good):
        await clock.advance(soonest - 1)
        assert len(bad.asked) == 1
        assert len(good.asked) >= 1
        await clock.advance(2)
        assert len(bad.asked) == 2


async def test_polling_goes_on_after_a_store_failure() -> None:
    tracking, clock = FakeTracking(fresh=[tracked_mention(1)]), ManualClock(START)
    tracking.posts.broken = 1
    platform = Platform(figures={"p1": Metrics()})
    async with polling(tracking, clock, platform):
        assert platform.asked == []
        await clock.advance(61)
        assert platform.asked == [["p1"]]


async def test_more_than_a_batch_is_polled_at_once() -> None:
    tracking, clock = (
        FakeTracking(fresh=[tracked_mention(seq) for seq in range(250)]),
        ManualClock(START),
    )
    platform = Platform(figures={f"p{seq}": Metrics() for seq in range(250)})
    async with polling(tracking, clock, platform):
        await clock.advance(1)
        assert [len(ids) for ids in platform.asked] == [100, 100, 50]


async def store_at(folder: Path) -> SqliteStore:
    return await SqliteStore.open(folder / "store.db", clock=SystemClock())


async def record(store: SqliteStore, said: Event) -> int:
    """A negative mention of ``said``, as the pipeline leaves it; returns its seq."""
    await store.events.accept(said.channel, Page(events=(said,)))
    (item,) = await store.events.claim(1)
    bad = replace(judgement(), sentiment="negative")
    mention = Mention(seq=item.seq, event=said, brands=("hejia",), judgement=bad)
    plan = Plan(decision=Decision(action=Action.IGNORE, rule="r", reason=""))
    await store.events.record([Outcome(seq=item.seq, mention=mention, plan=plan)])
    return item.seq


async def test_figures_of_x_are_stored_over_http(tmp_path: Path) -> None:
    store, tracking, clock = await store_at(tmp_path), FakeTracking(), SystemClock()
    now = clock.now()
    async with x_bench(tmp_path) as bench:
        connector = bench.searching()
        assert isinstance(connector, ReadsEngagement)
        numbers = [bench.server.say(f"坏了 {number}", live=False) for number in range(101)]
        seqs = [
            await record(store, replace(event(number), channel="x", posted_at=now - HOUR))
            for number in numbers
        ]
        bench.server.deleted.add(int(numbers[7]))
        figures = EngagementPoller(
            [connector],
            posts=store.tracked_posts,
            mentions=store.mentions,
            watch=tracking,
            clock=clock,
        )
        assert await figures.step(connector) == 100
        assert await figures.step(connector) == 1
        assert await figures.step(connector) == 0, "nothing is due"
        ids = [call.query["ids"].split(",") for call in bench.server.asked("lookup")]
        assert [len(one) for one in ids] == [100, 1]
        kept = await store.tracked_posts.get(seqs[0])
        assert kept is not None
        assert kept.samples[0].metrics == Metrics(likes=1, reposts=2, comments=3, views=5)
        assert kept.next_at is not None
        gone = await store.tracked_posts.get(seqs[7])
        assert gone is not None
        assert (gone.samples[0].metrics, gone.next_at) == (None, None)
        assert len(tracking.passed_on) == 100
        assert any(one.kind == "delete" for one in bench.kit.intake.events.values())
    await store.close()


async def test_a_spent_budget_is_not_exceeded(tmp_path: Path) -> None:
    store, clock = await store_at(tmp_path), SystemClock()
    async with x_bench(tmp_path) as bench:
        connector = bench.searching(budget_posts=1)
        numbers = [bench.server.say(f"坏了 {number}", live=False) for number in range(3)]
        for number in numbers[:2]:
            await record(store, replace(event(number), channel="x", posted_at=clock.now() - HOUR))
        figures = EngagementPoller(
            [connector],
            posts=store.tracked_posts,
            mentions=store.mentions,
            watch=FakeTracking(),
            clock=clock,
        )
        assert await figures.step(connector) == 2
        seq = await record(store, replace(event(numbers[2]), channel="x", posted_at=clock.now()))
        assert await figures.step(connector) == 0
        waiting = await store.tracked_posts.get(seq)
        assert waiting is not None
        assert waiting.samples == ()
        assert waiting.next_at is not None
        assert waiting.next_at > clock.now() + 5 * MINUTE
        assert len(bench.server.asked("lookup")) == 1
    await store.close()


async def test_figures_of_reddit_are_stored_over_http(tmp_path: Path) -> None:
    store, tracking, clock = await store_at(tmp_path), FakeTracking(), SystemClock()
    async with reddit_bench(tmp_path) as bench:
        connector = bench.connector()
        assert isinstance(connector, ReadsEngagement)
        post = bench.server.post(
            "坏了", score=-40, upvote_ratio=0.12, num_comments=33, num_crossposts=2
        )
        taken = bench.server.post("坏了", removed_by_category="moderator")
        now = clock.now()
        seqs = [
            await record(store, replace(event(name), channel="reddit", posted_at=now - HOUR))
            for name in (post, taken)
        ]
        figures = EngagementPoller(
            [connector],
            posts=store.tracked_posts,
            mentions=store.mentions,
            watch=tracking,
            clock=clock,
        )
        assert await figures.step(connector) == 2
        kept, gone = await store.tracked_posts.get(seqs[0]), await store.tracked_posts.get(seqs[1])
        assert kept is not None
        assert gone is not None
        assert kept.samples[0].metrics == Metrics(
            likes=-40, reposts=2, comments=33, upvote_ratio=0.12
        )
        assert (gone.samples[0].metrics, gone.next_at) == (None, None)
        assert tracking.passed_on == [(seqs[0], [33])]
    await store.close()
