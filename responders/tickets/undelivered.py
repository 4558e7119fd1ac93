"""Tickets for replies that could not be sent, so that a person answers instead."""

from dataclasses import replace

from core.clock import Clock
from core.i18n import Catalogue
from core.model.outbox import Reply
from core.model.tickets import Ticket, TicketState
from core.repositories import Store
from core.settings import SlaSettings
from core.taxonomy import Severity
from responders.texts import reply_language
from responders.tickets.opening import open_ticket, subject
from responders.tickets.severity import due_at, severity


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
