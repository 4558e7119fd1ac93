"""How the parts are: connectors, dead letters, and whose name this browser acts under."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.forms import LONGEST_NAME, clean, read_form, whole
from console.pages.head import go_to, staff_page, wants_part
from console.render import STAFF_COOKIE, YEAR_SECONDS, Renderer

PAGE = 100


class SystemPages:
    """The page for whoever keeps the service running."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy, post = self._desk.policy, ("POST",)
        return [
            Door("/system", self.page, who="staff", policy=policy, menu=MenuEntry(name="system")),
            Door("/system/replay", self.replay, who="staff", policy=policy, methods=post),
            Door("/me", self.rename, who="staff", policy=policy, methods=post),
        ]

    async def page(self, request: Request) -> Response:
        """Connectors and dead letters."""
        return await self._answer(request)

    async def replay(self, request: Request) -> Response:
        """``id``: give this dead letter its five tries again."""
        number = whole(await read_form(request), "id", default=0)
        again = await self._desk.store.events.replay_dead_letter(number or 0)
        self._desk.notify()
        if again and not wants_part(request, "system"):
            return go_to("/system")
        notice = "dead.replayed" if again else "dead.unreadable"
        return await self._answer(request, notice=notice, is_bad=not again)

    async def rename(self, request: Request) -> Response:
        """``name``: what colleagues see beside what this browser does."""
        name = clean((await read_form(request)).get("name", ""))[:LONGEST_NAME]
        answer = go_to("/system")
        answer.set_cookie(
            STAFF_COOKIE, quote(name), max_age=YEAR_SECONDS, httponly=True, samesite="strict"
        )
        return answer

    async def _answer(
        self, request: Request, *, notice: str = "", is_bad: bool = False
    ) -> Response:
        values = {
            "connectors": sorted(self._desk.health(), key=lambda health: health.name),
            "letters": await self._desk.store.events.dead_letters(limit=PAGE),
            "notice": notice,
            "notice_is_bad": is_bad,
        }
        status = 409 if is_bad else 200
        if wants_part(request, "system"):
            return self._renderer.response(request, "_system.html", values, status=status)
        return await staff_page(self._renderer, request, "system.html", values, status=status)
