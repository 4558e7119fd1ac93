"""What staff ask the store for, and the shape in which it answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.records import Reply, Ticket
from core.types import Decision, Mention, Sentiment


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionFilter:
    """Which mentions; ``None`` means all."""

    text: str | None = None
    """Words that must all be found, Chinese or English."""
    brand: str | None = None
    channel: str | None = None
    sentiment: Sentiment | None = None
    category: str | None = None
    since: datetime | None = None
    """By posted_at, inclusive."""
    until: datetime | None = None
    """By posted_at, exclusive."""
    incident: str | None = None
    """Incident.id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketFilter:
    """Which tickets; ``None`` means all."""

    text: str | None = None
    brand: str | None = None
    channel: str | None = None
    state: Literal["open", "waiting", "resolved", "unresolved"] | None = None
    """``unresolved`` is open or waiting."""
    owner: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Handled:
    """A mention with what was decided about it."""

    mention: Mention
    decision: Decision
    ticket: str | None
    """Ticket.number, if it has one."""
    replies: tuple[Reply, ...]
    withdrawn: bool
    """True where its author deleted it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """What could not be processed."""

    id: int
    channel: str
    native_id: str
    raw: bytes
    reason: str
    at: datetime
    seq: int | None
    """Received.seq where it was an event; ``None`` where it could not be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Numbers for the head of the console."""

    unresolved_tickets: int
    late_tickets: int
    drafts: int
    firing_alerts: int
    mentions_last_hour: int
    negative_last_hour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketPage:
    """Tickets, most urgent first (severity, then due_at, then number)."""

    tickets: tuple[Ticket, ...]
    next: str | None
    """Pass it to get the page after this one; ``None`` at the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionPage:
    """Mentions, newest first (by seq)."""

    mentions: tuple[Handled, ...]
    next: int | None
    """Pass it to get the page after this one; ``None`` at the end."""
