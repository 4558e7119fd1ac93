"""The crisis board, and one incident with its growth, its authors and what staff do about it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import MAX_REPLY, read_form
from console.json_encoding import json_response
from console.live import LiveHub
from console.pages.base import ConsolePage, redirect, staff_name, wants_part
from console.pages.figures import negative_share
from console.pages.incidents.actions import IncidentActions
from console.pages.incidents.curve import growth_curve
from console.pages.incidents.overview import overview_of
from console.render import MenuItem, Renderer
from core.errors import Conflict, InputError
from core.model.alerts import Alert
from core.model.incidents import Incident
from core.model.mentions import MentionFilter
from core.model.pauses import Pause
from core.model.tickets import Ticket

MAX_INCIDENTS: Final = 50
MAX_MENTIONS: Final = 2000
MAX_TICKETS: Final = 8
MAX_COUNTED: Final = 200
MAX_ALERTS: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentRow:
    """An incident as the board shows it."""

    incident: Incident
    an_hour: int
    """Posts in the hour up to its newest one, at most MAX_COUNTED."""
    paused: bool
    """True where automatic replies about it are paused."""


class IncidentPages(ConsolePage):
    """The board, a page an incident, the data of its curve, and its actions."""

    menu = MenuItem(name="incidents", path="/incidents")

    def __init__(self, renderer: Renderer, live: LiveHub) -> None:
        super().__init__(renderer, live)
        self._actions = IncidentActions(self._context)

    def routes(self) -> Sequence[BaseRoute]:
        one = "/incidents/{id}"
        return [
            self.route("/incidents", self.board, who="staff"),
            self.route(one, self.page, who="staff"),
            self.route(one, self.act, who="staff", methods=("POST",)),
            self.route(f"{one}/curve", self.curve, who="staff"),
        ]

    async def board(self, request: Request) -> Response:
        """Open incidents, the most severe and largest first, then resolved ones.

        Incidents that were merged into another are left out.
        """
        store, now = self._context.store, self._context.clock.now()
        found = await store.incidents.find(limit=MAX_INCIDENTS)
        pauses = await self._context.pauses.all()
        rows = [await self._row(one, pauses) for one in found if one.merged_into is None]
        rows.sort(
            key=lambda row: (
                row.incident.state != "open",
                row.incident.severity,
                -row.incident.mentions,
            )
        )
        figures = await store.maintenance.figures(now)
        values = {
            "rows": rows,
            "most_counted": MAX_COUNTED,
            "open_rows": [row for row in rows if row.incident.state == "open"],
            "figures": figures,
            "share": negative_share(figures),
        }
        return await self.respond(
            request, "incidents.html", values, parts={"board": "_incident_board.html"}
        )

    async def page(self, request: Request) -> Response:
        return await self._show(request, await self._incident(request))

    async def act(self, request: Request) -> Response:
        """Form: ``do``, as in IncidentActions."""
        incident, form = await self._incident(request), await read_form(request)
        try:
            notice = await self._actions.do(incident, form, by=staff_name(request))
        except Conflict:
            fresh = await self._incident(request)
            return await self._show(request, fresh, notice="incident.conflict", status=409)
        except InputError as error:
            return await self._show(request, incident, notice=str(error), status=422)
        if wants_part(request, "incident"):
            fresh = await self._incident(request)
            return await self._show(request, fresh, notice=notice, kept="done")
        return redirect(f"/incidents/{incident.id}")

    async def curve(self, request: Request) -> Response:
        """A GrowthCurve as JSON."""
        incident = await self._incident(request)
        records = await self._context.store.incidents.mentions(incident.id, limit=MAX_MENTIONS)
        is_drill = self._context.drill is not None  # whose posts may be dated long ago
        now = incident.last_at if is_drill else self._context.clock.now()
        return json_response(growth_curve(incident, records, now))

    async def _show(
        self,
        request: Request,
        incident: Incident,
        *,
        notice: str = "",
        status: int = 200,
        kept: str = "",
    ) -> Response:
        store = self._context.store
        records = await store.incidents.mentions(incident.id, limit=MAX_MENTIONS)
        overview = await asyncio.to_thread(overview_of, records)
        pauses = await self._context.pauses.all()
        now = self._context.clock.now()
        mutes = await store.alerts.mutes()
        values = {
            "incident": incident,
            "overview": overview,
            "row": await self._row(incident, pauses),
            "tickets": await self._tickets(overview.tickets),
            "more_tickets": max(0, len(overview.tickets) - MAX_TICKETS),
            "alerts": await self._alerts(incident),
            "others": [
                other
                for other in await store.incidents.find(state="open", limit=MAX_INCIDENTS)
                if other.id != incident.id
            ],
            "can_regroup": self._context.regroups is not None,
            "mute": next(
                (one for one in mutes if one.incident == incident.id and one.until > now), None
            ),
            "longest": MAX_REPLY,
            "notice": notice,
            "notice_is_bad": status != 200,
        }
        if wants_part(request, "incident"):
            return self._renderer.response(
                request,
                "_incident.html",
                {**values, "me": staff_name(request)},
                status=status,
                headers={"X-Tingfeng-Kept": kept},
            )
        return await self.respond(request, "incident.html", values, status=status)

    async def _row(self, incident: Incident, pauses: Sequence[Pause]) -> IncidentRow:
        an_hour = 0
        if incident.state == "open":
            since = incident.last_at - timedelta(hours=1)
            where = MentionFilter(incident=incident.id, since=since)
            page = await self._context.store.mentions.find(where, limit=MAX_COUNTED)
            an_hour = len(page.mentions)
        return IncidentRow(incident=incident, an_hour=an_hour, paused=is_paused(incident, pauses))

    async def _incident(self, request: Request) -> Incident:
        found = await self._context.store.incidents.get(str(request.path_params["id"]))
        if found is None:
            raise HTTPException(404, detail="no_incident")
        return found

    async def _tickets(self, numbers: Sequence[str]) -> list[Ticket]:
        found = [await self._context.store.tickets.get(number) for number in numbers[:MAX_TICKETS]]
        return [ticket for ticket in found if ticket is not None]

    async def _alerts(self, incident: Incident) -> list[Alert]:
        found = await self._context.store.alerts.recent(limit=MAX_ALERTS)
        return [alert for alert in found if alert.incident == incident.id]


def is_paused(incident: Incident, pauses: Sequence[Pause]) -> bool:
    """True where a pause covers automatic replies about the incident."""
    topics = {incident.category, f"{incident.brand}/{incident.category}"}
    return any(
        pause.scope == "all"
        or (pause.scope == "brand" and pause.value == incident.brand)
        or (pause.scope == "category" and pause.value in topics)
        or (pause.scope == "incident" and pause.value == incident.id)
        for pause in pauses
    )
