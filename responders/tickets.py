"""Tickets: opened by a mention or by a reply that could not be sent; their severity and SLA."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.i18n import Catalogue
from core.localized import UiLanguage
from core.model.conversations import Conversation
from core.model.judgement import Judgement
from core.model.mentions import Mention
from core.model.outbox import Reply
from core.model.tickets import Ticket, TicketState
from core.repositories import Store, Tickets
from core.settings import SlaSettings
from core.taxonomy import Severity
from responders.texts import reply_language

_MAX_SUBJECT: Final = 80
_CRITICAL_RISKS: Final = frozenset(
    {"self_harm", "death", "food_poisoning", "injury", "fire", "allergy", "child", "frail"}
)
_COMPLAINT: Final = 0.5
"""Least probability of a complaint."""

_ADVERSE: Final = 0.4
"""Least probability that bad news is bad news about us."""


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


def severity(judgement: Judgement) -> Severity:
    """P1 for life and health, P2 for other harm, threats and food safety, P3 for complaints.

    Harm that is only reported, by somebody who neither complains nor writes as a customer, is P2:
    people have to look at it, but nobody waits for help from them. Despair is always P1.
    """
    complains = judgement.complaint >= _COMPLAINT or judgement.intent == "complaint"
    reported = judgement.relevance != "business" and not complains
    if "self_harm" in judgement.risk or (_CRITICAL_RISKS & set(judgement.risk) and not reported):
        return "P1"
    adverse = judgement.adverse >= _ADVERSE and judgement.relevance in {"place", "actor"}
    if judgement.risk or judgement.intent == "threat" or adverse:
        return "P2"
    if complains:
        return "P2" if judgement.category == "food_safety" else "P3"
    return "P4"


def minutes(sla: SlaSettings, level: Severity) -> float:
    """Minutes until the first answer of a person is late."""
    return {"P1": sla.p1, "P2": sla.p2, "P3": sla.p3, "P4": sla.p4}[level]


def due_at(sla: SlaSettings, level: Severity, now: datetime) -> datetime:
    """Time from which the first answer is late."""
    return now + timedelta(minutes=minutes(sla, level))


class UndeliveredTickets:
    """Implements ``core.ports.UndeliveredReplies``: opens a ticket, or reopens the one there is."""

    def __init__(
        self,
        *,
        store: Store,
        brand: str,
        catalogue: Catalogue,
        sla: SlaSettings,
        clock: Clock,
    ) -> None:
        """``brand``: id of the brand of tickets about replies without a mention."""
        self._store = store
        self._brand = brand
        self._catalogue = catalogue
        self._sla = sla
        self._clock = clock

    async def ticket_for(self, reply: Reply, reason: str) -> Ticket:
        """As UndeliveredReplies.ticket_for; reopens a resolved ticket, stores nothing."""
        found = await self._found(reply)
        if found is not None:
            return replace(found, state=TicketState.OPEN)
        return await self._new(reply, reason)

    async def owed(self, reply: Reply) -> Ticket | None:
        """As UndeliveredReplies.owed; leaves a resolved ticket alone."""
        found = await self._found(reply)
        if found is None or found.state is TicketState.RESOLVED:
            return None
        return replace(found, state=TicketState.OPEN)

    async def _found(self, reply: Reply) -> Ticket | None:
        found = await self._store.tickets.get(reply.ticket) if reply.ticket else None
        if found is not None:
            return found
        target = reply.target
        known = await self._store.conversations.get(target.channel, target.conversation)
        return await open_ticket(self._store.tickets, known)

    async def _new(self, reply: Reply, reason: str) -> Ticket:
        now, target = self._clock.now(), reply.target
        about = await self._store.mentions.get(reply.mention) if reply.mention is not None else None
        level: Severity = "P3"
        brand, category, customer = self._brand, "other", target.author or target.conversation
        if about is not None:
            mention = about.mention
            level = min(level, severity(mention.judgement))
            brand = mention.brands[0] if mention.brands else brand
            category, customer = mention.judgement.category, mention.event.author.id
        language = reply_language(reply.language)
        return Ticket(
            number=await self._store.tickets.reserve_number(),
            brand=brand,
            channel=target.channel,
            conversation=target.conversation,
            customer=customer,
            subject=subject(self._catalogue.say("staff.doubt", language, reason=reason)),
            category=category,
            severity=level,
            state=TicketState.OPEN,
            language=language,
            created_at=now,
            due_at=due_at(self._sla, level, now),
            mention=reply.mention,
        )
