"""Tickets: what a person owes an answer to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.taxonomy import Language, Severity


class TicketState(StrEnum):
    """Where a ticket stands; ``WAITING`` is for the customer's answer."""

    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """A matter that a person owes an answer to."""

    number: str
    """For people: ``T-1001``."""
    brand: str
    channel: str
    conversation: str
    customer: str
    subject: str
    category: str
    severity: Severity
    state: TicketState
    language: Language
    created_at: datetime
    due_at: datetime
    """When the first answer by a person is late (the SLA)."""
    mention: int | None = None
    owner: str | None = None
    answered_at: datetime | None = None
    """When a person first answered."""
    reminded_at: datetime | None = None


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
class TicketPage:
    """Tickets, most urgent first (severity, then due_at, then number)."""

    tickets: tuple[Ticket, ...]
    next: str | None
    """Pass it to get the page after this one; ``None`` at the end."""
