"""A server of webhooks, with a record of its requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from aiohttp import web
from pydantic import SecretStr

from core.clock import Clock
from responders.alerting.receivers.webhook import KEY, SIGNATURE, TIMESTAMP, is_genuine
from tests.responders.alerting.receivers.rigs.base import ReceiverRig


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One request, as it arrived."""

    path: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    status: int


@dataclass
class WebhookServer(ReceiverRig):
    """Answers with ``answers`` in turn, then with 204 for ever; 401 to a wrong signature."""

    for_people: ClassVar[bool] = False

    clock: Clock
    secret: str = "a secret of enough length"
    url: str = ""
    asked: list[Recorded] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    stall: bool = False
    reset: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.answers.pop(0) if self.answers else self._status(request, body)
        self.asked.append(
            Recorded(
                path=request.path,
                method=request.method,
                headers=dict(request.headers),
                body=body,
                status=status,
            )
        )
        if self.stall:
            await asyncio.sleep(30)
        if self.reset and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status, headers=self.headers)

    def _status(self, request: web.Request, body: bytes) -> int:
        genuine = is_genuine(
            SecretStr(self.secret),
            timestamp=request.headers[TIMESTAMP],
            body=body or request.headers[KEY].encode(),
            signature=request.headers[SIGNATURE],
            now=self.clock.now(),
        )
        return 204 if genuine else 401

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            host, bound = runner.addresses[0][:2]
            self.url = f"http://{host}:{bound}/hook"
            yield
        finally:
            await runner.cleanup()

    @property
    def settings(self) -> Mapping[str, object]:
        return {"url": self.url, "secret": self.secret}

    @property
    def secrets(self) -> Sequence[str]:
        return (self.secret,)

    @property
    def _accepted(self) -> list[Recorded]:
        return [one for one in self.asked if one.status < 300 and one.method == "POST"]

    def shown(self) -> Sequence[str]:
        """The JSON without its escapes, which only a program undoes."""
        return [one.body.decode("unicode_escape") for one in self._accepted]

    @property
    def keys(self) -> Sequence[str]:
        return [one.headers[KEY] for one in self._accepted]

    def refuse_next(self) -> None:
        self.answers.append(404)

    def be_busy_next(self) -> None:
        self.answers.append(503)


RIG = WebhookServer
