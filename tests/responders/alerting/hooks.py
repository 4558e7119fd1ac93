"""A receiver of webhooks on the loopback, with its own ledger of what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request, as it arrived."""

    path: str
    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Ledger:
    """What was asked, and what is answered: statuses in turn, then 204 for ever."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    stall: bool = False
    reset: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(
            Asked(
                path=request.path,
                method=request.method,
                headers=dict(request.headers),
                body=await request.read(),
            )
        )
        if self.stall:
            await asyncio.sleep(30)
        if self.reset and request.transport is not None:
            request.transport.abort()
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers=self.headers)


@asynccontextmanager
async def receiver(*, port: int = 0) -> AsyncIterator[Ledger]:
    ledger = Ledger()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", ledger.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, port = runner.addresses[0][:2]
        ledger.url = f"http://{host}:{port}/hook"
        yield ledger
    finally:
        await runner.cleanup()
