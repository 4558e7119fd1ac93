"""The JSON API: what the pages show, for scripts on this machine. See docs/reference/console.md."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door
from console.desk import Desk
from console.formatting import json_response
from console.forms import mention_filter, ticket_filter, whole

MOST = 200
DEFAULT = 50


class Api:
    """Reads only; whatever is wrong with a request is answered as ``{"error", "message"}``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def doors(self) -> list[BaseRoute]:
        policy = self._desk.policy
        found = {
            "/api/mentions": self.mentions,
            "/api/mentions/{seq}": self.mention,
            "/api/tickets": self.tickets,
            "/api/tickets/{number}": self.ticket,
            "/api/drafts": self.drafts,
            "/api/alerts": self.alerts,
            "/api/incidents": self.incidents,
            "/api/incidents/{id}": self.incident,
            "/api/drill": self.drill,
            "/api/health": self.health,
            "/api/figures": self.figures,
        }
        return [Door(path, call, who="staff", policy=policy) for path, call in found.items()]

    async def mentions(self, request: Request) -> Response:
        query = request.query_params
        return json_response(
            await self._desk.store.mentions.find(
                mention_filter(query), before=whole(query, "before"), limit=_limit(request)
            )
        )

    async def mention(self, request: Request) -> Response:
        seq = whole(request.path_params, "seq")
        return _one(None if seq is None else await self._desk.store.mentions.get(seq))

    async def tickets(self, request: Request) -> Response:
        query = request.query_params
        return json_response(
            await self._desk.store.tickets.find(
                ticket_filter(query), after=query.get("after") or None, limit=_limit(request)
            )
        )

    async def ticket(self, request: Request) -> Response:
        """The ticket and the lines of its conversation after ``after``."""
        ticket = await self._desk.store.tickets.get(str(request.path_params["number"]))
        if ticket is None:
            return _one(None)
        after = whole(request.query_params, "after", default=0) or 0
        lines = await self._desk.store.conversations.lines(
            ticket.channel, ticket.conversation, after=after, limit=_limit(request)
        )
        return json_response({"ticket": ticket, "lines": lines})

    async def drafts(self, request: Request) -> Response:
        return json_response(
            {"drafts": await self._desk.store.outbox.drafts(limit=_limit(request))}
        )

    async def alerts(self, request: Request) -> Response:
        return json_response(
            {"alerts": await self._desk.store.alerts.recent(limit=_limit(request))}
        )

    async def incidents(self, request: Request) -> Response:
        found = await self._desk.store.incidents.find(limit=_limit(request))
        return json_response({"incidents": found})

    async def incident(self, request: Request) -> Response:
        return _one(await self._desk.store.incidents.get(str(request.path_params["id"])))

    async def drill(self, request: Request) -> Response:
        """The score of an exercise as it stands."""
        return _one(None if self._desk.drill is None else self._desk.drill.score())

    async def health(self, request: Request) -> Response:
        return json_response({"connectors": list(self._desk.health())})

    async def figures(self, request: Request) -> Response:
        return json_response(
            {
                "figures": await self._desk.store.maintenance.figures(self._desk.clock.now()),
                "counts": await self._desk.store.events.counts(),
            }
        )


def _limit(request: Request) -> int:
    asked = whole(request.query_params, "limit", default=DEFAULT) or DEFAULT
    return min(asked, MOST)


def _one(found: object | None) -> Response:
    if found is None:
        return json_response({"error": "not_found", "message": "there is none"}, status=404)
    return json_response(found)
