"""A chat platform's robot API on the loopback."""

import base64
import hashlib
import hmac
import json
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from core.clock import Clock
from core.errors import ConnectorError, Refused, Unavailable
from tests.responders.alerting.receivers.rigs.base import ReceiverRig

MARKDOWN = ("[点我]", "<at", "**粗", "# 标题", "@所有人", "![", "`x`")
"""Parts of the hostile text that a platform with Markdown would interpret."""
Errors = Sequence[tuple[bytes, type[ConnectorError]]]
TOKEN = "t0ken"
SECRET = "a robot's secret"


@dataclass
class RobotServer(ReceiverRig):
    """Accepts messages within the platform's limits, and fails on demand."""

    clock: Clock
    secret: str = SECRET
    url: str = ""
    taken: list[dict[str, object]] = field(default_factory=list)
    """Bodies of the accepted messages."""
    answers: list[web.Response] = field(default_factory=list)
    """Given in turn instead of looking at the request."""
    times: list[float] = field(default_factory=list)
    refused_for_rate: int = 0
    max_messages: int = 20
    per_seconds: float = 60.0
    signs: bool = False
    """Refuses messages that are not signed with ``secret``."""
    merged: range = range(1, 2)
    """Number of messages that fifty long alerts may become."""
    forbidden: Sequence[str] = ()
    """Parts of a message that the platform would interpret."""
    required: Sequence[str] = ()
    """Parts of every message."""
    errors: Errors = (
        (b'{"errcode": 310000, "code": 19021, "errmsg": "sign not match"}', Refused),
        (b'{"errcode": "0", "code": "0"}', Refused),
        (b'{"errcode": false, "code": false}', Refused),
        (b"<html>captive portal</html>", Unavailable),
        (b"[]", Unavailable),
        (b"", Unavailable),
    )
    """Bodies of a 200 that accepts nothing, and their meaning."""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.answers:
            return self.answers.pop(0)
        now = self.clock.monotonic()
        window = self.per_seconds - 1e-6  # sums of floats differ in their last digits
        self.times = [at for at in self.times if now - at < window]
        if len(self.times) >= self.max_messages:
            self.refused_for_rate += 1
            return self.busy()
        self.times.append(now)
        parsed: dict[str, object] = json.loads(body.decode("utf-8"))
        error = self.error(request, parsed, body)
        if error is not None:
            return error
        self.taken.append(parsed)
        return self.accept()

    @abstractmethod
    def error(
        self, request: web.Request, parsed: dict[str, object], body: bytes
    ) -> web.Response | None:
        """The platform's answer to a message it does not accept; ``None`` where it does."""

    def accept(self) -> web.Response:
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    @abstractmethod
    def busy(self) -> web.Response:
        """The platform's answer to more messages than it allows."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/{path:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}/robot?access_token={TOKEN}"
            yield
        finally:
            await runner.cleanup()

    @property
    def settings(self) -> Mapping[str, object]:
        return {"url": self.url, "secret": self.secret}

    @property
    def secrets(self) -> Sequence[str]:
        return (self.secret, TOKEN)

    def shown(self) -> Sequence[str]:
        return [json.dumps(one, ensure_ascii=False) for one in self.taken]

    @property
    def keys(self) -> None:
        return None

    def refuse_next(self) -> None:
        self.answers.append(web.Response(status=404))

    def be_busy_next(self) -> None:
        self.answers.append(self.busy())

    @property
    def over_limit(self) -> int:
        return self.refused_for_rate


def signature(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
