"""Reads the figures of negative public posts again and again, as often as they move.

A post that runs is read each minute, a quiet one each hour, and in the end never. The platforms'
budgets come first: whoever is asked to wait, waits, and what was not answered is asked for later.
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
from core.events import Metrics
from core.mentions import Mention, MetricsSample, TrackedPost
from core.repositories import Mentions, TrackedPosts

log = logging.getLogger(__name__)

FASTEST: Final = timedelta(minutes=1)
SLOWEST: Final = timedelta(hours=1)
QUIET_DAYS: Final = timedelta(days=3)
"""A post that has not moved for an hour is not read any more once it is so old."""
ALL_DAYS: Final = timedelta(days=14)
_STEP: Final = 10
"""So many likes, reposts and comments more are worth another look."""
_BATCH: Final = 100
_LOOK: Final = 15.0
_LATER: Final = timedelta(minutes=10)
"""When to ask again for what was not answered."""
_AGAIN: Final = 60.0


class Reader(ReadsEngagement, Protocol):
    """A connector that can read figures."""

    @property
    def name(self) -> str:
        """Of the channel."""
        ...


class Engaged(Protocol):
    """Who wants to know how far a post goes."""

    async def engaged(self, mention: Mention, polls: Sequence[tuple[datetime, int]]) -> None:
        """``polls``: when it was read, and how often it had been passed on or answered by then."""
        ...


def next_reading(
    samples: Sequence[MetricsSample], now: datetime, *, posted_at: datetime
) -> datetime | None:
    """When to read a post again that has these ``samples``, oldest first; ``None`` for never."""
    if not samples:
        return now
    if samples[-1].metrics is None or now - posted_at >= ALL_DAYS:
        return None
    wait = _until_it_moves(samples, posted_at)
    if wait == SLOWEST and now - posted_at >= QUIET_DAYS:
        return None
    return now + wait


def polls_of(samples: Sequence[MetricsSample]) -> list[tuple[datetime, int]]:
    """How often a post had been passed on, or answered where that is more, at each reading."""
    return [
        (sample.at, max(sample.metrics.reposts or 0, sample.metrics.comments or 0))
        for sample in samples
        if sample.metrics is not None
    ]


class FigureWatch:
    """Keeps the figures of every channel that tells them."""

    def __init__(
        self,
        readers: Sequence[Reader],
        *,
        posts: TrackedPosts,
        mentions: Mentions,
        watch: Engaged,
        clock: Clock,
    ) -> None:
        self._readers = tuple(readers)
        self._posts = posts
        self._mentions = mentions
        self._watch = watch
        self._clock = clock

    async def run(self) -> None:
        """Read for ever; a channel that fails delays no other."""
        async with asyncio.TaskGroup() as tasks:
            for reader in self._readers:
                tasks.create_task(self._serve(reader))

    async def step(self, reader: Reader) -> int:
        """Take up what is new and read what is due of one channel; returns how many were read.

        Raises what the channel and the store raise.
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
        left = [replace(one, next_at=at + _LATER) for one in due if one.native_id not in found]
        await self._posts.save([*read, *left])
        for one in read:
            await self._tell(one)
        return len(read)

    async def _tell(self, one: TrackedPost) -> None:
        about = await self._mentions.get(one.mention)
        if about is not None and not about.withdrawn and one.samples[-1].metrics is not None:
            await self._watch.engaged(about.mention, polls_of(one.samples))

    async def _serve(self, reader: Reader) -> None:
        while True:
            wait = _LOOK
            try:
                if await self.step(reader) == _BATCH:
                    wait = 0.0
            except ConnectorError as error:
                asked = error.retry_after if isinstance(error, Unavailable) else None
                wait = max(_AGAIN, asked or 0.0)
                log.warning("no figures", extra={"channel": reader.name, "error": str(error)})
            except StoreError as error:
                wait = _AGAIN
                log.error("the store failed", extra={"channel": reader.name, "error": str(error)})
            except Exception:  # a bug about one channel's figures must not end anything else
                wait = _AGAIN
                log.exception("reading figures failed", extra={"channel": reader.name})
            await self._clock.sleep(wait)


def _with_sample(one: TrackedPost, sample: MetricsSample) -> TrackedPost:
    samples = (*one.samples, sample)
    at = next_reading(samples, sample.at, posted_at=one.posted_at)
    return replace(one, samples=samples, next_at=at)


def _until_it_moves(samples: Sequence[MetricsSample], posted_at: datetime) -> timedelta:
    """How long the post takes for the next step, at the speed between the last two readings."""
    last = samples[-1]
    before = samples[-2] if len(samples) > 1 else MetricsSample(at=posted_at, metrics=None)
    seconds = max((last.at - before.at).total_seconds(), 1.0)
    moved = _interactions(last) - _interactions(before)
    if moved <= 0:
        return SLOWEST
    return min(SLOWEST, max(FASTEST, timedelta(seconds=_STEP * seconds / moved)))


def _interactions(sample: MetricsSample) -> int:
    """Likes, which may be below zero, count by how many they are."""
    metrics = sample.metrics or Metrics()
    return abs(metrics.likes or 0) + (metrics.reposts or 0) + (metrics.comments or 0)
