"""The connections to X: another host than tweepy's, our own signature, errors understood.

tweepy writes its host and its credentials into each request, and the credentials into its debug
log. It is therefore given none; the middleware puts both into the request on its way out.
"""

from collections.abc import Mapping
from typing import Final

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from connectors.x.errors import refusal
from connectors.x.oauth1 import Sign

_LINE: Final = 1 << 20
"""The stream's longest line is twice this many bytes."""
_MOST_READ: Final = 1 << 16


class Door:
    """A client middleware: sends requests to ``base_url`` and raises ApiError for refusals."""

    def __init__(self, base_url: str, sign: Sign) -> None:
        self._base = base_url.rstrip("/")
        self._sign = sign
        self.limits: dict[str, Mapping[str, str]] = {}
        """The headers of the last answer by path."""

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        path = request.url.path
        request.url = URL(self._base + request.url.raw_path_qs, encoded=True)
        request.headers["Host"] = request.url.host_port_subcomponent or ""
        request.headers["Authorization"] = self._sign(request.method, request.url)
        response = await handler(request)
        self.limits[_family(path)] = response.headers
        if response.status >= 300:  # a redirect is not followed: it would carry the credentials
            body = await response.content.read(_MOST_READ)
            response.close()
            raise refusal(response.status, response.headers, body)
        return response


def open_session(door: Door, *, seconds: float | None, silence: float | None) -> ClientSession:
    """A session through ``door``; ``seconds`` for a whole answer, ``silence`` between its parts."""
    return ClientSession(
        middlewares=(door,),
        timeout=ClientTimeout(total=seconds, sock_read=silence, sock_connect=10),
        read_bufsize=_LINE,
    )


def _family(path: str) -> str:
    """``path`` without ids, so that there is one entry for each limit."""
    return "/".join(
        "id" if part.isdecimal() and len(part) > 1 else part for part in path.split("/")
    )
