"""WeCom's group robots."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from tests.responders.alerting.receivers.rigs.robot_server import MARKDOWN, RobotServer


@dataclass
class WeCom(RobotServer):
    merged: range = range(4, 10)
    forbidden: Sequence[str] = MARKDOWN

    def error(
        self, request: web.Request, parsed: dict[str, object], body: bytes
    ) -> web.Response | None:
        markdown = parsed["markdown"]
        assert isinstance(markdown, dict)
        if len(str(markdown["content"]).encode("utf-8")) > 2048:
            return web.json_response({"errcode": 40058, "errmsg": "content exceed max length"})
        return None

    def busy(self) -> web.Response:
        return web.json_response({"errcode": 45009, "errmsg": "api freq out of limit"})


RIG = WeCom
