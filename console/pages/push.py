"""Where platforms push events: ``/push/CHANNEL`` and everything under it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from console.access import Door
from console.desk import Desk
from console.forms import read_body
from core.connector import HandlesHttp, PushRequest, ScreensHttp

LONGEST_BODY: Final = 4 * 1024 * 1024


class PushDoors:
    """Hands each request to its connector, which verifies it."""

    def __init__(self, desk: Desk, pushed: Mapping[str, HandlesHttp]) -> None:
        self._policy = desk.policy
        self._pushed = pushed

    def doors(self) -> list[BaseRoute]:
        methods = ("GET", "POST", "PUT")
        return [
            Door(path, self.push, who="public", policy=self._policy, methods=methods)
            for path in ("/push/{channel}", "/push/{channel}/{rest:path}")
        ]

    async def push(self, request: Request) -> Response:
        connector = self._pushed.get(request.path_params["channel"])
        if connector is None:
            raise HTTPException(404, detail="not_found")
        head = PushRequest(
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=b"",
        )
        answer = connector.screen(head) if isinstance(connector, ScreensHttp) else None
        if answer is None:
            body = await read_body(request, LONGEST_BODY)
            answer = await connector.handle_http(replace(head, body=body))
        return Response(
            answer.body, status_code=answer.status, headers={"content-type": answer.content_type}
        )
