"""Figures: events by outcome, and mentions by sentiment over time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import integer
from console.json_encoding import json_response
from console.pages.base import ConsolePage
from console.render import MenuItem
from core.errors import InputError
from core.model.figures import Figures
from core.model.mentions import Mention, MentionFilter
from core.repositories import Store

WINDOWS: Final = {1: 60, 6: 300, 24: 1800, 168: 10800}
"""Hours shown to seconds a bar stands for."""
DEFAULT_HOURS: Final = 24
MAX_MENTIONS: Final = 5000
MENTIONS_AT_ONCE: Final = 500


class FigurePages(ConsolePage):
    """The page of figures, and the data of its chart."""

    menu = MenuItem(name="figures", path="/figures")

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self.route("/figures", self.page, who="staff"),
            self.route("/figures/timeline", self.timeline, who="staff"),
        ]

    async def page(self, request: Request) -> Response:
        """Tiles, events by outcome, and the chart."""
        store, now = self._context.store, self._context.clock.now()
        counts = await store.events.counts()
        figures = await store.maintenance.figures(now)
        values = {
            "figures": figures,
            "counts": counts,
            "dropped": sorted(counts.dropped.items(), key=lambda item: (-item[1], item[0])),
            "dropped_total": sum(counts.dropped.values()),
            "share": negative_share(figures),
            "hours": _hours(request),
            "windows": tuple(WINDOWS),
        }
        return await self.respond(
            request,
            "figures.html",
            values,
            parts={"figures": "_figures.html", "way": "_way.html"},
        )

    async def timeline(self, request: Request) -> Response:
        """A SentimentTimeline as JSON."""
        found = await read_timeline(
            self._context.store, hours=_hours(request), now=self._context.clock.now()
        )
        return json_response(found)


def negative_share(figures: Figures) -> float | None:
    """Share of negative mentions in the last hour; ``None`` without any."""
    if not figures.mentions_last_hour:
        return None
    return figures.negative_last_hour / figures.mentions_last_hour


def _hours(request: Request) -> int:
    hours = integer(request.query_params, "hours", default=DEFAULT_HOURS)
    if hours is None or hours not in WINDOWS:
        raise InputError(f"hours has to be one of: {', '.join(map(str, WINDOWS))}")
    return hours


@dataclass(frozen=True, kw_only=True, slots=True)
class SentimentTimeline:
    """Mentions by sentiment in bars of equal length; each count has one number a bar."""

    since: datetime
    bar_seconds: int
    negative: tuple[int, ...]
    neutral: tuple[int, ...]
    positive: tuple[int, ...]
    cut: bool
    """True where only the newest MAX_MENTIONS are counted."""


async def read_timeline(store: Store, *, hours: int, now: datetime) -> SentimentTimeline:
    """The ``hours`` (a key of WINDOWS) up to ``now``, or up to the newest mention if all are older.

    Bars begin at whole multiples of their length.
    """
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
        page = await store.mentions.find(where, before=before, limit=MENTIONS_AT_ONCE)
        found += [record.mention for record in page.mentions]
        before = page.next
        if before is None or len(found) >= MAX_MENTIONS:
            return found, before is not None


def _count(
    mentions: Sequence[Mention], *, since: datetime, bars: int, seconds: int, cut: bool
) -> SentimentTimeline:
    found = Counter(
        (
            mention.judgement.sentiment,
            int((mention.event.posted_at - since).total_seconds() // seconds),
        )
        for mention in mentions
    )
    return SentimentTimeline(
        since=since,
        bar_seconds=seconds,
        negative=tuple(found["negative", bar] for bar in range(bars)),
        neutral=tuple(found["neutral", bar] for bar in range(bars)),
        positive=tuple(found["positive", bar] for bar in range(bars)),
        cut=cut,
    )
