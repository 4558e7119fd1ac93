"""Short ways to make the things that listeners are told about."""

from datetime import UTC, datetime

from core.events import Author, Event, EventKind
from core.judgement import Judgement, Probabilities
from core.mentions import Mention
from core.taxonomy import Sentiment

START = datetime(2026, 3, 2, tzinfo=UTC)


def event(
    text: str,
    *,
    native_id: str = "1",
    channel: str = "weibo",
    kind: EventKind = EventKind.POST,
    author: str = "a1",
    at: datetime = START,
    solicited: bool = False,
) -> Event:
    return Event(
        channel=channel,
        id=native_id,
        kind=kind,
        author=Author(id=author),
        text=text,
        posted_at=at,
        conversation="c1",
        solicited=solicited,
    )


def judgement(
    sentiment: Sentiment = "neutral", *, complaint: float = 0.1, risk: tuple[str, ...] = ()
) -> Judgement:
    shares = {name: 0.9 if name == sentiment else 0.05 for name in ("negative", "neutral")}
    positive = 1 - sum(shares.values())
    return Judgement(
        language="zh",
        sentiment=sentiment,
        probabilities=Probabilities(**shares, positive=positive),
        complaint=complaint,
        risk=risk,
    )


def mention(
    seq: int,
    *,
    at: datetime,
    author: str,
    sentiment: Sentiment = "negative",
    complaint: float = 0.1,
    risk: tuple[str, ...] = (),
    text: str = "面包发霉了",
    brands: tuple[str, ...] = ("hejia",),
    channel: str = "weibo",
) -> Mention:
    return Mention(
        seq=seq,
        event=event(text, native_id=str(seq), author=author, at=at, channel=channel),
        brands=brands,
        judgement=judgement(sentiment, complaint=complaint, risk=risk),
        masked_text=text,
    )
