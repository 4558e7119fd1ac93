"""What is known of an incident, from its mentions: who began it, who carries it, how fast."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from console.summary import Said, summarise
from core.events import Author
from core.mentions import Mention, MentionRecord
from core.taxonomy import Language

MOST_CARRIERS: Final = 8
_CHAIN: Final = re.compile(r"//@([^\s:：/@]{1,40})\s*[:：]")


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

    first: MentionRecord | None
    newest: tuple[MentionRecord, ...]
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


def facts_of(handled: Sequence[MentionRecord], *, newest: int = 20) -> Facts:
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


def _first(handled: Sequence[MentionRecord], carriers: Sequence[Carrier]) -> MentionRecord | None:
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
        for native in (event.reply_to, *(one.id for one in event.quoted)):
            if native is not None:
                passed.add(by_post.get((event.channel, native)))
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


def _share(mentions: Sequence[Mention]) -> float:
    if not mentions:
        return 0.0
    return sum(one.judgement.sentiment == "negative" for one in mentions) / len(mentions)
