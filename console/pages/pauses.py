"""Pauses of automatic replies, and silences of alerts: what holds, laying it down, lifting it."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.forms import clean, read_form
from console.live import LiveHub
from console.pages.head import go_to, staff_name, staff_page, wants_part
from console.pages.incident_acts import SILENT_HOURS
from console.render import Renderer
from core import taxonomy
from core.alerts import Mute
from core.errors import InputError
from core.pauses import Pause, PauseScope

LONGEST: Final = 200
CATEGORIES: Final = tuple(name for name in taxonomy.CATEGORIES if name != "other")
"""Topics that can be chosen, as the judge names them."""


class PausePages:
    """One page with both."""

    def __init__(self, renderer: Renderer, live: LiveHub) -> None:
        self._renderer = renderer
        self._live = live
        self._desk = renderer.desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        return [
            Door("/pauses", self.page, who="staff", policy=policy, menu=MenuEntry(name="pauses")),
            Door("/pauses", self.act, who="staff", policy=policy, methods=("POST",)),
        ]

    async def page(self, request: Request) -> Response:
        """What holds now."""
        return await self._answer(request)

    async def act(self, request: Request) -> Response:
        """``do``: freeze, lift, silence or unsilence."""
        form, me = await read_form(request), staff_name(request)
        try:
            match form.get("do"):
                case "freeze":
                    await self._desk.pauses.save(self._freeze(form, me))
                case "lift":
                    await self._desk.pauses.lift(form.get("id", ""), by=me)
                case "silence":
                    await self._desk.store.alerts.mute(self._silence(form, me))
                case "unsilence":
                    await self._desk.store.alerts.unmute(form.get("id", ""), by=me)
                case _:
                    raise HTTPException(400, detail="not_a_form")
        except InputError as error:
            return await self._answer(request, notice=str(error), is_bad=True)
        self._live.poke("pauses")
        if wants_part(request, "pauses"):
            return await self._answer(request, notice="pause.done")
        return go_to("/pauses")

    def _freeze(self, form: Mapping[str, str], me: str) -> Pause:
        scope, value = _scope(form.get("scope", "")), clean(form.get("value", ""))[:LONGEST]
        if scope == "all":
            value = ""
        elif not value:
            raise InputError("pause.what")
        return Pause(
            id=f"{scope}:{value}" if value else scope,
            scope=scope,
            value=value,
            reason=clean(form.get("reason", ""))[:LONGEST],
            by=me,
            at=self._desk.clock.now(),
        )

    def _silence(self, form: Mapping[str, str], me: str) -> Mute:
        found = {
            name: clean(form.get(name, ""))[:LONGEST] or None
            for name in ("brand", "channel", "category", "kind")
        }
        hours = next((n for n in SILENT_HOURS if str(n) == form.get("hours")), None)
        if hours is None:
            raise InputError("pause.what")
        return Mute(
            id=secrets.token_hex(6),
            until=self._desk.clock.now() + timedelta(hours=hours),
            reason=clean(form.get("reason", ""))[:LONGEST],
            by=me,
            **found,
        )

    async def _answer(
        self, request: Request, *, notice: str = "", is_bad: bool = False
    ) -> Response:
        now = self._desk.clock.now()
        mutes = await self._desk.store.alerts.mutes()
        values = {
            "freezes": await self._desk.pauses.all(),
            "silences": [one for one in mutes if one.until > now],
            "channels": await self._desk.channels.known(),
            "brands": self._desk.brands,
            "hours": SILENT_HOURS,
            "categories": CATEGORIES,
            "notice": notice,
            "notice_is_bad": is_bad,
        }
        status = 422 if is_bad else 200
        if wants_part(request, "pauses"):
            return self._renderer.response(request, "_pauses.html", values, status=status)
        return await staff_page(self._renderer, request, "pauses.html", values, status=status)


def _scope(name: str) -> PauseScope:
    scopes: tuple[PauseScope, ...] = get_args(PauseScope)
    found = next((scope for scope in scopes if scope == name), None)
    if found is None:
        raise InputError("pause.what")
    return found
