"""Builds the console: ``create_app`` returns an ASGI application with every registered page."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import tzinfo
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ExceptionHandler

from console.context import ChatChannel, ConsoleContext, KnownChannels, RegroupsIncidents
from console.drill import DrillScoreboard
from console.i18n import Lang
from console.json_encoding import json_response
from console.live import LiveHub
from console.pages.base import Worker
from console.pages.registry import PAGES
from console.render import HERE, Renderer
from console.security import (
    AccessPolicy,
    PublicFiles,
    SecurityHeaders,
    UnknownPath,
    require_guarded,
    security_headers,
)
from core.clock import Clock
from core.connector import HandlesHttp
from core.errors import ConfigError, InputError, Problem, StoreError
from core.i18n import Catalogue
from core.model.health import Health
from core.repositories import Pauses, Store
from core.runtime.bus import Bus

log = logging.getLogger(__name__)

VENDOR: Final = ("htmx.js", "echarts.js")
STATUS_MESSAGES: Final = {403: "refused", 404: "not_found", 405: "method", 413: "too_large"}
"""HTTP status to the name of its message, for errors without a message of their own."""


def create_app(
    *,
    store: Store,
    chat: ChatChannel | None,
    bus: Bus,
    clock: Clock,
    catalogue: Catalogue,
    health: Callable[[], Sequence[Health]],
    notify: Callable[[], None],
    brand_name: str,
    language: Lang = "zh",
    brands: Mapping[str, str] | None = None,
    pushed: Mapping[str, HandlesHttp] | None = None,
    chat_origins: Sequence[str] = (),
    pauses: Pauses | None = None,
    regroups: RegroupsIncidents | None = None,
    drill: DrillScoreboard | None = None,
    zone: tzinfo | None = None,
) -> Starlette:
    """Build the application; its lifespan has to be run.

    The arguments are those of ConsoleContext. ``pauses`` is the store where it is left out, and
    ``chat_origins`` are the sites (``https://www.example.com``) that may embed the chat. Raises
    ConfigError where the front-end files are missing.
    """
    require_vendor()
    context = ConsoleContext(
        store=store,
        chat=chat,
        channels=KnownChannels(store, clock),
        pushed=pushed or {},
        bus=bus,
        clock=clock,
        catalogue=catalogue,
        health=health,
        notify=notify,
        language=language,
        brand_name=brand_name,
        brands=brands or {},
        pauses=pauses or store.pauses,
        regroups=regroups,
        drill=drill,
        policy=AccessPolicy(chat_origins=frozenset(map(_origin, chat_origins))),
        zone=zone,
    )
    renderer = Renderer(context, menu=[page.menu for page in PAGES if page.menu is not None])
    live = LiveHub(renderer)
    pages = [page(renderer, live) for page in PAGES]
    routes: list[BaseRoute] = [route for page in pages for route in page.routes()]
    routes.append(PublicFiles("/static", StaticFiles(directory=HERE / "static")))
    routes.append(UnknownPath(tuple(routes), policy=context.policy))
    require_guarded(routes)
    app = Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders, chat_origins=context.policy.chat_origins)],
        exception_handlers=ErrorResponses(renderer).handlers(),
        lifespan=_running([worker for page in pages for worker in page.workers()]),
    )
    app.router.redirect_slashes = False  # Starlette's own redirect comes before any guard
    return app


def _running(
    workers: Sequence[Worker],
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(worker()) for worker in workers]
        yield
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a background task of the console failed", exc_info=result)

    return lifespan


class ErrorResponses:
    """Turns exceptions into a page, or into JSON under ``/api/``, without a traceback."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def handlers(self) -> Mapping[object, ExceptionHandler]:
        return {
            HTTPException: self._http,
            InputError: self._input,
            StoreError: self._store,
            Exception: self._bug,
        }

    async def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as registered
        return self._respond(
            request, error.status_code, error.detail, headers=dict(error.headers or {})
        )

    async def _input(self, request: Request, error: Exception) -> Response:
        return self._respond(request, 400, "input", detail=str(error))

    async def _store(self, request: Request, error: Exception) -> Response:
        log.error("the store failed", extra={"error": str(error), "path": request.url.path})
        return self._respond(request, 503, "store", detail=str(error))

    async def _bug(self, request: Request, error: Exception) -> Response:
        """Starlette sends this response outside of the middleware, and logs the traceback."""
        response = self._respond(request, 500, "bug")
        response.headers.update(security_headers(request.url.path, b"", ()))
        return response

    def _respond(
        self,
        request: Request,
        status: int,
        name: str,
        *,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        translator = self._renderer.translator(self._renderer.lang(request))
        if translator.find(f"error.{name}") is None:
            name = STATUS_MESSAGES.get(status, "refused")
        message = translator(f"error.{name}")
        if request.url.path.startswith("/api/"):
            body = {"error": name, "message": detail or message}
            return json_response(body, status=status)
        values = {"status": status, "message": message, "detail": detail}
        return self._renderer.response(
            request, "error.html", values, status=status, headers=headers
        )


def require_vendor() -> None:
    """Raise ConfigError where a front-end file is missing."""
    folder = HERE / "static" / "vendor"
    problems = [
        Problem(
            key="console",
            message=f"缺少前端文件 the front-end file {folder / name} is missing",
            remedy="请重新安装 Install again with: pip install -e .",
        )
        for name in VENDOR
        if not (folder / name).is_file()
    ]
    if problems:
        raise ConfigError(tuple(problems))


def _origin(url: str) -> str:
    return url.rstrip("/").lower()
