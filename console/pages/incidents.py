"""The crisis board, and one incident: what is spreading, how far it will go, and who owns it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door, MenuEntry
from console.curve import curve_of
from console.facts import facts_of
from console.formatting import json_response
from console.forms import LONGEST_REPLY, read_form
from console.pages.figures import negative_share
from console.pages.head import go_to, staff_name, staff_page, wants_part
from console.pages.incident_acts import IncidentActs
from console.render import Renderer
from core.alerts import Alert
from core.errors import Conflict, InputError
from core.incidents import Incident
from core.mentions import MentionFilter
from core.pauses import Pause
from core.tickets import Ticket

MOST_INCIDENTS = 50
MOST_MENTIONS = 2000
MOST_TICKETS = 8
MOST_COUNTED = 200
ALERTS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An incident as the board shows it."""

    incident: Incident
    an_hour: int
    """Posts in the last hour before its newest one, up to MOST_COUNTED."""
    paused: bool
    """True where automatic replies about it are paused."""


class IncidentPages:
    """The board, a page an incident, the numbers of its curve, and what is done there."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._desk = renderer.desk
        self._acts = IncidentActs(renderer.desk)

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        one = "/incidents/{id}"
        return [
            Door(
                "/incidents",
                self.board,
                who="staff",
                policy=policy,
                menu=MenuEntry(name="incidents"),
            ),
            Door(one, self.page, who="staff", policy=policy),
            Door(one, self.act, who="staff", policy=policy, methods=("POST",)),
            Door(f"{one}/curve", self.curve, who="staff", policy=policy),
        ]

    async def board(self, request: Request) -> Response:
        """Open incidents, the gravest and largest first, then those that are over.

        What went into another one is shown there.
        """
        store, now = self._desk.store, self._desk.clock.now()
        found = await store.incidents.find(limit=MOST_INCIDENTS)
        pauses = await self._desk.pauses.all()
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
            "most_counted": MOST_COUNTED,
            "open_rows": [row for row in rows if row.incident.state == "open"],
            "figures": figures,
            "share": negative_share(figures),
        }
        if wants_part(request, "board"):
            return self._renderer.response(request, "_incident_board.html", values)
        return await staff_page(self._renderer, request, "incidents.html", values)

    async def page(self, request: Request) -> Response:
        """All that is known of one."""
        return await self._show(request, await self._incident(request))

    async def act(self, request: Request) -> Response:
        """``do``: see IncidentActs; then the page as it is now."""
        incident, form = await self._incident(request), await read_form(request)
        try:
            notice = await self._acts.do(incident, form, by=staff_name(request))
        except Conflict:
            fresh = await self._incident(request)
            return await self._show(request, fresh, notice="incident.conflict", status=409)
        except InputError as error:
            return await self._show(request, incident, notice=str(error), status=422)
        if wants_part(request, "incident"):
            fresh = await self._incident(request)
            return await self._show(request, fresh, notice=notice, kept="done")
        return go_to(f"/incidents/{incident.id}")

    async def curve(self, request: Request) -> Response:
        """JSON: see console.curve.Curve."""
        incident = await self._incident(request)
        handled = await self._desk.store.incidents.mentions(incident.id, limit=MOST_MENTIONS)
        played = self._desk.drill is not None  # posts of an exercise are not of today's clock
        now = incident.last_at if played else self._desk.clock.now()
        return json_response(curve_of(incident, handled, now))

    async def _show(
        self,
        request: Request,
        incident: Incident,
        *,
        notice: str = "",
        status: int = 200,
        kept: str = "",
    ) -> Response:
        store = self._desk.store
        handled = await store.incidents.mentions(incident.id, limit=MOST_MENTIONS)
        facts = await asyncio.to_thread(facts_of, handled)
        pauses = await self._desk.pauses.all()
        now = self._desk.clock.now()
        mutes = await store.alerts.mutes()
        values = {
            "incident": incident,
            "facts": facts,
            "row": await self._row(incident, pauses),
            "tickets": await self._tickets(facts.tickets),
            "more_tickets": max(0, len(facts.tickets) - MOST_TICKETS),
            "alerts": await self._alerts(incident),
            "others": [
                other
                for other in await store.incidents.find(state="open", limit=MOST_INCIDENTS)
                if other.id != incident.id
            ],
            "can_regroup": self._desk.regroups is not None,
            "silenced": next(
                (one for one in mutes if one.incident == incident.id and one.until > now), None
            ),
            "age": (now if incident.state == "open" else incident.last_at) - incident.first_at,
            "quiet": now - incident.last_at > timedelta(hours=1),
            "longest": LONGEST_REPLY,
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
        return await staff_page(self._renderer, request, "incident.html", values, status=status)

    async def _row(self, incident: Incident, pauses: Sequence[Pause]) -> Row:
        speed = 0
        if incident.state == "open":
            since = incident.last_at - timedelta(hours=1)
            where = MentionFilter(incident=incident.id, since=since)
            speed = len((await self._desk.store.mentions.find(where, limit=MOST_COUNTED)).mentions)
        return Row(incident=incident, an_hour=speed, paused=is_paused(incident, pauses))

    async def _incident(self, request: Request) -> Incident:
        found = await self._desk.store.incidents.get(str(request.path_params["id"]))
        if found is None:
            raise HTTPException(404, detail="no_incident")
        return found

    async def _tickets(self, numbers: Sequence[str]) -> list[Ticket]:
        found = [await self._desk.store.tickets.get(number) for number in numbers[:MOST_TICKETS]]
        return [ticket for ticket in found if ticket is not None]

    async def _alerts(self, incident: Incident) -> list[Alert]:
        found = await self._desk.store.alerts.recent(limit=ALERTS)
        return [alert for alert in found if alert.incident == incident.id]


def is_paused(incident: Incident, pauses: Sequence[Pause]) -> bool:
    """True where a pause holds automatic replies about it."""
    topics = {incident.category, f"{incident.brand}/{incident.category}"}
    return any(
        pause.scope == "all"
        or (pause.scope == "brand" and pause.value == incident.brand)
        or (pause.scope == "category" and pause.value in topics)
        or (pause.scope == "incident" and pause.value == incident.id)
        for pause in pauses
    )
