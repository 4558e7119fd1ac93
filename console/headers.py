"""What every answer tells the browser: run only our own files, and let nobody frame us."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CHAT_PAGE: Final = "/chat"
CHAT_SCRIPT: Final = "/chat.js"
STATIC: Final = "/static/"

_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
)


def security_headers(path: str, query: bytes, chat_origins: Iterable[str]) -> Mapping[str, str]:
    """The headers for the answer to ``path``."""
    is_chat = path == CHAT_PAGE
    ancestors = " ".join(("'self'", *sorted(chat_origins))) if is_chat else "'none'"
    found = {
        "Content-Security-Policy": "; ".join((*_POLICY, f"frame-ancestors {ancestors}")),
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
    """Middleware that adds them."""

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
