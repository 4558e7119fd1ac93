"""What passes through the pipeline, ready made."""

from datetime import UTC, datetime

from core.events import Author, Event, EventKind
from core.judgement import Judgement, Probabilities
from core.outbox import Reply, ReplyState, Target
from core.tickets import Ticket, TicketState

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(
    id: str = "1",  # noqa: A002
    *,
    text: str = "禾家的面包",
    kind: EventKind = EventKind.POST,
    conversation: str = "c",
) -> Event:
    return Event(
        channel="weibo",
        id=id,
        kind=kind,
        author=Author(id="a"),
        text=text,
        posted_at=START,
        conversation=conversation,
    )


def judgement() -> Judgement:
    return Judgement(
        language="zh",
        sentiment="neutral",
        probabilities=Probabilities(negative=0.1, neutral=0.8, positive=0.1),
        complaint=0.1,
    )


def reply(key: str = "k", *, attempts: int = 0, ticket: str | None = None) -> Reply:
    return Reply(
        key=key,
        target=Target(channel="weibo", conversation="c"),
        text="您好",
        state=ReplyState.SENDING,
        language="zh",
        by="bot",
        created_at=START,
        attempts=attempts,
        ticket=ticket,
    )


def ticket(number: str = "T-1001") -> Ticket:
    return Ticket(
        number=number,
        brand="hejia",
        channel="weibo",
        conversation="c",
        customer="weibo:a",
        subject="s",
        category="quality",
        severity="P3",
        state=TicketState.OPEN,
        language="zh",
        created_at=START,
        due_at=START,
    )
