"""The inbox: mentions as they come in, their judgement and decision, and corrections by staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import integer, mention_filter, read_form
from console.pages.base import (
    ConsolePage,
    is_htmx,
    query_without,
    redirect,
    staff_name,
    wants_part,
)
from console.render import MenuItem
from core.errors import Conflict
from core.model.mentions import Correction, MentionRecord
from core.taxonomy import CATEGORIES, INTENTS, Sentiment

PAGE: Final = 40
_COMPLAINT: Final = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionDetail:
    """The mention beside the list."""

    record: MentionRecord
    correction: Correction | None
    notice: str = ""
    is_bad: bool = False

    @property
    def values(self) -> dict[str, object]:
        """Values of ``_mention_detail.html``."""
        return {
            "record": self.record,
            "correction": self.correction,
            "notice": self.notice,
            "is_bad": self.is_bad,
            "categories": CATEGORIES,
            "intents": INTENTS,
        }


class MentionPages(ConsolePage):
    """The list of mentions, and one mention beside it."""

    menu = MenuItem(name="mentions", path="/")

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self.route("/", self.page, who="staff"),
            self.route("/mentions/{seq}", self.detail, who="staff"),
            self.route("/mentions/{seq}/correct", self.correct, who="staff", methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """The list, or the items that htmx asks for."""
        return await self._list(request, None)

    async def detail(self, request: Request) -> Response:
        """One mention, alone or beside the list."""
        return await self._show(request, await self._record(request))

    async def correct(self, request: Request) -> Response:
        """Form: ``sentiment``, ``complaint`` (yes or no), ``category``; empty keeps the judge's."""
        record, form = await self._record(request), await read_form(request)
        correction = read_correction(
            form, mention=record.mention.seq, by=staff_name(request), at=self._context.clock.now()
        )
        if correction is None:
            raise HTTPException(400, detail="not_a_form")
        try:
            await self._context.store.corrections.save(correction)
        except Conflict:
            return await self._show(request, record, notice="correct.gone", status=409)
        if is_htmx(request):
            return await self._show(request, record, notice="correct.done")
        return redirect(f"/mentions/{record.mention.seq}")

    async def _record(self, request: Request) -> MentionRecord:
        seq = integer(request.path_params, "seq")
        found = None if seq is None else await self._context.store.mentions.get(seq)
        if found is None:
            raise HTTPException(404, detail="no_mention")
        return found

    async def _detail(self, record: MentionRecord) -> MentionDetail:
        correction = await self._context.store.corrections.get(record.mention.seq)
        return MentionDetail(record=record, correction=correction)

    async def _show(
        self, request: Request, record: MentionRecord, *, notice: str = "", status: int = 200
    ) -> Response:
        detail = replace(await self._detail(record), notice=notice, is_bad=status != 200)
        if wants_part(request, "detail"):
            return self._renderer.response(
                request, "_mention_detail.html", detail.values, status=status
            )
        return await self._list(request, detail, status=status)

    async def _list(
        self, request: Request, detail: MentionDetail | None, *, status: int = 200
    ) -> Response:
        query = request.query_params
        where = mention_filter(query)
        before = integer(query, "before")
        found = await self._context.store.mentions.find(where, before=before, limit=PAGE)
        values: dict[str, object] = {
            "items": found.mentions,
            "next": found.next,
            "more_query": query_without(request, "before", "lang"),
            "open_seq": None if detail is None else detail.record.mention.seq,
        }
        if wants_part(request, "mentions") or wants_part(request, "more"):
            return self._renderer.response(request, "_mention_items.html", values)
        is_preview = detail is None
        if detail is None and found.mentions:
            detail = await self._detail(found.mentions[0])
        values |= {"record": None} if detail is None else detail.values
        values |= {
            "where": where,
            "is_preview": is_preview,
            "channels": await self._context.channels.names(),
            "brands": self._context.brands,
        }
        return await self.respond(request, "mentions.html", values, status=status)


def read_correction(
    form: Mapping[str, str], *, mention: int, by: str, at: datetime
) -> Correction | None:
    """The correction that a form holds; ``None`` where a field has an unknown value."""
    sentiment, complaint = form.get("sentiment", ""), form.get("complaint", "")
    category, intent = form.get("category", ""), form.get("intent", "")
    if sentiment and sentiment not in get_args(Sentiment):
        return None
    if complaint not in _COMPLAINT:
        return None
    if (category and category not in CATEGORIES) or (intent and intent not in INTENTS):
        return None
    return Correction(
        mention=mention,
        sentiment=next((one for one in get_args(Sentiment) if one == sentiment), None),
        complaint=_COMPLAINT[complaint],
        category=category or None,
        intent=intent or None,
        by=by,
        at=at,
    )
