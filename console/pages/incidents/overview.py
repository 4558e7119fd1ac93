"""An overview of an incident from its mentions: first post, amplifiers, languages, speed."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from console.pages.incidents.summary import SummarySentence, summarise
from core.model.events import Author
from core.model.mentions import Mention, MentionRecord
from core.taxonomy import Language

MAX_AMPLIFIERS: Final = 8
_CHAIN: Final = re.compile(r"//@([^\s:：/@]{1,40})\s*[:：]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Amplifier:
    """An author whose posts spread an incident."""

    author: Author
    channel: str
    posts: int
    carried: int
    """Reposts of and replies to their posts, by others."""
    first_seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentOverview:
    """Counts are in descending order."""

    first: MentionRecord | None
    newest: tuple[MentionRecord, ...]
    amplifiers: tuple[Amplifier, ...]
    languages: tuple[tuple[Language, int], ...]
    channels: tuple[tuple[str, int], ...]
    negative: float
    """Share of negative posts."""
    an_hour: int
    """Posts in the hour up to its newest one."""
    summary: tuple[SummarySentence, ...]
    tickets: tuple[str, ...]
    """Ticket.number, oldest first."""


def overview_of(records: Sequence[MentionRecord], *, newest: int = 20) -> IncidentOverview:
    """The overview from an incident's mentions, oldest first; ``newest`` of them are kept."""
    mentions = [one.mention for one in records]
    amplifiers = amplifiers_of(mentions)
    tickets = dict.fromkeys(one.ticket for one in records if one.ticket is not None)
    return IncidentOverview(
        first=_first(records, amplifiers),
        newest=tuple(reversed(records[-newest:])),
        amplifiers=amplifiers,
        languages=tuple(Counter(one.judgement.language for one in mentions).most_common()),
        channels=tuple(Counter(one.event.channel for one in mentions).most_common()),
        negative=_negative_share(mentions),
        an_hour=last_hour(mentions),
        summary=summarise(mentions),
        tickets=tuple(tickets),
    )


def _first(
    records: Sequence[MentionRecord], amplifiers: Sequence[Amplifier]
) -> MentionRecord | None:
    """The first post that is negative or was reposted; without one, the first of all."""
    carried = {one.first_seq for one in amplifiers if one.carried}
    for one in records:
        if one.mention.judgement.sentiment == "negative" or one.mention.seq in carried:
            return one
    return records[0] if records else None


def last_hour(mentions: Sequence[Mention]) -> int:
    """Number of posts in the hour that ends with the newest one."""
    if not mentions:
        return 0
    since = mentions[-1].event.posted_at - timedelta(hours=1)
    return sum(one.event.posted_at > since for one in mentions)


def amplifiers_of(mentions: Sequence[Mention]) -> tuple[Amplifier, ...]:
    """The authors with the most posts, reposts and replies, at most MAX_AMPLIFIERS.

    A repost chain (``//@NAME:``) counts for every author in it.
    """
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
        credited = {
            by_name.get((event.channel, name)) for name in _CHAIN.findall(event.text[:4000])
        }
        for native in (event.reply_to, *(one.id for one in event.quoted)):
            if native is not None:
                credited.add(by_post.get((event.channel, native)))
        carried.update(
            key for key in credited if key not in (None, (event.channel, event.author.id))
        )

    def rank(key: tuple[str, str]) -> tuple[int, int]:
        return (-carried[key] - len(written[key]), written[key][0].seq)

    return tuple(
        Amplifier(
            author=written[key][0].event.author,
            channel=key[0],
            posts=len(written[key]),
            carried=carried[key],
            first_seq=written[key][0].seq,
        )
        for key in sorted(written, key=rank)[:MAX_AMPLIFIERS]
    )


def _negative_share(mentions: Sequence[Mention]) -> float:
    if not mentions:
        return 0.0
    return sum(one.judgement.sentiment == "negative" for one in mentions) / len(mentions)
