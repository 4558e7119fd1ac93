"""The first page: what people say now, how it is judged, and what was decided about it."""

from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.forms import mention_filter, read_form, whole
from console.pages.correcting import CATEGORIES, read_correction
from console.pages.head import go_to, query_without, staff_name, staff_page, wants_part
from console.render import Renderer
from core.errors import Conflict
from core.mentions import Correction, MentionRecord

PAGE = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What stands beside the list."""

    handled: MentionRecord
    correction: Correction | None
    notice: str = ""
    is_bad: bool = False

    @property
    def values(self) -> dict[str, object]:
        """For the template of one mention."""
        return {
            "handled": self.handled,
            "correction": self.correction,
            "notice": self.notice,
            "is_bad": self.is_bad,
            "categories": CATEGORIES,
        }


class MentionPages:
    """The list of mentions and one mention beside it."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door("/", self.page, who="staff", policy=policy, menu=MenuEntry(name="mentions")),
            Door("/mentions/{seq}", self.detail, who="staff", policy=policy),
            Door(
                "/mentions/{seq}/correct",
                self.correct,
                who="staff",
                policy=policy,
                methods=("POST",),
            ),
        ]

    async def page(self, request: Request) -> Response:
        """All of it, or only the items that htmx asks for."""
        return await self._answer(request, None)

    async def detail(self, request: Request) -> Response:
        """One mention, alone or beside the list."""
        return await self._show(request, await self._mention(request))

    async def correct(self, request: Request) -> Response:
        """``sentiment``, ``complaint`` (yes or no) and ``category``; empty where it is right."""
        handled, form = await self._mention(request), await read_form(request)
        given = read_correction(
            form, mention=handled.mention.seq, by=staff_name(request), at=self._desk.clock.now()
        )
        if given is None:
            raise HTTPException(400, detail="not_a_form")
        try:
            await self._desk.store.corrections.save(given)
        except Conflict:
            return await self._show(request, handled, notice="correct.gone", status=409)
        if request.headers.get("hx-request") == "true":
            return await self._show(request, handled, notice="correct.done")
        return go_to(f"/mentions/{handled.mention.seq}")

    async def _mention(self, request: Request) -> MentionRecord:
        seq = whole(request.path_params, "seq")
        found = None if seq is None else await self._desk.store.mentions.get(seq)
        if found is None:
            raise HTTPException(404, detail="no_mention")
        return found

    async def _shown(self, handled: MentionRecord) -> Shown:
        """With what staff said of it."""
        correction = await self._desk.store.corrections.get(handled.mention.seq)
        return Shown(handled=handled, correction=correction)

    async def _show(
        self, request: Request, handled: MentionRecord, *, notice: str = "", status: int = 200
    ) -> Response:
        shown = replace(await self._shown(handled), notice=notice, is_bad=status != 200)
        if wants_part(request, "detail"):
            return self._renderer.response(
                request, "_mention_detail.html", shown.values, status=status
            )
        return await self._answer(request, shown, status=status)

    async def _answer(
        self, request: Request, shown: Shown | None, *, status: int = 200
    ) -> Response:
        query = request.query_params
        where = mention_filter(query)
        before = whole(query, "before")
        found = await self._desk.store.mentions.find(where, before=before, limit=PAGE)
        values: dict[str, object] = {
            "items": found.mentions,
            "next": found.next,
            "more_query": query_without(request, "before", "lang"),
            "open_seq": None if shown is None else shown.handled.mention.seq,
        }
        if wants_part(request, "mentions") or wants_part(request, "more"):
            return self._renderer.response(request, "_mention_items.html", values)
        is_preview = shown is None
        if shown is None and found.mentions:
            shown = await self._shown(found.mentions[0])
        values |= {"handled": None} if shown is None else shown.values
        values |= {
            "where": where,
            "is_preview": is_preview,
            "channels": await self._desk.channels.known(),
            "brands": self._desk.brands,
        }
        return await staff_page(self._renderer, request, "mentions.html", values, status=status)
