"""What the moderation tests share."""

from datetime import UTC, datetime

from core.records import Reply, ReplyState, Target
from core.types import Author, Event, EventKind, Judgement, Probabilities

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(text: str, *, kind: EventKind = EventKind.MESSAGE) -> Event:
    return Event(
        channel="webchat",
        id="1",
        kind=kind,
        author=Author(id="a"),
        text=text,
        posted_at=START,
        conversation="c",
        solicited=True,
    )


def judgement(
    *,
    intent: str = "statement",
    complaint: float = 0.05,
    spam: float = 0.0,
    offensive: float = 0.0,
    risk: tuple[str, ...] = (),
) -> Judgement:
    return Judgement(
        language="zh",
        sentiment="neutral",
        probabilities=Probabilities(negative=0.1, neutral=0.8, positive=0.1),
        complaint=complaint,
        intent=intent,
        spam=spam,
        offensive=offensive,
        risk=risk,
    )


def reply(
    text: str = "您好",
    *,
    key: str = "k",
    by: str = "bot",
    public: bool = False,
    solicited: bool = True,
    channel: str = "weibo",
    conversation: str = "c",
) -> Reply:
    return Reply(
        key=key,
        target=Target(
            channel=channel,
            conversation=conversation,
            reply_to="p1" if public else None,
            solicited=solicited,
        ),
        text=text,
        state=ReplyState.SENDING,
        language="zh",
        by=by,
        created_at=START,
    )
