"""Builders of mentions, tickets, replies and alerts with defaults."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.alerts import Alert
from core.events import Author, Event, EventKind
from core.judgement import Judgement, Probabilities
from core.mentions import Mention
from core.outbox import Reply, ReplyState, Target
from core.taxonomy import Language
from core.tickets import Ticket, TicketState

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[2] / "examples" / "supermarket" / "knowledge"


def mention(
    text: str = "你们几点关门",
    *,
    seq: int = 1,
    native_id: str = "",
    kind: EventKind = EventKind.MESSAGE,
    revision: int = 0,
    channel: str = "webchat",
    author: str = "u1",
    solicited: bool = True,
    language: Language = "zh",
    intent: str = "statement",
    complaint: float = 0.05,
    negative: float = 0.1,
    offensive: float = 0.0,
    spam: float = 0.0,
    risk: tuple[str, ...] = (),
    category: str = "other",
    flags: tuple[str, ...] = (),
    brands: tuple[str, ...] = ("hejia",),
    masked: str | None = None,
) -> Mention:
    return Mention(
        seq=seq,
        event=Event(
            channel=channel,
            id=native_id or f"m{seq}",
            revision=revision,
            kind=kind,
            author=Author(id=author),
            text=text,
            posted_at=START,
            conversation=f"c-{author}",
            solicited=solicited,
        ),
        brands=brands,
        judgement=Judgement(
            language=language,
            sentiment="negative" if negative > 0.5 else "neutral",
            probabilities=Probabilities(
                negative=negative, neutral=0.9 - negative if negative < 0.9 else 0.0, positive=0.1
            ),
            complaint=complaint,
            category=category,
            intent=intent,
            risk=risk,
            offensive=offensive,
            spam=spam,
        ),
        flags=flags,
        masked_text=text if masked is None else masked,
    )


def ticket(number: str = "T-1001", *, state: TicketState = TicketState.OPEN) -> Ticket:
    return Ticket(
        number=number,
        brand="hejia",
        channel="webchat",
        conversation="c-u1",
        customer="u1",
        subject="面包发霉了",
        category="food_safety",
        severity="P3",
        state=state,
        language="zh",
        created_at=START,
        due_at=START + timedelta(hours=4),
    )


def reply(
    *, seq: int | None = None, of_ticket: str | None = None, author: str | None = "u1"
) -> Reply:
    return Reply(
        key="k",
        target=Target(channel="webchat", conversation="c-u1", author=author),
        text="您好",
        state=ReplyState.SENDING,
        language="zh",
        by="bot",
        created_at=START,
        mention=seq,
        ticket=of_ticket,
    )


def alert(key: str = "a1") -> Alert:
    return Alert(
        key=key,
        kind="incident",
        severity="P1",
        title="面包发霉",
        body="8 位作者\n第一条：…",
        created_at=START,
        brand="hejia",
    )
