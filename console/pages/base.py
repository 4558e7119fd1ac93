"""The base class of pages, and helpers for requests of staff.

To add a page, write a module with a ConsolePage, its template, and its messages in the catalogues,
and add the class to ``registry.py``. Routes, the menu and the test suites follow from that.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import ClassVar
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.websockets import WebSocket

from console.forms import MAX_NAME, clean
from console.head import read_head
from console.live import LiveHub
from console.render import STAFF, STAFF_COOKIE, MenuItem, Renderer
from console.security import Audience, GuardedRoute, GuardedSocket

Worker = Callable[[], Coroutine[None, None, None]]


class ConsolePage(ABC):
    """Routes about one topic, with who may call each."""

    menu: ClassVar[MenuItem | None] = None
    """The link in the menu; ``None`` for a page without one."""

    def __init__(self, renderer: Renderer, live: LiveHub) -> None:
        self._renderer = renderer
        self._context = renderer.context
        self._live = live

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """Every route, built with ``self.route`` and ``self.socket``."""

    def workers(self) -> Sequence[Worker]:
        """Coroutines that run as long as the console does."""
        return ()

    def route(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        *,
        who: Audience,
        methods: Sequence[str] = ("GET",),
    ) -> GuardedRoute:
        """An HTTP route for the audience ``who``."""
        return GuardedRoute(path, endpoint, who=who, policy=self._context.policy, methods=methods)

    def socket(
        self, path: str, endpoint: Callable[[WebSocket], Awaitable[None]], *, who: Audience
    ) -> GuardedSocket:
        """A WebSocket route for the audience ``who``."""
        return GuardedSocket(path, endpoint, who=who, policy=self._context.policy)

    async def respond(
        self,
        request: Request,
        template: str,
        values: Mapping[str, object],
        *,
        parts: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        """Render a page for staff, or the part of it that htmx asks for.

        ``parts`` maps ids of elements to the templates of their content.
        """
        for target, part in (parts or {}).items():
            if wants_part(request, target):
                return self._renderer.response(request, part, values, status=status)
        shared = {
            "head": await read_head(self._context),
            "me": staff_name(request),
            "query": query_without(request, "lang"),
        }
        return self._renderer.response(request, template, {**shared, **values}, status=status)


def staff_name(request: Request) -> str:
    """The name under which this browser acts."""
    return clean(unquote(request.cookies.get(STAFF_COOKIE, "")))[:MAX_NAME] or STAFF


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def wants_part(request: Request, target: str) -> bool:
    """True where htmx replaces only the element with the id ``target``."""
    headers = request.headers
    return (
        is_htmx(request)
        and headers.get("hx-target") == target
        and "hx-history-restore-request" not in headers
    )


def query_without(request: Request, *names: str) -> str:
    """The query string without these fields and without empty ones."""
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in names and v]
    return "&".join(f"{quote(key)}={quote(value)}" for key, value in pairs)


def redirect(path: str) -> Response:
    """Redirect after a form that was sent without htmx."""
    return RedirectResponse(path, status_code=303)
