"""Access control for every route, and the security headers of every response.

Each route declares its audience; ``require_guarded`` refuses a route that does not:

- ``public``: anyone, platforms included. The endpoint itself verifies what it receives.
- ``shopper``: anyone with a browser, from the brand's own pages.
- ``staff``: this machine only, until there are accounts. No trace of a proxy may be on the request,
  whose client need not be local. The ``Host`` header has to name this machine, which defeats DNS
  rebinding, and requests that change something have to come from the console's own pages, which
  defeats cross-site request forgery.

``UnknownPath`` guards whatever no route takes, so that a caller who is refused learns of no path.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import (
    WebSocket,
    WebSocketClose,
    WebSocketDisconnect,
    WebSocketDisconnected,
)

Audience = Literal["public", "shopper", "staff"]
Refusal = Literal["not_local", "proxied", "foreign_host", "foreign_origin"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
FORWARDED: Final = "x-forwarded-"
"""How many headers of proxies begin: ``-for``, ``-host``, ``-proto``, ``-port``…"""
PROXIED: Final = frozenset(
    {
        *("forwarded", "via", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip"),
        *("x-cluster-client-ip", "fastly-client-ip", "cf-connecting-ip", "cf-ray", "cdn-loop"),
        *("x-original-forwarded-for", "x-original-host", "x-original-url", "x-rewrite-url"),
        *("x-envoy-external-address", "x-amzn-trace-id", "x-proxyuser-ip", "x-host"),
    }
)
"""Other headers that proxies add, and browsers and scripts do not."""
PROXY_VERSIONS: Final = frozenset({"0.9", "1.0"})
"""HTTP versions that no browser speaks; nginx does where one ``proxy_pass`` is all it was told."""
POLICY_VIOLATION: Final = 1008
SOCKET_GONE: Final = (WebSocketDisconnect, WebSocketDisconnected)
"""What reading from or writing to a socket raises once it is closed: the first by whoever notices
first, the second, a RuntimeError, by everybody after that."""

CHAT_PAGE: Final = "/chat"
CHAT_SCRIPT: Final = "/chat.js"
STATIC: Final = "/static/"

_CONTENT_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessPolicy:
    """Settings of the access checks."""

    chat_origins: frozenset[str] = frozenset()
    """Origins beside our own that shoppers may come from, such as ``https://www.example.com``."""


class GuardedRoute(Route):
    """An HTTP route that raises HTTPException 403 for a caller outside its audience."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        *,
        who: Audience,
        policy: AccessPolicy,
        methods: Sequence[str] = ("GET",),
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.who: Audience = who
        self.policy = policy

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(self.who, HTTPConnection(scope), self.policy)
        if reason is not None:
            raise HTTPException(403, detail=reason)
        await super().handle(scope, receive, send)


class GuardedSocket(WebSocketRoute):
    """A WebSocket route that closes the connection of a caller outside its audience.

    A socket that goes while it is served ends the endpoint, and is no error.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[[WebSocket], Awaitable[None]],
        *,
        who: Audience,
        policy: AccessPolicy,
    ) -> None:
        super().__init__(path, endpoint)
        self.who: Audience = who
        self.policy = policy

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal(self.who, HTTPConnection(scope), self.policy) is not None:
            await WebSocketClose(code=POLICY_VIOLATION)(scope, receive, send)
            return
        with suppress(*SOCKET_GONE):
            await super().handle(scope, receive, send)


