"""Puts the console together; ``create_app`` is all that the composition root calls."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import tzinfo
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from cli.drill_score import DrillBoard
from console.access import Door, FilesDoor, Policy, require_declared
from console.channels import Channels
from console.chat_hub import ChatHub
from console.desk import Desk
from console.failures import Failures
from console.headers import SecurityHeaders
from console.i18n import Lang
from console.live import LiveHub
from console.pages.alerts import AlertPages
from console.pages.api import Api
from console.pages.chat import ChatPages
from console.pages.drafts import DraftPages
from console.pages.figures import FigurePages
from console.pages.incidents import IncidentPages
from console.pages.live import LiveSocket
from console.pages.mentions import MentionPages
from console.pages.pauses import PausePages
from console.pages.probes import Probes
from console.pages.push import PushDoors
from console.pages.system import SystemPages
from console.pages.tickets import TicketPages
from console.ports import Regroups, WebChat
from console.render import HERE, Renderer
from core.bus import Bus
from core.clock import Clock
from core.connector import HandlesHttp
from core.errors import ConfigError, Problem
from core.health import Health
from core.repositories import Pauses, Store

log = logging.getLogger(__name__)

VENDOR: Final = ("htmx.js", "echarts.js")


def create_app(
    *,
    store: Store,
    chat: WebChat | None,
    bus: Bus,
    clock: Clock,
    health: Callable[[], Sequence[Health]],
    notify: Callable[[], None],
    brand_name: str,
    language: Lang = "zh",
    brands: Mapping[str, str] | None = None,
    pushed: Mapping[str, HandlesHttp] | None = None,
    chat_origins: Sequence[str] = (),
    pauses: Pauses | None = None,
    regroups: Regroups | None = None,
    drill: DrillBoard | None = None,
    zone: tzinfo | None = None,
) -> Starlette:
    """The console as an ASGI application; its lifespan has to be run.

    ``notify`` is called after a reply was put into the outbox or a dead letter was replayed.
    ``brands`` names each Brand.id. ``pushed`` has the connectors that platforms push to, by name.
    ``chat_origins`` are sites (``https://www.example.com``) that may embed the chat. ``pauses``
    takes pauses of automatic replies on, the store itself where it is left out. ``regroups``
    merges and splits incidents. ``drill`` is the exercise this console is for. ``zone`` is the
    time zone of staff; ``None`` is the machine's own. Raises ConfigError where the front-end files
    are missing.
    """
    require_vendor()
    desk = Desk(
        store=store,
        chat=chat,
        channels=Channels(store, clock),
        bus=bus,
        clock=clock,
        health=health,
        notify=notify,
        language=language,
        brand_name=brand_name,
        brands=brands or {},
        pauses=pauses or store.pauses,
        regroups=regroups,
        drill=drill,
        policy=Policy(chat_origins=frozenset(map(_origin, chat_origins))),
        zone=zone,
    )
    renderer = Renderer(desk)
    live = LiveHub(renderer)
    routes: list[BaseRoute] = [
        *MentionPages(renderer).doors(),
        *TicketPages(renderer).doors(),
        *DraftPages(renderer).doors(),
        *IncidentPages(renderer).doors(),
        *AlertPages(renderer).doors(),
        *PausePages(renderer, live).doors(),
        *FigurePages(renderer).doors(),
        *SystemPages(renderer).doors(),
        *LiveSocket(renderer, live).doors(),
        *Api(desk).doors(),
        *Probes(desk).doors(),
        *PushDoors(desk, pushed or {}).doors(),
        FilesDoor("/static", StaticFiles(directory=HERE / "static")),
    ]
    workers = [live.run]
    if chat is not None:
        chat_hub = ChatHub(bus, chat.name)
        routes += ChatPages(renderer, chat, chat_hub).doors()
        workers.append(chat_hub.run)
    require_declared(routes)
    renderer.menu += [(one.menu, one.path) for one in routes if isinstance(one, Door) and one.menu]
    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders, chat_origins=desk.policy.chat_origins)],
        exception_handlers=Failures(renderer).handlers(),
        lifespan=_running(workers),
    )


def _running(
    workers: Sequence[Callable[[], Coroutine[None, None, None]]],
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(worker()) for worker in workers]
        yield
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a part of the console failed", exc_info=result)

    return lifespan


def require_vendor() -> None:
    """Raises ConfigError where a front-end file is missing."""
    folder = HERE / "static" / "vendor"
    problems = [
        Problem(
            key="console",
            message=f"the front-end file {folder / name} is missing",
            remedy="Install again with: pip install -e .",
        )
        for name in VENDOR
        if not (folder / name).is_file()
    ]
    if problems:
        raise ConfigError(tuple(problems))


def _origin(address: str) -> str:
    return address.rstrip("/").lower()
