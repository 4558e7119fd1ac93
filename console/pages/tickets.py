"""Tickets: what a person owes an answer to, how long there is, and the conversation."""

import secrets
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.forms import LONGEST_REPLY, clean, read_form, ticket_filter, whole
from console.pages.head import go_to, query_without, staff_name, staff_page, wants_part
from console.pages.thread import read_thread
from console.render import Renderer
from core.bus import ConversationUpdated
from core.errors import Conflict
from core.outbox import Reply, ReplyState, Target
from core.tickets import Ticket, TicketState

PAGE = 50
MOST_PAGES = 10
LONGEST_KEY = 64


class TicketPages:
    """The list of tickets, one ticket, and what can be done with it."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy, post = self._desk.policy, ("POST",)
        return [
            Door(
                "/tickets",
                self.page,
                who="staff",
                policy=policy,
                menu=MenuEntry(name="tickets", count="unresolved_tickets"),
            ),
            Door("/tickets/{number}", self.detail, who="staff", policy=policy),
            Door("/tickets/{number}/thread", self.thread, who="staff", policy=policy),
            Door("/tickets/{number}/take", self.take, who="staff", policy=policy, methods=post),
            Door(
                "/tickets/{number}/resolve", self.resolve, who="staff", policy=policy, methods=post
            ),
            Door("/tickets/{number}/reply", self.reply, who="staff", policy=policy, methods=post),
        ]

    async def page(self, request: Request) -> Response:
        """The list, or only its items."""
        return await self._answer(request, None, {})

    async def detail(self, request: Request) -> Response:
        """One ticket, alone or beside the list."""
        return await self._show(request, await self._ticket(request))

    async def thread(self, request: Request) -> Response:
        """What changes by itself while a ticket is open: its head and its lines."""
        ticket = await self._ticket(request)
        values = {"ticket": ticket, "thread": await read_thread(self._desk.store, ticket)}
        return self._renderer.response(request, "_thread.html", values)

    async def take(self, request: Request) -> Response:
        """Make whoever asks the owner."""
        ticket = await self._ticket(request)
        return await self._save(request, ticket, replace(ticket, owner=staff_name(request)))

    async def resolve(self, request: Request) -> Response:
        """Close the matter; its conversation goes back to the machine."""
        ticket = await self._ticket(request)
        me = staff_name(request)
        done = replace(ticket, state=TicketState.RESOLVED, owner=ticket.owner or me)
        return await self._save(request, ticket, done)

    async def reply(self, request: Request) -> Response:
        """Put a text into the outbox; the same form sent twice is one reply."""
        ticket, form = await self._ticket(request), await read_form(request)
        text, key = clean(form.get("text", "")), form.get("key", "")
        if not text or len(text) > LONGEST_REPLY or not 16 <= len(key) <= LONGEST_KEY:
            notice = "reply.too_long" if len(text) > LONGEST_REPLY else "reply.empty"
            return await self._show(request, ticket, notice=notice, status=422)
        me, now = staff_name(request), self._desk.clock.now()
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
        if not await self._desk.store.outbox.add(reply, ticket=answered):
            return await self._show(request, ticket, notice="reply.already", status=409)
        self._desk.notify()
        self._desk.bus.publish(reply)
        self._tell(answered)
        return await self._show(request, answered, notice="reply.taken", kept="done")

    async def _save(self, request: Request, was: Ticket, ticket: Ticket) -> Response:
        try:
            await self._desk.store.tickets.save(ticket, was=was)
        except Conflict:
            fresh = await self._ticket(request)
            return await self._show(request, fresh, notice="ticket.conflict", status=409)
        self._tell(ticket)
        return await self._show(request, ticket)

    def _tell(self, ticket: Ticket) -> None:
        self._desk.bus.publish(ticket)
        self._desk.bus.publish(
            ConversationUpdated(channel=ticket.channel, conversation=ticket.conversation)
        )

    async def _ticket(self, request: Request) -> Ticket:
        found = await self._desk.store.tickets.get(str(request.path_params["number"]))
        if found is None:
            raise HTTPException(404, detail="no_ticket")
        return found

    async def _target(self, ticket: Ticket) -> Target:
        about = (
            None if ticket.mention is None else await self._desk.store.mentions.get(ticket.mention)
        )
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
        values = await self._entry(ticket)
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
            return go_to(f"/tickets/{ticket.number}")
        return await self._answer(request, ticket, values, status=status)

    async def _entry(self, ticket: Ticket) -> dict[str, object]:
        return {
            "ticket": ticket,
            "thread": await read_thread(self._desk.store, ticket),
            "notice": "",
            "key": secrets.token_urlsafe(18),
            "longest_reply": LONGEST_REPLY,
        }

    async def _answer(
        self,
        request: Request,
        ticket: Ticket | None,
        values: dict[str, object],
        *,
        status: int = 200,
    ) -> Response:
        query = request.query_params
        where = ticket_filter(query)
        pages = min(whole(query, "pages", default=1) or 1, MOST_PAGES)
        found = await self._desk.store.tickets.find(
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
            values |= await self._entry(found.tickets[0])
        values |= {
            "where": where,
            "state": query.get("state") or "unresolved",
            "channels": await self._desk.channels.known(),
            "brands": self._desk.brands,
        }
        values.setdefault("ticket", None)
        return await staff_page(self._renderer, request, "tickets.html", values, status=status)
