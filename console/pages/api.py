"""The JSON API for scripts on this machine; see docs/reference/console.md."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import integer, mention_filter, ticket_filter
from console.json_encoding import json_response
from console.pages.base import ConsolePage

MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50


class JsonApi(ConsolePage):
    """Read-only; an invalid request is answered with ``{"error", "message"}``."""

    def routes(self) -> Sequence[BaseRoute]:
        endpoints = {
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
        return [self.route(path, call, who="staff") for path, call in endpoints.items()]

    async def mentions(self, request: Request) -> Response:
        query = request.query_params
        return json_response(
            await self._context.store.mentions.find(
                mention_filter(query), before=integer(query, "before"), limit=_limit(request)
            )
        )

    async def mention(self, request: Request) -> Response:
        seq = integer(request.path_params, "seq")
        return _one(None if seq is None else await self._context.store.mentions.get(seq))

    async def tickets(self, request: Request) -> Response:
        query = request.query_params
        return json_response(
            await self._context.store.tickets.find(
                ticket_filter(query), after=query.get("after") or None, limit=_limit(request)
            )
        )

    async def ticket(self, request: Request) -> Response:
        """The ticket, and the lines of its conversation with seq > ``after``."""
        ticket = await self._context.store.tickets.get(str(request.path_params["number"]))
        if ticket is None:
            return _one(None)
        after = integer(request.query_params, "after", default=0) or 0
        lines = await self._context.store.conversations.lines(
            ticket.channel, ticket.conversation, after=after, limit=_limit(request)
        )
        return json_response({"ticket": ticket, "lines": lines})

    async def drafts(self, request: Request) -> Response:
        return json_response(
            {"drafts": await self._context.store.outbox.drafts(limit=_limit(request))}
        )

    async def alerts(self, request: Request) -> Response:
        return json_response(
            {"alerts": await self._context.store.alerts.recent(limit=_limit(request))}
        )

    async def incidents(self, request: Request) -> Response:
        found = await self._context.store.incidents.find(limit=_limit(request))
        return json_response({"incidents": found})

    async def incident(self, request: Request) -> Response:
        return _one(await self._context.store.incidents.get(str(request.path_params["id"])))

    async def drill(self, request: Request) -> Response:
        """The score of the exercise so far."""
        return _one(None if self._context.drill is None else self._context.drill.score())

    async def health(self, request: Request) -> Response:
        return json_response({"connectors": list(self._context.health())})

    async def figures(self, request: Request) -> Response:
        return json_response(
            {
                "figures": await self._context.store.maintenance.figures(self._context.clock.now()),
                "counts": await self._context.store.events.counts(),
            }
        )


def _limit(request: Request) -> int:
    asked = integer(request.query_params, "limit", default=DEFAULT_LIMIT) or DEFAULT_LIMIT
    return min(asked, MAX_LIMIT)


def _one(found: object | None) -> Response:
    if found is None:
        return json_response({"error": "not_found", "message": "there is none"}, status=404)
    return json_response(found)
