"""Tickets about mentions: opened by one, changed by those that follow."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from core.i18n import Catalogue
from core.localized import UiLanguage
from core.model.conversations import Conversation
from core.model.mentions import Mention
from core.model.tickets import Ticket, TicketState
from core.repositories import Tickets
from core.settings import SlaSettings
from core.taxonomy import Severity
from responders.tickets.severity import due_at

_MAX_SUBJECT: Final = 80


async def open_ticket(tickets: Tickets, conversation: Conversation | None) -> Ticket | None:
    """The unresolved ticket of a conversation, if it has one."""
    if conversation is None or conversation.ticket is None:
        return None
    ticket = await tickets.get(conversation.ticket)
    return ticket if ticket is not None and ticket.state is not TicketState.RESOLVED else None


def new_ticket(
    number: str,
    mention: Mention,
    *,
    level: Severity,
    language: UiLanguage,
    sla: SlaSettings,
    catalogue: Catalogue,
    now: datetime,
) -> Ticket:
    """A ticket about a mention, due by the SLA."""
    event = mention.event
    return Ticket(
        number=number,
        brand=mention.brands[0] if mention.brands else "",
        channel=event.channel,
        conversation=event.conversation,
        customer=event.author.id,
        subject=subject(mention.masked_text) or catalogue.say("staff.no_text", language),
        category=mention.judgement.category,
        severity=level,
        state=TicketState.OPEN,
        language=language,
        created_at=now,
        due_at=due_at(sla, level, now),
        mention=mention.seq,
    )


def continued(ticket: Ticket, *, level: Severity | None, sla: SlaSettings, now: datetime) -> Ticket:
    """An unresolved ticket after the customer wrote again: open, and never less severe."""
    ticket = replace(ticket, state=TicketState.OPEN)
    if level is None or level >= ticket.severity:
        return ticket
    due = ticket.due_at if ticket.answered_at else min(ticket.due_at, due_at(sla, level, now))
    return replace(ticket, severity=level, due_at=due)


def subject(masked: str) -> str:
    """The first 80 characters of a masked text, on one line."""
    line = " ".join(masked.split())
    return line if len(line) <= _MAX_SUBJECT else line[: _MAX_SUBJECT - 1] + "…"
