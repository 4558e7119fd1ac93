"""Slack's incoming webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from core.errors import Refused, Unavailable
from tests.responders.alerting.receivers.rigs.robot_server import Errors, RobotServer


@dataclass
class Slack(RobotServer):
    max_messages: int = 1
    per_seconds: float = 1.0
    forbidden: Sequence[str] = ("<!channel>",)
    required: Sequence[str] = ("&lt;!channel&gt;", '"mrkdwn": false')
    errors: Errors = ((b"no_service", Refused), (b"", Refused), (b"rollup_error", Unavailable))

    def error(
        self, request: web.Request, parsed: dict[str, object], body: bytes
    ) -> web.Response | None:
        return None if parsed.get("text") else web.Response(status=400, text="no_text")

    def accept(self) -> web.Response:
        return web.Response(text="ok")

    def busy(self) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "30"})


RIG = Slack
