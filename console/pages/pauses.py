"""Pauses of automatic replies, and mutes of alerts."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import clean, read_form
from console.pages.base import ConsolePage, redirect, staff_name, wants_part
from console.pages.incidents.actions import MUTE_HOURS
from console.render import MenuItem
from core.errors import InputError
from core.model.alerts import Mute
from core.model.pauses import Pause, PauseScope
from core.taxonomy import CATEGORIES

MAX_FIELD: Final = 200


class PausePages(ConsolePage):
    """One page with both."""

    menu = MenuItem(name="pauses", path="/pauses")

    def routes(self) -> Sequence[BaseRoute]:
        return [
            self.route("/pauses", self.page, who="staff"),
            self.route("/pauses", self.act, who="staff", methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        return await self._respond(request)

    async def act(self, request: Request) -> Response:
        """Form: ``do`` (pause, lift, silence or unsilence), and the fields of each."""
        form, me = await read_form(request), staff_name(request)
        try:
            match form.get("do"):
                case "pause" | "freeze":  # the second is the name in version 0.1, for scripts
                    await self._context.pauses.save(self._pause(form, me))
                case "lift":
                    await self._context.pauses.lift(form.get("id", ""), by=me)
                case "silence":
                    await self._context.store.alerts.mute(self._mute(form, me))
                case "unsilence":
                    await self._context.store.alerts.unmute(form.get("id", ""), by=me)
                case _:
                    raise HTTPException(400, detail="not_a_form")
        except InputError as error:
            return await self._respond(request, notice=str(error), is_bad=True)
        self._live.touch("pauses")
        if wants_part(request, "pauses"):
            return await self._respond(request, notice="pause.done")
        return redirect("/pauses")

    def _pause(self, form: Mapping[str, str], me: str) -> Pause:
        """Read a pause; raises InputError with the name of a message."""
        scope, value = _scope(form.get("scope", "")), clean(form.get("value", ""))[:MAX_FIELD]
        if scope == "all":
            value = ""
        elif not value:
            raise InputError("pause.what")
        return Pause(
            id=f"{scope}:{value}" if value else scope,
            scope=scope,
            value=value,
            reason=clean(form.get("reason", ""))[:MAX_FIELD],
            by=me,
            at=self._context.clock.now(),
        )

    def _mute(self, form: Mapping[str, str], me: str) -> Mute:
        """Read a mute; raises InputError with the name of a message."""
        found = {
            name: clean(form.get(name, ""))[:MAX_FIELD] or None
            for name in ("brand", "channel", "category", "kind")
        }
        hours = next((n for n in MUTE_HOURS if str(n) == form.get("hours")), None)
        if hours is None:
            raise InputError("pause.what")
        return Mute(
            id=secrets.token_hex(6),
            until=self._context.clock.now() + timedelta(hours=hours),
            reason=clean(form.get("reason", ""))[:MAX_FIELD],
            by=me,
            **found,
        )

    async def _respond(
        self, request: Request, *, notice: str = "", is_bad: bool = False
    ) -> Response:
        now = self._context.clock.now()
        mutes = await self._context.store.alerts.mutes()
        values = {
            "pauses": await self._context.pauses.all(),
            "mutes": [one for one in mutes if one.until > now],
            "channels": await self._context.channels.names(),
            "brands": self._context.brands,
            "hours": MUTE_HOURS,
            "categories": [name for name in CATEGORIES if name != "other"],
            "notice": notice,
            "notice_is_bad": is_bad,
        }
        status = 422 if is_bad else 200
        return await self.respond(
            request, "pauses.html", values, parts={"pauses": "_pauses.html"}, status=status
        )


def _scope(name: str) -> PauseScope:
    scopes: tuple[PauseScope, ...] = get_args(PauseScope)
    found = next((scope for scope in scopes if scope == name), None)
    if found is None:
        raise InputError("pause.what")
    return found
