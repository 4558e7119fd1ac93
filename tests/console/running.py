"""A console on a real socket over a real store, with the web chat and its dispatcher."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import cast

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from cli.catalogue import shipped_catalogue
from connectors.webchat.connector import Webchat
from connectors.webchat.settings import WebchatSettings
from console.app import create_app
from console.context import RegroupsIncidents
from console.drill import DrillScoreboard
from core.clock import Clock, SystemClock
from core.connector import HandlesHttp
from core.errors import StoreError
from core.model.health import Health
from core.model.judgement import Verdict
from core.model.outbox import Reply
from core.model.tickets import Ticket
from core.repositories import Store
from core.runtime.bus import Bus
from core.runtime.dispatch import Dispatcher
from core.runtime.intake import EventIntake
from storage.sqlite.store import SqliteStore

CHAT = "webchat"
STOP_WATCHDOG_SECONDS = 15.0


class OpenGate:
    """Allows every reply."""

    async def check(self, reply: Reply) -> Verdict:
        assert reply.text
        return Verdict(allowed=True)


class NoUndelivered:
    """The web chat delivers every reply."""

    async def ticket_for(self, reply: Reply, reason: str) -> Ticket:
        raise AssertionError(f"{reply.key}: {reason}")

    async def owed(self, reply: Reply) -> Ticket | None:
        raise AssertionError(f"{reply.key} ended its conversation")


class Replaced:
    """A store or repository with some methods replaced."""

    def __init__(self, part: object, replaced: Mapping[str, object]) -> None:
        self._part = part
        self._replaced = replaced

    def __getattr__(self, name: str) -> object:
        if name in self._replaced:
            return self._replaced[name]
        inner = {
            key.removeprefix(f"{name}."): value
            for key, value in self._replaced.items()
            if key.startswith(f"{name}.")
        }
        found = getattr(self._part, name)
        return Replaced(found, inner) if inner else found


def over(store: SqliteStore, replaced: Mapping[str, object]) -> Store:
    """``store`` with some methods replaced, named as ``tickets.save``."""
    return cast("Store", Replaced(store, replaced))


def failing(*names: str) -> Callable[[SqliteStore], Store]:
    """For ``open_console(wrap=...)``: the named methods raise StoreError."""

    async def fail(*_: object, **__: object) -> None:
        raise StoreError("disk I/O error")

    return lambda store: over(store, dict.fromkeys(names, fail))


@dataclass(kw_only=True)
class RunningConsole:
    """A console and the parts behind it."""

    store: SqliteStore
    bus: Bus
    clock: Clock
    chat: Webchat
    dispatcher: Dispatcher
    app: Starlette
    url: str
    health: list[Health] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    regroups: RegroupsIncidents | None = None

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self.app.routes


@asynccontextmanager
async def open_console(
    folder: Path,
    *,
    clock: Clock | None = None,
    wrap: Callable[[SqliteStore], Store] | None = None,
    pushed: Mapping[str, HandlesHttp] | None = None,
    chat_origins: Sequence[str] = (),
    chat_settings: WebchatSettings | None = None,
    with_chat: bool = True,
    regroups: Callable[[SqliteStore], RegroupsIncidents] | None = None,
    drilled: bool = False,
    port: int = 0,
) -> AsyncIterator[RunningConsole]:
    """Start a console; ``wrap`` replaces the store that it sees."""
    clock = clock or SystemClock()
    bus = Bus()
    store = await SqliteStore.open(folder / "store.db", clock=clock)
    health: list[Health] = []
    notified: list[str] = []
    chat = Webchat(
        name=CHAT,
        settings=chat_settings or WebchatSettings(),
        intake=EventIntake(store.events, wake=lambda: notified.append("intake")),
        clock=clock,
        bus=bus,
    )
    dispatcher = Dispatcher(
        CHAT,
        chat,
        outbox=store.outbox,
        gate=OpenGate(),
        undelivered=NoUndelivered(),
        clock=clock,
        bus=bus,
        resend=True,
    )

    def notify() -> None:
        notified.append("outbox")
        dispatcher.wake()

    grouping = None if regroups is None else regroups(store)
    app = create_app(
        store=wrap(store) if wrap else store,
        chat=chat if with_chat else None,
        bus=bus,
        clock=clock,
        catalogue=shipped_catalogue(),
        health=lambda: health,
        notify=notify,
        brand_name="绿篮超市",
        brands={"fresh": "绿篮超市"},
        pushed=pushed,
        regroups=grouping,
        drill=DrillScoreboard(bus=bus, clock=clock) if drilled else None,
        chat_origins=chat_origins,
        zone=UTC,
    )
    sending = asyncio.create_task(dispatcher.run())
    try:
        async with serving(app, port) as url:
            yield RunningConsole(
                store=store,
                bus=bus,
                clock=clock,
                chat=chat,
                dispatcher=dispatcher,
                app=app,
                url=url,
                health=health,
                notified=notified,
                regroups=grouping,
            )
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        await store.close()


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """``app`` on a free port of this machine, by uvicorn."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(
            app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                assert not running.done(), "the server did not start"
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            async with asyncio.timeout(STOP_WATCHDOG_SECONDS):
                await running
