"""Mentions by sentiment over time, for the chart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from core.mentions import Mention, MentionFilter
from core.repositories import Store

WINDOWS: Final = {1: 60, 6: 300, 24: 1800, 168: 10800}
"""Hours shown to seconds a bar stands for."""
MOST_MENTIONS: Final = 5000
AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """Equal bars from ``since`` on; the three counts have one number a bar."""

    since: datetime
    bar_seconds: int
    negative: tuple[int, ...]
    neutral: tuple[int, ...]
    positive: tuple[int, ...]
    cut: bool
    """True where only the newest ``MOST_MENTIONS`` are counted."""


async def read_timeline(store: Store, *, hours: int, now: datetime) -> Timeline:
    """The ``hours`` (a key of WINDOWS) up to now, or up to the newest mention if all are older."""
    end = await _end(store, hours=hours, now=now)
    seconds = WINDOWS[hours]
    stop = (int(end.timestamp()) // seconds + 1) * seconds
    since = datetime.fromtimestamp(stop - hours * 3600, UTC)
    until = datetime.fromtimestamp(stop, UTC)
    found, cut = await _read(store, MentionFilter(since=since, until=until))
    return _count(found, since=since, bars=hours * 3600 // seconds, seconds=seconds, cut=cut)


async def _end(store: Store, *, hours: int, now: datetime) -> datetime:
    soon = now + timedelta(minutes=1)
    window = MentionFilter(since=now - timedelta(hours=hours), until=soon)
    if (await store.mentions.find(window, limit=1)).mentions:
        return now
    older = await store.mentions.find(MentionFilter(until=soon), limit=1)
    return older.mentions[0].mention.event.posted_at if older.mentions else now


async def _read(store: Store, where: MentionFilter) -> tuple[Sequence[Mention], bool]:
    found: list[Mention] = []
    before: int | None = None
    while True:
        page = await store.mentions.find(where, before=before, limit=AT_ONCE)
        found += [handled.mention for handled in page.mentions]
        before = page.next
        if before is None or len(found) >= MOST_MENTIONS:
            return found, before is not None


def _count(
    mentions: Sequence[Mention], *, since: datetime, bars: int, seconds: int, cut: bool
) -> Timeline:
    found = Counter(
        (
            mention.judgement.sentiment,
            int((mention.event.posted_at - since).total_seconds() // seconds),
        )
        for mention in mentions
    )
    return Timeline(
        since=since,
        bar_seconds=seconds,
        negative=tuple(found["negative", bar] for bar in range(bars)),
        neutral=tuple(found["neutral", bar] for bar in range(bars)),
        positive=tuple(found["positive", bar] for bar in range(bars)),
        cut=cut,
    )
