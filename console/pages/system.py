"""The state of connectors, dead letters, and the name under which a browser acts."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import MAX_NAME, clean, integer, read_form
from console.pages.base import ConsolePage, redirect, wants_part
from console.render import STAFF_COOKIE, YEAR_SECONDS, MenuItem

PAGE: Final = 100


class SystemPages(ConsolePage):
    """The page for operators."""

    menu = MenuItem(name="system", path="/system")

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self.route("/system", self.page, who="staff"),
            self.route("/system/replay", self.replay, who="staff", methods=("POST",)),
            self.route("/me", self.rename, who="staff", methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        return await self._respond(request)

    async def replay(self, request: Request) -> Response:
        """Form: ``id`` of a dead letter that is to be processed again."""
        number = integer(await read_form(request), "id", default=0)
        replayed = await self._context.store.events.replay_dead_letter(number or 0)
        self._context.notify()
        if replayed and not wants_part(request, "system"):
            return redirect("/system")
        notice = "dead.replayed" if replayed else "dead.unreadable"
        return await self._respond(request, notice=notice, is_bad=not replayed)

    async def rename(self, request: Request) -> Response:
        """Form: ``name``, shown to colleagues beside what this browser does."""
        name = clean((await read_form(request)).get("name", ""))[:MAX_NAME]
        response = redirect("/system")
        response.set_cookie(
            STAFF_COOKIE, quote(name), max_age=YEAR_SECONDS, httponly=True, samesite="strict"
        )
        return response

    async def _respond(
        self, request: Request, *, notice: str = "", is_bad: bool = False
    ) -> Response:
        values = {
            "connectors": sorted(self._context.health(), key=lambda health: health.name),
            "letters": await self._context.store.events.dead_letters(limit=PAGE),
            "notice": notice,
            "notice_is_bad": is_bad,
        }
        status = 409 if is_bad else 200
        return await self.respond(
            request, "system.html", values, parts={"system": "_system.html"}, status=status
        )
