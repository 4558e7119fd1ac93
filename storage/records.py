"""What every store makes of records the same way: keys, search words, the shape of a mention."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from core.alerts import Alert, Mute
from core.conversations import Conversation, ConversationState
from core.decisions import Action, Decision
from core.events import Event
from core.judgement import Judgement
from core.mentions import Mention, MentionFilter, TrackedPost
from core.outbox import Reply, ReplyState
from core.outcomes import Plan
from core.tickets import Ticket
from storage.encoding import micros
from storage.tokens import tokens

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
"""Microseconds."""

FIRST: Final = {"T": 1001, "INC": 101}
"""The first number of each kind of matter."""

BACK_OFF: Final = 1_000_000
"""Microseconds that an event waits for each time it has failed."""

LEASE: Final = 60_000_000
"""Microseconds after which a delivery that was claimed and never finished is due again."""

EventClass = Literal["dropped", "public", "private"]
"""What an ended event was: of no concern, read by everyone, or between two."""

CLASSES: Final[tuple[EventClass, ...]] = ("dropped", "public", "private")

SAMPLES: Final = 100
"""Figures that are kept of one mention."""

ENDED: Final = "conversation ended"
"""Why a reply is cancelled where nobody can be reached any more."""

AGED: Final = "aged"
"""Why an event is dropped that was a dead letter until it was too old to keep."""

UNDECIDED: Final = Decision(action=Action.IGNORE, rule="", reason="")
"""Stands for the decision of a mention that was recorded without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A Mention without its event, and the decision."""

    brands: tuple[str, ...]
    judgement: Judgement
    flags: tuple[str, ...] = ()
    masked_text: str | None = None
    """``None`` where it equals the event's text."""
    incident: str | None = None
    decision: Decision | None = None

    def mention(self, seq: int, event: Event) -> Mention:
        """The mention that was recorded."""
        return Mention(
            seq=seq,
            event=event,
            brands=self.brands,
            judgement=self.judgement,
            flags=self.flags,
            masked_text=event.text if self.masked_text is None else self.masked_text,
            incident=self.incident,
        )


def search_filters(mention: Mention) -> list[str]:
    """What a mention can be filtered by, as tokens: one for each value."""
    found = [_token("b", brand) for brand in mention.brands]
    found.append(_token("c", mention.event.channel))
    found.append(_token("s", mention.judgement.sentiment))
    found.append(_token("k", mention.judgement.category))
    return found


def wanted_filters(where: MentionFilter) -> list[str]:
    """The tokens that ``search_filters`` must have given."""
    wanted = {"b": where.brand, "c": where.channel, "s": where.sentiment, "k": where.category}
    return [_token(kind, value) for kind, value in wanted.items() if value is not None]


def wanted_channel(channel: str) -> str:
    """The token that ``search_filters`` gave for a channel."""
    return _token("c", channel)


def _token(kind: str, value: str) -> str:
    return kind + value.encode("utf-8", "surrogatepass").hex()


def judged(mention: Mention, plan: Plan | None) -> Judged:
    """What is kept beside the event."""
    same = mention.masked_text == mention.event.text
    return Judged(
        brands=mention.brands,
        judgement=mention.judgement,
        flags=mention.flags,
        masked_text=None if same else mention.masked_text,
        incident=mention.incident,
        decision=plan.decision if plan else None,
    )


def mention_words(mention: Mention) -> str:
    """What a mention is found by: its masked text, or the text where none was masked."""
    return " ".join(tokens(mention.masked_text or mention.event.text))


def ticket_words(ticket: Ticket) -> str:
    """What a ticket is found by."""
    return " ".join(tokens(f"{ticket.number} {ticket.category} {ticket.subject}"))


def ordinal(number: str) -> int:
    """The digits at the end of a number for people, so that 10000 comes after 9999."""
    digits = re.findall(r"\d{1,15}", number, re.ASCII)
    return int(digits[-1]) if digits else 0


def about(channel: object, native: object) -> bytes:
    """What a ticket is about, in one value; unique among tickets."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in (channel, native)]
    return b"%d:" % len(parts[0]) + b":".join(parts)


def with_staff(ticket: Ticket, stored: Ticket) -> Ticket:
    """A ticket as decided, with what staff noted since it was read."""
    return replace(
        ticket,
        owner=ticket.owner or stored.owner,
        answered_at=ticket.answered_at or stored.answered_at,
        reminded_at=ticket.reminded_at or stored.reminded_at,
    )


def redirected(reply: Reply, plan: Plan, number: str | None) -> Reply:
    """The reply, cancelled if it tells of a ticket that another one stands for."""
    wanted = plan.ticket.number if plan.ticket else None
    if wanted is None or wanted == number or reply.ticket != wanted:
        return reply
    return replace(
        reply, state=ReplyState.CANCELLED, ticket=number, reason=f"ticket {number} exists already"
    )


def ended(before: Conversation | None, last: Reply, at: datetime) -> Conversation:
    """The conversation of the reply after which nobody can be reached there any more."""
    if before is not None:
        return replace(before, state=ConversationState.ENDED, updated_at=at)
    return Conversation(
        channel=last.target.channel,
        id=last.target.conversation,
        customer=last.target.author or "",
        language=last.language,
        state=ConversationState.ENDED,
        updated_at=at,
    )


def said_and_forgotten(reply: Reply) -> Reply:
    """What stays of a reply that aged out: that it was sent, so that it is not sent again."""
    return replace(reply, text="", target=replace(reply.target, author=None))


def is_settled(alert: Alert, before: int) -> bool:
    """True where an alert was resolved before a time."""
    return alert.state == "resolved" and micros(alert.resolved_at or alert.created_at) < before


def given_back(conversation: Conversation) -> Conversation:
    """The conversation once its ticket is resolved: the machine answers, if anybody can."""
    ended_before = conversation.state is ConversationState.ENDED
    state = ConversationState.ENDED if ended_before else ConversationState.BOT
    return replace(conversation, state=state, ticket=None)


def acknowledged(alert: Alert, by: str, at: datetime) -> Alert:
    """The alert once somebody has taken it on."""
    return replace(alert, state="acknowledged", owner=by, acknowledged_at=at)


def newest_samples(tracked: TrackedPost) -> TrackedPost:
    """With as many samples as are kept."""
    return replace(tracked, samples=tracked.samples[-SAMPLES:])


def silence_noted(silence: Mute) -> str:
    """A silence as the audit log names it."""
    return f"{silence.id} until {silence.until.isoformat(timespec='seconds')}"


def class_of(event: Event, *, dropped: bool) -> EventClass:
    """Which class an ended event ages out with."""
    if dropped:
        return "dropped"
    return "public" if event.public else "private"
