"""DingTalk's custom robots."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from tests.responders.alerting.receivers.rigs.robot_server import (
    MARKDOWN,
    TOKEN,
    RobotServer,
    signature,
)


@dataclass
class DingTalk(RobotServer):
    signs: bool = True
    forbidden: Sequence[str] = MARKDOWN

    def error(
        self, request: web.Request, parsed: dict[str, object], body: bytes
    ) -> web.Response | None:
        timestamp = request.query.get("timestamp", "0")
        late = abs(self.clock.now().timestamp() * 1000 - int(timestamp)) > 3_600_000
        expected = signature(self.secret.encode(), f"{timestamp}\n{self.secret}".encode())
        if late or request.query.get("sign") != expected:
            return web.json_response({"errcode": 310000, "errmsg": "sign not match"})
        if request.query.get("access_token") != TOKEN or len(body) > 20_000:
            return web.json_response({"errcode": 300001, "errmsg": "token is not exist"})
        return None

    def busy(self) -> web.Response:
        return web.json_response({"errcode": 130101, "errmsg": "send too fast"})


RIG = DingTalk
