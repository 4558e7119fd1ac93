"""Replies on their way to a platform: the rows of the outbox."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.taxonomy import Language


class ReplyState(StrEnum):
    """Where an outbox row stands; ``UNKNOWN`` means that the platform may have acted."""

    DRAFT = "draft"
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a reply goes."""

    channel: str
    conversation: str
    reply_to: str | None = None
    """Native id of the post that is answered."""
    author: str | None = None
    """Native id of the person who is answered."""
    solicited: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An outbox row: one text to one person."""

    key: str
    """Idempotency key; at most one reply with this key is ever sent."""
    target: Target
    text: str
    state: ReplyState
    language: Language
    by: str
    """``bot``, or the name of the member of staff."""
    created_at: datetime
    not_before: datetime | None = None
    attempts: int = 0
    mention: int | None = None
    """Mention.seq it answers."""
    ticket: str | None = None
    """Ticket.number it belongs to."""
    native_id: str | None = None
    """The platform's id of the sent reply."""
    reason: str = ""
    """Why it was rejected, cancelled, held or is in doubt."""
