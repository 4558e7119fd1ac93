"""The first page: what people say now, how it is judged, and what was decided about it."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door
from console.forms import mention_filter, whole
from console.pages.head import query_without, staff_page, wants_part
from console.render import Renderer
from core.queries import Handled

PAGE = 40


class MentionPages:
    """The list of mentions and one mention beside it."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door("/", self.page, who="staff", policy=policy),
            Door("/mentions/{seq}", self.detail, who="staff", policy=policy),
        ]

    async def page(self, request: Request) -> Response:
        """All of it, or only the items that htmx asks for."""
        return await self._answer(request, None)

    async def detail(self, request: Request) -> Response:
        """One mention, alone or beside the list."""
        seq = whole(request.path_params, "seq")
        found = None if seq is None else await self._desk.store.mention(seq)
        if found is None:
            raise HTTPException(404, detail="no_mention")
        if wants_part(request, "detail"):
            return self._renderer.response(request, "_mention_detail.html", {"handled": found})
        return await self._answer(request, found)

    async def _answer(self, request: Request, handled: Handled | None) -> Response:
        query = request.query_params
        where = mention_filter(query)
        before = whole(query, "before")
        found = await self._desk.store.mentions(where, before=before, limit=PAGE)
        values: dict[str, object] = {
            "items": found.mentions,
            "next": found.next,
            "more_query": query_without(request, "before", "lang"),
            "open_seq": None if handled is None else handled.mention.seq,
        }
        if wants_part(request, "mentions") or wants_part(request, "more"):
            return self._renderer.response(request, "_mention_items.html", values)
        values |= {
            "where": where,
            "handled": handled or (found.mentions[0] if found.mentions else None),
            "is_preview": handled is None,
            "channels": await self._desk.channels.known(),
            "brands": self._desk.brands,
        }
        return await staff_page(self._renderer, request, "mentions.html", values)
