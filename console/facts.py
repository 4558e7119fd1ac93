"""What is known of an incident, from its mentions: who began it, who carries it, how fast."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from console.summary import Said, summarise
from core.queries import Handled
from core.records import Incident
from core.types import Author, Language, Mention

MOST_CARRIERS: Final = 8
MOST_POINTS: Final = 120
_CHAIN: Final = re.compile(r"//@([^\s:：/@]{1,40})\s*[:：]")
_NEXT: Final = (timedelta(hours=1), timedelta(hours=24))
"""How far ahead the curve is drawn: as long as it has lasted, within these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """An author who carries an incident."""

    author: Author
    channel: str
    posts: int
    carried: int
    """Posts that answer or pass on one of theirs."""
    first_seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All of it; the counts are largest first."""

    first: Handled | None
    newest: tuple[Handled, ...]
    carriers: tuple[Carrier, ...]
    languages: tuple[tuple[Language, int], ...]
    channels: tuple[tuple[str, int], ...]
    negative: float
    """Share of negative posts."""
    an_hour: int
    """Posts in the last hour before its newest one."""
    summary: tuple[Said, ...]
    tickets: tuple[str, ...]
    """Numbers, oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Posts so far, and what is expected; times in ISO order, counts cumulative."""

    times: tuple[datetime, ...]
    counts: tuple[int, ...]
    until: datetime | None
    """Where the forecast is drawn to; ``None`` without one."""
    forecast: float | None
    low: float | None
    high: float | None


def facts_of(handled: Sequence[Handled], *, newest: int = 20) -> Facts:
    """From an incident's mentions, oldest first."""
    mentions = [one.mention for one in handled]
    carriers = carriers_of(mentions)
    tickets = dict.fromkeys(one.ticket for one in handled if one.ticket is not None)
    return Facts(
        first=_first(handled, carriers),
        newest=tuple(reversed(handled[-newest:])),
        carriers=carriers,
        languages=tuple(Counter(one.judgement.language for one in mentions).most_common()),
        channels=tuple(Counter(one.event.channel for one in mentions).most_common()),
        negative=_share(mentions),
        an_hour=last_hour(mentions),
        summary=summarise(mentions),
        tickets=tuple(tickets),
    )


def _first(handled: Sequence[Handled], carriers: Sequence[Carrier]) -> Handled | None:
    """The first post that is negative or was passed on; the first of all where none is."""
    carried = {one.first_seq for one in carriers if one.carried}
    for one in handled:
        if one.mention.judgement.sentiment == "negative" or one.mention.seq in carried:
            return one
    return handled[0] if handled else None


def last_hour(mentions: Sequence[Mention]) -> int:
    """Posts in the hour that ends with the newest one."""
    if not mentions:
        return 0
    since = mentions[-1].event.posted_at - timedelta(hours=1)
    return sum(one.event.posted_at > since for one in mentions)


def carriers_of(mentions: Sequence[Mention]) -> tuple[Carrier, ...]:
    """The authors behind the most reposts and posts; who is passed on counts for each time."""
    written: dict[tuple[str, str], list[Mention]] = {}
    by_post: dict[tuple[str, str], tuple[str, str]] = {}
    by_name: dict[tuple[str, str], tuple[str, str]] = {}
    for one in mentions:
        event = one.event
        key = (event.channel, event.author.id)
        written.setdefault(key, []).append(one)
        by_post[event.channel, event.id] = key
        if event.author.name:
            by_name.setdefault((event.channel, event.author.name), key)
    carried: Counter[tuple[str, str]] = Counter()
    for one in mentions:
        event = one.event
        passed = {by_name.get((event.channel, name)) for name in _CHAIN.findall(event.text[:4000])}
        if event.reply_to is not None:
            passed.add(by_post.get((event.channel, event.reply_to)))
        carried.update(key for key in passed if key not in (None, (event.channel, event.author.id)))

    def rank(key: tuple[str, str]) -> tuple[int, int]:
        return (-carried[key] - len(written[key]), written[key][0].seq)

    return tuple(
        Carrier(
            author=written[key][0].event.author,
            channel=key[0],
            posts=len(written[key]),
            carried=carried[key],
            first_seq=written[key][0].seq,
        )
        for key in sorted(written, key=rank)[:MOST_CARRIERS]
    )


def curve_of(incident: Incident, handled: Sequence[Handled], now: datetime) -> Curve:
    """At most MOST_POINTS points of what was posted, and the way to what is expected."""
    times = [one.mention.event.posted_at for one in handled]
    if not times:
        return Curve(times=(), counts=(), until=None, forecast=None, low=None, high=None)
    stop = max(times[-1], min(now, times[-1] + _NEXT[1]))
    step = max((stop - times[0]) / MOST_POINTS, timedelta(seconds=1))
    marks = [times[0] + step * number for number in range(MOST_POINTS)]
    marks = [mark for mark in marks if mark < stop] + [stop]
    counts, at = [], 0
    for mark in marks:
        while at < len(times) and times[at] <= mark:
            at += 1
        counts.append(at + max(0, incident.mentions - len(times)) if mark == stop else at)
    ahead = min(max(stop - times[0], _NEXT[0]), _NEXT[1])
    expected = incident.forecast if incident.state == "open" else None
    return Curve(
        times=tuple(marks),
        counts=tuple(counts),
        until=None if expected is None else stop + ahead,
        forecast=expected,
        low=None if expected is None else incident.low,
        high=None if expected is None else incident.high,
    )


def _share(mentions: Sequence[Mention]) -> float:
    if not mentions:
        return 0.0
    return sum(one.judgement.sentiment == "negative" for one in mentions) / len(mentions)
