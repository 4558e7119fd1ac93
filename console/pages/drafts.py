"""Drafts: replies that staff approve, rewrite or reject before they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import MAX_REPLY, clean, read_form
from console.pages.base import ConsolePage, is_htmx, redirect, staff_name
from console.render import MenuItem
from core.errors import Conflict
from core.model.mentions import MentionRecord
from core.model.outbox import Reply

PAGE: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftItem:
    """A draft with the mention that it answers."""

    reply: Reply
    about: MentionRecord | None


class DraftPages(ConsolePage):
    """The list of drafts."""

    menu = MenuItem(name="drafts", path="/drafts", figure="drafts")

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self.route("/drafts", self.page, who="staff"),
            self.route("/drafts", self.settle, who="staff", methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        return await self._respond(request)

    async def settle(self, request: Request) -> Response:
        """Form: ``key``, ``text``, and ``do`` (approve or reject)."""
        form = await read_form(request)
        do, text = form.get("do", ""), clean(form.get("text", ""))
        if do not in {"approve", "reject"}:
            raise HTTPException(400, detail="not_a_form")
        approve = do == "approve"
        if approve and not 1 <= len(text) <= MAX_REPLY:
            notice = "reply.too_long" if text else "reply.empty"
            return await self._notice(request, notice, status=422, is_bad=True)
        try:
            reply = await self._context.store.outbox.settle_draft(
                form.get("key", ""), by=staff_name(request), approve=approve, text=text
            )
        except Conflict:
            return await self._notice(request, "draft.settled", status=409, is_bad=True)
        self._context.bus.publish(reply)
        if approve:
            self._context.notify()
        return await self._notice(request, "draft.approved" if approve else "draft.rejected")

    async def _notice(
        self, request: Request, notice: str, *, status: int = 200, is_bad: bool = False
    ) -> Response:
        if is_htmx(request):
            return self._renderer.response(
                request,
                "_notice.html",
                {"notice": notice, "is_bad": is_bad},
                status=status,
                headers={"X-Tingfeng-Kept": "" if is_bad else "done"},
            )
        if not is_bad:
            return redirect("/drafts")
        return await self._respond(request, notice=notice, status=status)

    async def _respond(
        self, request: Request, *, notice: str | None = None, status: int = 200
    ) -> Response:
        values: dict[str, object] = {"drafts": await self._read()}
        if notice is not None:
            values["notice"] = notice
        return await self.respond(
            request, "drafts.html", values, parts={"drafts": "_draft_items.html"}, status=status
        )

    async def _read(self) -> Sequence[DraftItem]:
        store = self._context.store
        return [
            DraftItem(
                reply=reply,
                about=None if reply.mention is None else await store.mentions.get(reply.mention),
            )
            for reply in await store.outbox.drafts(limit=PAGE)
        ]
