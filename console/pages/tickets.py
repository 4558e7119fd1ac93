"""Tickets: the most urgent first, each with its conversation, taken, answered and resolved."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import MAX_REPLY, clean, integer, read_form, ticket_filter
from console.pages.base import ConsolePage, query_without, redirect, staff_name, wants_part
from console.render import MenuItem
from core.errors import Conflict
from core.model.conversations import Conversation, ConversationLine
from core.model.mentions import MentionRecord
from core.model.outbox import Reply, ReplyState, Target
from core.model.tickets import Ticket, TicketState
from core.repositories import Store
from core.runtime.bus import ConversationUpdated

PAGE: Final = 50
MAX_PAGES: Final = 10
KEY_LENGTHS: Final = range(16, 65)
LINES_AT_ONCE: Final = 500
MAX_LINES: Final = 2000
NOT_SENT: Final = frozenset(
    {ReplyState.PENDING, ReplyState.SENDING, ReplyState.REJECTED, ReplyState.UNKNOWN}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketThread:
    """The conversation of a ticket."""

    conversation: Conversation | None
    lines: Sequence[ConversationLine]
    """The newest MAX_LINES, oldest first."""
    cut: bool
    """True where older lines are left out."""
    waiting: Sequence[Reply]
    """Replies that did not reach the customer, or have not yet."""
    drafts: Sequence[Reply]
    """Replies that wait for a person."""
    about: MentionRecord | None
    """The mention that the ticket is about, where it is no line of the conversation."""


async def read_thread(store: Store, ticket: Ticket) -> TicketThread:
    """Read the conversation of a ticket."""
    lines: list[ConversationLine] = []
    cut = False
    while found := await store.conversations.lines(
        ticket.channel,
        ticket.conversation,
        after=lines[-1].seq if lines else 0,
        limit=LINES_AT_ONCE,
    ):
        lines += found
        if len(lines) > MAX_LINES:
            lines, cut = lines[-MAX_LINES:], True
        if len(found) < LINES_AT_ONCE:
            break
    about = None if ticket.mention is None else await store.mentions.get(ticket.mention)
    replies = about.replies if about else ()
    known = {line.id for line in lines}
    return TicketThread(
        conversation=await store.conversations.get(ticket.channel, ticket.conversation),
        lines=lines,
        cut=cut,
        waiting=[r for r in replies if r.state in NOT_SENT and r.key not in known],
        drafts=[r for r in replies if r.state is ReplyState.DRAFT],
        about=about if about and about.mention.event.id not in known else None,
    )


class TicketPages(ConsolePage):
    """The list of tickets, and one ticket beside it."""

    menu = MenuItem(name="tickets", path="/tickets", figure="unresolved_tickets")

    def routes(self) -> Sequence[BaseRoute]:
        one, post = "/tickets/{number}", ("POST",)
        return [
            self.route("/tickets", self.page, who="staff"),
            self.route(one, self.detail, who="staff"),
            self.route(f"{one}/thread", self.thread, who="staff"),
            self.route(f"{one}/take", self.take, who="staff", methods=post),
            self.route(f"{one}/resolve", self.resolve, who="staff", methods=post),
            self.route(f"{one}/reply", self.reply, who="staff", methods=post),
        ]

    async def page(self, request: Request) -> Response:
        """The list, or the items that htmx asks for."""
        return await self._list(request, None, {})

    async def detail(self, request: Request) -> Response:
        """One ticket, alone or beside the list."""
        return await self._show(request, await self._ticket(request))

    async def thread(self, request: Request) -> Response:
        """The part of an open ticket that live updates replace: its head and its lines."""
        ticket = await self._ticket(request)
        values = {"ticket": ticket, "thread": await read_thread(self._context.store, ticket)}
        return self._renderer.response(request, "_thread.html", values)

    async def take(self, request: Request) -> Response:
        """Make the caller the owner."""
        ticket = await self._ticket(request)
        return await self._save(request, ticket, replace(ticket, owner=staff_name(request)))

    async def resolve(self, request: Request) -> Response:
        """Resolve the ticket; its conversation goes back to the bot."""
        ticket = await self._ticket(request)
        me = staff_name(request)
        done = replace(ticket, state=TicketState.RESOLVED, owner=ticket.owner or me)
        return await self._save(request, ticket, done)

    async def reply(self, request: Request) -> Response:
        """Form: ``text``, and ``key``, which makes the same form sent twice one reply."""
        ticket, form = await self._ticket(request), await read_form(request)
        text, key = clean(form.get("text", "")), form.get("key", "")
        if not text or len(text) > MAX_REPLY or len(key) not in KEY_LENGTHS:
            notice = "reply.too_long" if len(text) > MAX_REPLY else "reply.empty"
            return await self._show(request, ticket, notice=notice, status=422)
        me, now = staff_name(request), self._context.clock.now()
        answered = replace(
            ticket,
            state=TicketState.WAITING,
            owner=ticket.owner or me,
            answered_at=ticket.answered_at or now,
        )
        reply = Reply(
            key=f"staff-{ticket.number}-{key}",
            target=await self._target(ticket),
            text=text,
            state=ReplyState.PENDING,
            language=ticket.language,
            by=me,
            created_at=now,
            mention=ticket.mention,
            ticket=ticket.number,
        )
        if not await self._context.store.outbox.add(reply, ticket=answered):
            return await self._show(request, ticket, notice="reply.already", status=409)
        self._context.notify()
        self._context.bus.publish(reply)
        self._publish(answered)
        return await self._show(request, answered, notice="reply.taken", kept="done")

    async def _save(self, request: Request, was: Ticket, ticket: Ticket) -> Response:
        try:
            await self._context.store.tickets.save(ticket, was=was)
        except Conflict:
            fresh = await self._ticket(request)
            return await self._show(request, fresh, notice="ticket.conflict", status=409)
        self._publish(ticket)
        return await self._show(request, ticket)

    def _publish(self, ticket: Ticket) -> None:
        self._context.bus.publish(ticket)
        self._context.bus.publish(
            ConversationUpdated(channel=ticket.channel, conversation=ticket.conversation)
        )

    async def _ticket(self, request: Request) -> Ticket:
        found = await self._context.store.tickets.get(str(request.path_params["number"]))
        if found is None:
            raise HTTPException(404, detail="no_ticket")
        return found

    async def _target(self, ticket: Ticket) -> Target:
        store = self._context.store
        about = None if ticket.mention is None else await store.mentions.get(ticket.mention)
        if about is None:
            return Target(channel=ticket.channel, conversation=ticket.conversation)
        event = about.mention.event
        return Target(
            channel=ticket.channel,
            conversation=ticket.conversation,
            reply_to=event.id if event.public else None,
            author=event.author.id,
            solicited=event.solicited,
        )

    async def _show(
        self,
        request: Request,
        ticket: Ticket,
        *,
        notice: str = "",
        status: int = 200,
        kept: str = "",
    ) -> Response:
        values = await self._detail(ticket)
        values |= {"notice": notice, "notice_is_bad": status != 200}
        if wants_part(request, "detail"):
            return self._renderer.response(
                request,
                "_ticket_detail.html",
                {**values, "me": staff_name(request)},
                status=status,
                headers={"X-Tingfeng-Kept": kept},
            )
        if request.method == "POST" and status == 200:
            return redirect(f"/tickets/{ticket.number}")
        return await self._list(request, ticket, values, status=status)

    async def _detail(self, ticket: Ticket) -> dict[str, object]:
        """Values of ``_ticket_detail.html``."""
        return {
            "ticket": ticket,
            "thread": await read_thread(self._context.store, ticket),
            "notice": "",
            "key": secrets.token_urlsafe(18),
            "longest_reply": MAX_REPLY,
        }

    async def _list(
        self,
        request: Request,
        ticket: Ticket | None,
        values: dict[str, object],
        *,
        status: int = 200,
    ) -> Response:
        query = request.query_params
        where = ticket_filter(query)
        pages = min(integer(query, "pages", default=1) or 1, MAX_PAGES)
        found = await self._context.store.tickets.find(
            where, after=query.get("after") or None, limit=PAGE * pages
        )
        values = {
            "items": found.tickets,
            "next": found.next,
            "more_query": query_without(request, "after", "lang", "pages"),
            "open_number": None if ticket is None else ticket.number,
            **values,
        }
        if wants_part(request, "tickets") or wants_part(request, "more"):
            return self._renderer.response(request, "_ticket_items.html", values)
        values["is_preview"] = ticket is None
        if ticket is None and found.tickets:
            values |= await self._detail(found.tickets[0])
        values |= {
            "where": where,
            "state": query.get("state") or "unresolved",
            "channels": await self._context.channels.names(),
            "brands": self._context.brands,
        }
        values.setdefault("ticket", None)
        return await self.respond(request, "tickets.html", values, status=status)
