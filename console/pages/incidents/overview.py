"""An overview of an incident from its mentions: first post, amplifiers, languages, a summary."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.model.events import Author
from core.model.mentions import Mention, MentionRecord
from core.taxonomy import Language

MAX_POSTS: Final = 500
MAX_SENTENCES: Final = 3
MAX_CITED: Final = 5
MIN_LENGTH: Final = 6
MAX_LENGTH: Final = 120
_CANDIDATES: Final = 60
"""Best sentences that are compared with each other."""
_SIMILAR: Final = 0.5
_SUPPORTS: Final = 0.6

_ENDS: Final = re.compile(r"[。！？!?；;\n]+|(?<=[a-z0-9)])\.\s+|//@[^:：\s]{1,40}[:：]")
_NOISE: Final = re.compile(r"https?://\S+|@[^\s:：]{1,40}|\[[^\[\]]{1,8}\]|#")
_WORD: Final = re.compile(r"[a-z0-9']{2,}|[\u3400-\u9fff]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class SummarySentence:
    """One sentence of the summary."""

    text: str
    posts: tuple[int, ...]
    """Mention.seq of the first posts that say so; the first of them holds the sentence."""
    people: int
    """Number of authors who say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sentence:
    text: str
    seq: int
    author: str
    words: frozenset[str]


def summarise(mentions: Sequence[Mention]) -> tuple[SummarySentence, ...]:
    """Up to MAX_SENTENCES sentences of the mentions' masked texts, the most shared first.

    A sentence scores by the number of authors who use its words. The best sentences that differ
    from each other are taken verbatim, so that the summary claims nothing that no post says.
    """
    sentences = [one for mention in mentions[:MAX_POSTS] for one in _sentences(mention)]
    used = Counter(word for word, _ in {(w, one.author) for one in sentences for w in one.words})

    def weight(one: _Sentence) -> float:
        shared = sum(used[word] - 1 for word in one.words)
        return float(shared / (len(one.words) + 6))

    chosen: list[_Sentence] = []
    distinct = {one.text: one for one in reversed(sentences)}  # the earliest of equals
    for one in sorted(distinct.values(), key=lambda one: (-weight(one), one.seq))[:_CANDIDATES]:
        if len(chosen) == MAX_SENTENCES:
            break
        if all(_overlap(one.words, other.words) < _SIMILAR for other in chosen):
            chosen.append(one)
    return tuple(_cited(one, sentences) for one in chosen)


def _sentences(mention: Mention) -> list[_Sentence]:
    author = f"{mention.event.channel}\n{mention.event.author.id}"
    found = []
    for part in _ENDS.split(mention.masked_text[:2000]):
        text = " ".join(_NOISE.sub(" ", part).split()).strip(" ，,、:：.-—…")
        words = _words(text)
        if MIN_LENGTH <= len(text) <= MAX_LENGTH and len(words) >= 3:
            found.append(_Sentence(text=text, seq=mention.seq, author=author, words=words))
    return found


def _words(text: str) -> frozenset[str]:
    """Latin words, and bigrams of Chinese characters."""
    found: set[str] = set()
    for run in _WORD.findall(text.lower()):
        if run[0] < "\u3400":
            found.add(run)
        else:
            found.update(run[at : at + 2] for at in range(len(run) - 1))
    return frozenset(found)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / min(len(one), len(other))


def _cited(one: _Sentence, sentences: Sequence[_Sentence]) -> SummarySentence:
    same = [
        other for other in sentences if len(one.words & other.words) >= _SUPPORTS * len(one.words)
    ]
    posts = dict.fromkeys((one.seq, *sorted(other.seq for other in same)))
    return SummarySentence(
        text=one.text,
        posts=tuple(posts)[:MAX_CITED],
        people=len({other.author for other in same}),
    )


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
