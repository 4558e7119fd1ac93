"""Conversations with one person on one channel, and their lines."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.model.event_text import whole_text
from core.model.events import Event, EventKind, unheard
from core.taxonomy import Language


class ConversationState(StrEnum):
    """Answered by the bot, by a person, or ended: the person can no longer be reached."""

    BOT = "bot"
    HUMAN = "human"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A thread with one person on one channel."""

    channel: str
    id: str
    customer: str
    language: Language
    state: ConversationState
    updated_at: datetime
    ticket: str | None = None
    """Number of the open ticket, if there is one."""
    muted: bool = False
    """True where the customer wants no automatic replies; a person may still answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationLine:
    """One line of a conversation, as the shopper sees it."""

    seq: int
    """Ascending within the store; what a client has seen up to."""
    direction: Literal["in", "out"]
    id: str
    """Native id of the event, or key of the reply."""
    by: str
    text: str
    at: datetime


def given_back(conversation: Conversation, *, resolved: str) -> Conversation | None:
    """The conversation once the ticket ``resolved`` is: the bot answers again, if anyone can.

    ``None`` where it belongs to another ticket.
    """
    if conversation.ticket not in (None, resolved):
        return None
    ended = conversation.state is ConversationState.ENDED
    state = ConversationState.ENDED if ended else ConversationState.BOT
    return replace(conversation, state=state, ticket=None)


def has_ended(conversation: Conversation | None) -> bool:
    """True where nobody can be reached in a conversation any more."""
    return conversation is not None and conversation.state is ConversationState.ENDED


def is_spoken(event: Event) -> bool:
    """True where an event is a line of its conversation: private, or addressed to the brand."""
    if event.kind is EventKind.DELETE or unheard(event.author) is not None:
        return False
    return event.solicited or not event.public


def is_later_revision(event: Event) -> bool:
    """True where an earlier revision may be a line already, and may have been answered."""
    return event.revision > 0 or event.kind is EventKind.EDIT


def heard_line(event: Event) -> ConversationLine:
    """An event as a line of its conversation."""
    return ConversationLine(
        seq=0,
        direction="in",
        id=event.id,
        by=event.author.name,
        text=whole_text(event),
        at=event.posted_at,
    )
