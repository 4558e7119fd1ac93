"""Chat platforms on the loopback: each checks signature, size and rate itself, as it would."""

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from core.clock import Clock
from core.errors import ConnectorError, Refused, Unavailable

SECRET = "a robot's secret"
MARKDOWN = ("[点我]", "<at", "**粗", "# 标题", "@所有人", "![", "`x`")
"""What a post of a stranger may not become where a platform reads Markdown."""
Verdicts = Sequence[tuple[bytes, type[ConnectorError]]]


@dataclass
class Platform(ABC):
    """What all have in common: a ledger of what was taken, and failures on demand."""

    clock: Clock
    url: str = ""
    taken: list[dict[str, object]] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    """Given in turn instead of looking at the request."""
    times: list[float] = field(default_factory=list)
    most: int = 20
    seconds: float = 60.0
    signs: bool = False
    """Refuses messages that are not signed with SECRET."""
    merged: range = range(1, 2)
    """How many messages fifty long alerts may become."""
    forbidden: Sequence[str] = ()
    """Parts of a message that would mean something to the platform."""
    required: Sequence[str] = ()
    """Parts of every message."""
    verdicts: Verdicts = (
        (b'{"errcode": 310000, "code": 19021, "errmsg": "sign not match"}', Refused),
        (b'{"errcode": "0", "code": "0"}', Refused),
        (b'{"errcode": false, "code": false}', Refused),
        (b"<html>captive portal</html>", Unavailable),
        (b"[]", Unavailable),
        (b"", Unavailable),
    )
    """Bodies of an answer 200 that took nothing, and what they mean."""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.answers:
            return self.answers.pop(0)
        now = self.clock.monotonic()
        self.times = [at for at in self.times if now - at < self.seconds]
        if len(self.times) >= self.most:
            return self.busy()
        self.times.append(now)
        said: dict[str, object] = json.loads(body.decode("utf-8"))
        wrong = self.refuse(request, said, body)
        if wrong is not None:
            return wrong
        self.taken.append(said)
        return self.accept()

    @abstractmethod
    def refuse(
        self, request: web.Request, said: dict[str, object], body: bytes
    ) -> web.Response | None:
        """The platform's answer to what it does not take; ``None`` where it takes it."""

    def accept(self) -> web.Response:
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    @abstractmethod
    def busy(self) -> web.Response:
        """The platform's answer to more than it takes at a time."""

    def seen(self) -> str:
        """The text of all that was taken."""
        return json.dumps(self.taken, ensure_ascii=False)


def _signed(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


@dataclass
class Feishu(Platform):
    most: int = 100
    signs: bool = True
    forbidden: Sequence[str] = ('"tag": "at"',)
    required: Sequence[str] = ('"msg_type": "post"',)

    def refuse(
        self, request: web.Request, said: dict[str, object], body: bytes
    ) -> web.Response | None:
        timestamp = str(said.get("timestamp", "0"))
        late = abs(self.clock.now().timestamp() - int(timestamp)) > 3600
        if late or said.get("sign") != _signed(f"{timestamp}\n{SECRET}".encode(), b""):
            return web.json_response({"code": 19021, "msg": "sign match fail"})
        if len(body) > 20_000:
            return web.json_response({"code": 9499, "msg": "too large"})
        return None

    def accept(self) -> web.Response:
        return web.json_response({"code": 0, "msg": "success", "data": {}})

    def busy(self) -> web.Response:
        return web.json_response({"code": 11232, "msg": "frequency limited"})


@dataclass
class DingTalk(Platform):
    signs: bool = True
    forbidden: Sequence[str] = MARKDOWN

    def refuse(
        self, request: web.Request, said: dict[str, object], body: bytes
    ) -> web.Response | None:
        timestamp = request.query.get("timestamp", "0")
        late = abs(self.clock.now().timestamp() * 1000 - int(timestamp)) > 3_600_000
        expected = _signed(SECRET.encode(), f"{timestamp}\n{SECRET}".encode())
        if late or request.query.get("sign") != expected:
            return web.json_response({"errcode": 310000, "errmsg": "sign not match"})
        if request.query.get("access_token") != "t0ken" or len(body) > 20_000:
            return web.json_response({"errcode": 300001, "errmsg": "token is not exist"})
        return None

    def busy(self) -> web.Response:
        return web.json_response({"errcode": 130101, "errmsg": "send too fast"})


@dataclass
class WeCom(Platform):
    merged: range = range(4, 10)
    forbidden: Sequence[str] = MARKDOWN

    def refuse(
        self, request: web.Request, said: dict[str, object], body: bytes
    ) -> web.Response | None:
        markdown = said["markdown"]
        assert isinstance(markdown, dict)
        if len(str(markdown["content"]).encode("utf-8")) > 2048:
            return web.json_response({"errcode": 40058, "errmsg": "content exceed max length"})
        return None

    def busy(self) -> web.Response:
        return web.json_response({"errcode": 45009, "errmsg": "api freq out of limit"})


@dataclass
class Slack(Platform):
    most: int = 1
    seconds: float = 1.0
    forbidden: Sequence[str] = ("<!channel>",)
    required: Sequence[str] = ("&lt;!channel&gt;", '"mrkdwn": false')
    verdicts: Verdicts = ((b"no_service", Refused), (b"", Refused), (b"rollup_error", Unavailable))

    def refuse(
        self, request: web.Request, said: dict[str, object], body: bytes
    ) -> web.Response | None:
        return None if said.get("text") else web.Response(status=400, text="no_text")

    def accept(self) -> web.Response:
        return web.Response(text="ok")

    def busy(self) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "30"})


PLATFORMS: Mapping[str, type[Platform]] = {
    "feishu": Feishu,
    "dingtalk": DingTalk,
    "wecom": WeCom,
    "slack": Slack,
}
"""One for each kind of robot; the suites run on all of them."""


@asynccontextmanager
async def serving(platform: Platform) -> AsyncIterator[None]:
    """``platform`` at its ``url``."""
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/{path:.*}", platform.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        platform.url = f"http://{host}:{port}/robot?access_token=t0ken"
        yield
    finally:
        await runner.cleanup()
