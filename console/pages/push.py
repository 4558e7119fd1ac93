"""``/push/CHANNEL``: requests from platforms, handed to their connector."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.forms import read_body
from console.pages.base import ConsolePage
from core.connector import PushRequest, ScreensHttp

MAX_BODY: Final = 4 * 1024 * 1024


class PushEndpoint(ConsolePage):
    """Passes each request to its connector, which verifies it."""

    def routes(self) -> Sequence[BaseRoute]:
        methods = ("GET", "POST", "PUT")
        return [
            self.route(path, self.push, who="public", methods=methods)
            for path in ("/push/{channel}", "/push/{channel}/{rest:path}")
        ]

    async def push(self, request: Request) -> Response:
        connector = self._context.pushed.get(request.path_params["channel"])
        if connector is None:
            raise HTTPException(404, detail="not_found")
        head = PushRequest(
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=b"",
        )
        response = connector.screen(head) if isinstance(connector, ScreensHttp) else None
        if response is None:
            body = await read_body(request, MAX_BODY)
            response = await connector.handle_http(replace(head, body=body))
        return Response(
            response.body,
            status_code=response.status,
            headers={"content-type": response.content_type},
        )
