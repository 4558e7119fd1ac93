"""Feishu's custom bots."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from tests.responders.alerting.receivers.rigs.robot_server import RobotServer, signature


@dataclass
class Feishu(RobotServer):
    max_messages: int = 100
    signs: bool = True
    forbidden: Sequence[str] = ('"tag": "at"',)
    required: Sequence[str] = ('"msg_type": "post"',)

    def error(
        self, request: web.Request, parsed: dict[str, object], body: bytes
    ) -> web.Response | None:
        timestamp = str(parsed.get("timestamp", "0"))
        late = abs(self.clock.now().timestamp() - int(timestamp)) > 3600
        expected = signature(f"{timestamp}\n{self.secret}".encode(), b"")
        if late or parsed.get("sign") != expected:
            return web.json_response({"code": 19021, "msg": "sign match fail"})
        if len(body) > 20_000:
            return web.json_response({"code": 9499, "msg": "too large"})
        return None

    def accept(self) -> web.Response:
        return web.json_response({"code": 0, "msg": "success", "data": {}})

    def busy(self) -> web.Response:
        return web.json_response({"code": 11232, "msg": "frequency limited"})


RIG = Feishu
