"""Tickets: requests that a person has to answer."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.errors import Conflict
from core.taxonomy import Language, Severity


class TicketState(StrEnum):
    """State of a ticket; ``WAITING`` is for the customer's answer."""

    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """A request that a person has to answer."""

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
    """Deadline of the first answer by a person (the SLA)."""
    mention: int | None = None
    owner: str | None = None
    answered_at: datetime | None = None
    """Time of the first answer by a person."""
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


def with_staff(ticket: Ticket, stored: Ticket) -> Ticket:
    """A ticket as the bot decided, with what staff noted since it was read."""
    return replace(
        ticket,
        owner=ticket.owner or stored.owner,
        answered_at=ticket.answered_at or stored.answered_at,
        reminded_at=ticket.reminded_at or stored.reminded_at,
    )


def require_unchanged(stored: Ticket | None, was: Ticket) -> None:
    """Raise Conflict unless the stored ticket is as the caller has read it."""
    if stored != was:
        raise Conflict(f"the ticket {was.number} was changed in the meantime. Read it again.")


def ordinal(number: str) -> int:
    """The digits at the end of a ticket's number, so that 10000 is sorted after 9999."""
    digits = re.findall(r"\d{1,15}", number, re.ASCII)
    return int(digits[-1]) if digits else 0
