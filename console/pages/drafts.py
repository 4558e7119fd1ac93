"""Drafts: replies that a person approves, rewrites or rejects before anybody sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.forms import LONGEST_REPLY, clean, read_form
from console.pages.head import go_to, staff_name, staff_page, wants_part
from console.render import Renderer
from core.errors import Conflict
from core.mentions import MentionRecord
from core.outbox import Reply

PAGE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A draft with what it answers."""

    reply: Reply
    about: MentionRecord | None


class DraftPages:
    """The list of drafts and what is done with one."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door(
                "/drafts",
                self.page,
                who="staff",
                policy=policy,
                menu=MenuEntry(name="drafts", count="drafts"),
            ),
            Door("/drafts", self.settle, who="staff", policy=policy, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """The newest drafts, each with its mention."""
        values = {"drafts": await self._read(), "longest_reply": LONGEST_REPLY}
        if wants_part(request, "drafts"):
            return self._renderer.response(request, "_draft_items.html", values)
        return await staff_page(self._renderer, request, "drafts.html", values)

    async def settle(self, request: Request) -> Response:
        """``key``, ``text``, and ``do``: approve or reject."""
        form = await read_form(request)
        do, text = form.get("do", ""), clean(form.get("text", ""))
        if do not in {"approve", "reject"}:
            raise HTTPException(400, detail="not_a_form")
        approve = do == "approve"
        if approve and not 1 <= len(text) <= LONGEST_REPLY:
            notice = "reply.too_long" if text else "reply.empty"
            return await self._notice(request, notice, status=422, is_bad=True)
        try:
            reply = await self._desk.store.outbox.settle_draft(
                form.get("key", ""), by=staff_name(request), approve=approve, text=text
            )
        except Conflict:
            return await self._notice(request, "draft.settled", status=409, is_bad=True)
        self._desk.bus.publish(reply)
        if approve:
            self._desk.notify()
        return await self._notice(request, "draft.approved" if approve else "draft.rejected")

    async def _notice(
        self, request: Request, notice: str, *, status: int = 200, is_bad: bool = False
    ) -> Response:
        if request.headers.get("hx-request") == "true":
            return self._renderer.response(
                request,
                "_notice.html",
                {"notice": notice, "is_bad": is_bad},
                status=status,
                headers={"X-Tingfeng-Kept": "" if is_bad else "done"},
            )
        if not is_bad:
            return go_to("/drafts")
        values = {
            "drafts": await self._read(),
            "longest_reply": LONGEST_REPLY,
            "notice": notice,
        }
        return await staff_page(self._renderer, request, "drafts.html", values, status=status)

    async def _read(self) -> Sequence[Waiting]:
        store = self._desk.store
        return [
            Waiting(
                reply=reply,
                about=None if reply.mention is None else await store.mentions.get(reply.mention),
            )
            for reply in await store.outbox.drafts(limit=PAGE)
        ]
