"""Who may call what. Every route says it; a route that does not is refused when the app is built.

- ``public``: anyone, platforms included; the endpoint itself verifies what it is sent.
- ``shopper``: anyone with a browser, from the brand's own pages.
- ``staff``: only this machine, until there are accounts. The Host header has to name this machine
  (a foreign name that resolves to it is an attack), and what changes something has to come from
  the console's own pages.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

Who = Literal["public", "shopper", "staff"]
Refusal = Literal["not_local", "foreign_host", "foreign_origin"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
POLICY_VIOLATION: Final = 1008


@dataclass(frozen=True, kw_only=True, slots=True)
class MenuEntry:
    """A page in the menu of staff; its text is ``nav.NAME`` in the catalogues."""

    name: str
    """The template's block ``section`` has the same."""
    count: str | None = None
    """A field of Figures that is shown beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What the guard needs to know beside the request."""

    chat_origins: frozenset[str] = frozenset()
    """Origins beside our own from which shoppers may come: ``https://www.example.com``."""


class Door(Route):
    """An HTTP route with its guard."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        *,
        who: Who,
        policy: Policy,
        methods: Sequence[str] = ("GET",),
        menu: MenuEntry | None = None,
    ) -> None:
        """``menu``: how the page stands in the menu, in the order of the routes."""
        super().__init__(path, endpoint, methods=list(methods))
        self.who: Who = who
        self.policy = policy
        self.menu = menu

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(self.who, HTTPConnection(scope), self.policy)
        if reason is not None:
            raise HTTPException(403, detail=reason)
        await super().handle(scope, receive, send)


class SocketDoor(WebSocketRoute):
    """A WebSocket route with its guard."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[[WebSocket], Awaitable[None]],
        *,
        who: Who,
        policy: Policy,
    ) -> None:
        super().__init__(path, endpoint)
        self.who: Who = who
        self.policy = policy

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal(self.who, HTTPConnection(scope), self.policy) is not None:
            await WebSocketClose(code=POLICY_VIOLATION)(scope, receive, send)
            return
        await super().handle(scope, receive, send)


class FilesDoor(Mount):
    """Files that hold nothing private."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app=app)
        self.who: Who = "public"


class UndeclaredRoute(RuntimeError):
    """A route does not say who may call it; build it with Door, SocketDoor or FilesDoor."""


def require_declared(routes: Iterable[BaseRoute]) -> None:
    """Raises UndeclaredRoute for the first route without a guard."""
    for route in routes:
        if not isinstance(route, Door | SocketDoor | FilesDoor):
            raise UndeclaredRoute(f"{route!r} does not say who may call it")


def refusal(who: Who, connection: HTTPConnection, policy: Policy) -> Refusal | None:
    """Why this connection may not pass, or ``None``."""
    if who == "public":
        return None
    if who == "staff":
        if not _is_local(connection):
            return "not_local"
        if not names_this_machine(connection.headers.get("host", "")):
            return "foreign_host"
    if _changes_something(connection) and not _from_own_page(who, connection, policy):
        return "foreign_origin"
    return None


def names_this_machine(host: str) -> bool:
    """True for a Host header that can only mean the machine itself."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def _is_local(connection: HTTPConnection) -> bool:
    if any(header in connection.headers for header in FORWARDED):
        return False  # a proxy speaks for somebody whom nobody has checked
    return connection.client is not None and _is_loopback(connection.client.host)


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _changes_something(connection: HTTPConnection) -> bool:
    return connection.scope["type"] == "websocket" or connection.scope["method"] not in SAFE_METHODS


def _from_own_page(who: Who, connection: HTTPConnection, policy: Policy) -> bool:
    origin = connection.headers.get("origin")
    if origin is None:  # every browser names it here: this is a script, which needs no trick
        return connection.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    if who == "shopper" and origin.lower() in policy.chat_origins:
        return True
    host = connection.headers.get("host", "").lower()
    scheme, _, rest = origin.lower().partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme)
    if default is None or not host:
        return False
    return rest.removesuffix(default) == host.removesuffix(default)