class PublicFiles(Mount):
    """Files that hold nothing private."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app=app)
        self.who: Audience = "public"


class UnguardedRoute(RuntimeError):
    """A route without an audience; build it as GuardedRoute, GuardedSocket or PublicFiles."""


class UnknownPath(GuardedRoute):
    """Takes what no other route takes: told to staff alone.

    A path with a slash too many is redirected to its route for whoever may call that route. The
    redirect names no host, so a forged ``Host`` leads nowhere.
    """

    def __init__(self, routes: Sequence[BaseRoute], *, policy: AccessPolicy) -> None:
        super().__init__("/{rest:path}", self._unknown, who="staff", policy=policy)
        self._routes = routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Partial, so that a route of another method comes first; nothing for WebSockets."""
        return (Match.PARTIAL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        meant = self._route_of({**scope, "path": path}) if path != scope["path"] else None
        who = self.who if meant is None else meant.who
        reason = refusal(who, HTTPConnection(scope), self.policy)
        if reason is not None:
            raise HTTPException(403, detail=reason)
        if meant is None:
            raise HTTPException(404, detail="not_found")
        query = scope["query_string"].decode("latin-1")
        where = quote(path) + (f"?{query}" if query else "")
        await RedirectResponse(where, status_code=307)(scope, receive, send)

    def _route_of(self, scope: Scope) -> GuardedRoute | None:
        for route in self._routes:
            if isinstance(route, GuardedRoute) and route.matches(scope)[0] is Match.FULL:
                return route
        return None

    async def _unknown(self, request: Request) -> Response:
        raise HTTPException(404, detail="not_found")


def require_guarded(routes: Iterable[BaseRoute]) -> None:
    """Raise UnguardedRoute for the first route that does not declare its audience."""
    for route in routes:
        if not isinstance(route, GuardedRoute | GuardedSocket | PublicFiles):
            raise UnguardedRoute(f"{route!r} does not declare its audience")


def refusal(who: Audience, connection: HTTPConnection, policy: AccessPolicy) -> Refusal | None:
    """The reason to refuse a connection to a route for ``who``; ``None`` where it may pass."""
    if who == "public":
        return None
    if who == "staff":
        if is_proxied(connection):
            return "proxied"  # the proxy is local, its client need not be
        if connection.client is None or not _is_loopback(connection.client.host):
            return "not_local"
        if not is_loopback_name(connection.headers.get("host", "")):
            return "foreign_host"
    if _changes_state(connection) and not _is_same_origin(who, connection, policy):
        return "foreign_origin"
    return None


def is_loopback_name(host: str) -> bool:
    """True for a ``Host`` header that can only mean this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


def is_proxied(connection: HTTPConnection) -> bool:
    """True where a proxy has left a trace on the request."""
    return (
        connection.scope.get("http_version") in PROXY_VERSIONS
        or any(name in PROXIED or name.startswith(FORWARDED) for name in connection.headers)
        or _names_elsewhere(connection)
    )


def _names_elsewhere(connection: HTTPConnection) -> bool:
    """True where a page of ours was opened under a name that is not this machine's."""
    if connection.headers.get("sec-fetch-site") != "same-origin":
        return False
    address = connection.headers.get("referer", "")
    return "://" in address and not is_loopback_name(address.split("/", 3)[2])


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _changes_state(connection: HTTPConnection) -> bool:
    return connection.scope["type"] == "websocket" or connection.scope["method"] not in SAFE_METHODS


def _is_same_origin(who: Audience, connection: HTTPConnection, policy: AccessPolicy) -> bool:
    origin = connection.headers.get("origin")
    if origin is None:  # browsers always send one here, so that this is a script
        return connection.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    if who == "shopper" and origin.lower() in policy.chat_origins:
        return True
    host = connection.headers.get("host", "").lower()
    scheme, _, rest = origin.lower().partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme)
    if default is None or not host:
        return False
    return rest.removesuffix(default) == host.removesuffix(default)


def security_headers(path: str, query: bytes, chat_origins: Iterable[str]) -> Mapping[str, str]:
    """The security and caching headers of the response to ``path``.

    Scripts and styles come from our own files only, never inline; no page may be framed but the
    chat, by our own origin and ``chat_origins``.
    """
    is_chat = path == CHAT_PAGE
    ancestors = " ".join(("'self'", *sorted(chat_origins))) if is_chat else "'none'"
    found = {
        "Content-Security-Policy": "; ".join((*_CONTENT_POLICY, f"frame-ancestors {ancestors}")),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # no-referrer would make a form's Origin "null"
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": (
            "cross-origin" if path in {CHAT_PAGE, CHAT_SCRIPT} else "same-origin"
        ),
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cache-Control": _caching(path, query),
    }
    if not is_chat:
        found["X-Frame-Options"] = "DENY"
    return found


def _caching(path: str, query: bytes) -> str:
    if path == CHAT_SCRIPT:
        return "public, max-age=300"
    if not path.startswith(STATIC):
        return "no-store"
    if "v" in parse_qs(query.decode("latin-1")):
        return "public, max-age=31536000, immutable"
    return "no-cache"


class SecurityHeaders:
    """ASGI middleware that adds ``security_headers`` to HTTP responses."""

    def __init__(self, app: ASGIApp, *, chat_origins: frozenset[str]) -> None:
        self._app = app
        self._chat_origins = chat_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(
                    security_headers(scope["path"], scope["query_string"], self._chat_origins)
                )
            await send(message)

        await self._app(scope, receive, send_with_headers)
