"""Polls the figures of negative public posts, as often as they move.

A post that spreads is polled each minute, a quiet one each hour, and after three days no longer.
Rate limits come first: a channel that asks for a pause gets it, and figures that were not delivered
are asked for later.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from core.clock import Clock
from core.connector import ReadsEngagement
from core.errors import ConnectorError, StoreError, Unavailable
from core.model.events import Metrics
from core.model.mentions import Mention, MetricsSample, TrackedPost
from core.repositories import Mentions, TrackedPosts

log = logging.getLogger(__name__)

FASTEST: Final = timedelta(minutes=1)
SLOWEST: Final = timedelta(hours=1)
QUIET_DAYS: Final = timedelta(days=3)
"""A post of this age that has not moved for an hour is not polled any more."""
ALL_DAYS: Final = timedelta(days=14)
"""No post is polled longer."""
_STEP: Final = 10
"""A post is polled again when it is expected to have this many more interactions."""
_BATCH: Final = 100
_IDLE_SECONDS: Final = 15.0
"""Seconds between two looks for posts that are due."""
_RETRY_POST: Final = timedelta(minutes=10)
"""Time until a post whose figures were not delivered is polled again."""
_RETRY_SECONDS: Final = 60.0
"""Least seconds after a failure of the channel or the store."""


class EngagementReader(ReadsEngagement, Protocol):
    """A connector that delivers figures."""

    @property
    def name(self) -> str:
        """Of the channel."""
        ...


class EngagementObserver(Protocol):
    """Receives polled figures; ``SpreadWatch`` is one."""

    async def engaged(self, mention: Mention, polls: Sequence[tuple[datetime, int]]) -> None:
        """``polls``: pairs of time and number of reposts, or of answers if that is larger."""
        ...


def next_reading(
    samples: Sequence[MetricsSample], now: datetime, *, posted_at: datetime
) -> datetime | None:
    """The time to poll a post again; ``None`` for never. ``samples`` are its figures, oldest first.

    The interval is the time in which ten more interactions are expected at the speed between the
    last two samples, from one minute to one hour.
    """
    if not samples:
        return now
    if samples[-1].metrics is None or now - posted_at >= ALL_DAYS:
        return None
    wait = _time_to_step(samples, posted_at)
    if wait == SLOWEST and now - posted_at >= QUIET_DAYS:
        return None
    return now + wait


def repost_polls(samples: Sequence[MetricsSample]) -> list[tuple[datetime, int]]:
    """Time and number of reposts, or of comments if that is larger, of each sample."""
    return [
        (sample.at, max(sample.metrics.reposts or 0, sample.metrics.comments or 0))
        for sample in samples
        if sample.metrics is not None
    ]


class EngagementPoller:
    """Polls, stores and passes on the figures of every channel that delivers them."""

    def __init__(
        self,
        readers: Sequence[EngagementReader],
        *,
        posts: TrackedPosts,
        mentions: Mentions,
        watch: EngagementObserver,
        clock: Clock,
    ) -> None:
        self._readers = tuple(readers)
        self._posts = posts
        self._mentions = mentions
        self._watch = watch
        self._clock = clock

    async def run(self) -> None:
        """Poll until cancelled, each channel in a task of its own."""
        async with asyncio.TaskGroup() as tasks:
            for reader in self._readers:
                tasks.create_task(self._serve(reader))

    async def step(self, reader: EngagementReader) -> int:
        """Track new posts of one channel and poll those that are due; returns how many.

        Raises ConnectorError, StoreError, and what ``engaged`` raises.
        """
        now = self._clock.now()
        fresh = await self._posts.candidates(reader.name, since=now - QUIET_DAYS, limit=_BATCH)
        await self._posts.save(
            [
                TrackedPost(
                    mention=mention.seq,
                    channel=reader.name,
                    native_id=mention.event.id,
                    posted_at=mention.event.posted_at,
                    next_at=now,
                )
                for mention in fresh
            ]
        )
        due = await self._posts.due(reader.name, now, _BATCH)
        if not due:
            return 0
        found = await reader.fetch_engagement([one.native_id for one in due])
        at = self._clock.now()
        read = [
            _with_sample(one, MetricsSample(at=at, metrics=found[one.native_id]))
            for one in due
            if one.native_id in found
        ]
        missing = [
            replace(one, next_at=at + _RETRY_POST) for one in due if one.native_id not in found
        ]
        await self._posts.save([*read, *missing])
        for one in read:
            await self._pass_on(one)
        return len(read)

    async def _pass_on(self, one: TrackedPost) -> None:
        about = await self._mentions.get(one.mention)
        if about is not None and not about.withdrawn and one.samples[-1].metrics is not None:
            await self._watch.engaged(about.mention, repost_polls(one.samples))

    async def _serve(self, reader: EngagementReader) -> None:
        while True:
            wait = _IDLE_SECONDS
            try:
                if await self.step(reader) == _BATCH:
                    wait = 0.0
            except ConnectorError as error:
                asked = error.retry_after if isinstance(error, Unavailable) else None
                wait = max(_RETRY_SECONDS, asked or 0.0)
                log.warning("no figures", extra={"channel": reader.name, "error": str(error)})
            except StoreError as error:
                wait = _RETRY_SECONDS
                log.error("the store failed", extra={"channel": reader.name, "error": str(error)})
            except Exception:  # a bug about one channel's figures must not end anything else
                wait = _RETRY_SECONDS
                log.exception("reading figures failed", extra={"channel": reader.name})
            await self._clock.sleep(wait)


def _with_sample(one: TrackedPost, sample: MetricsSample) -> TrackedPost:
    samples = (*one.samples, sample)
    at = next_reading(samples, sample.at, posted_at=one.posted_at)
    return replace(one, samples=samples, next_at=at)


def _time_to_step(samples: Sequence[MetricsSample], posted_at: datetime) -> timedelta:
    last = samples[-1]
    before = samples[-2] if len(samples) > 1 else MetricsSample(at=posted_at, metrics=None)
    seconds = max((last.at - before.at).total_seconds(), 1.0)
    moved = _interactions(last) - _interactions(before)
    if moved <= 0:
        return SLOWEST
    return min(SLOWEST, max(FASTEST, timedelta(seconds=_STEP * seconds / moved)))


def _interactions(sample: MetricsSample) -> int:
    """All interactions; likes below zero count by their absolute number."""
    metrics = sample.metrics or Metrics()
    return abs(metrics.likes or 0) + (metrics.reposts or 0) + (metrics.comments or 0)
