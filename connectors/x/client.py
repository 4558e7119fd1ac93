"""Calls X's API v2 through tweepy, over connections that sign and redirect its requests.

tweepy writes its own host and its credentials into each request, and the credentials into its debug
log. It is therefore given none: an aiohttp client middleware sets host and signature on the way
out, and turns refusals into XRequestError. This is the only module that imports tweepy, which ships
no types.

Source: https://docs.x.com/x-api
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
)
from oauthlib import oauth1
from tweepy import StreamRule
from tweepy.asynchronous import AsyncClient, AsyncStreamingClient
from yarl import URL

from connectors.json_fields import JsonObject
from connectors.x.errors import XFault, XRequestError, one_line, request_error
from connectors.x.settings import XSettings
from core.clock import Clock

FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "tweet_fields": [
        "attachments",
        "author_id",
        "conversation_id",
        "created_at",
        "edit_history_tweet_ids",
        "entities",
        "in_reply_to_user_id",
        "note_tweet",
        "public_metrics",
        "referenced_tweets",
    ],
    "user_fields": ["name", "public_metrics", "username"],
    "expansions": ["author_id", "referenced_tweets.id"],
}
"""Requested with each post; the referenced posts show whether a quoted one is the brand's."""
STREAM_TIMEOUT: Final = 21.0
"""Seconds; X sends a keep-alive every 20, so that a longer silence is a dead connection."""
_GONE_ERRORS: Final = ("resource-not-found", "not-authorized-for-resource")
"""Error types of posts that were deleted, or whose account is protected or suspended."""
_BATCH: Final = 100
_LEAST: Final = 10
_STREAM_BUFFER: Final = 1 << 20
"""Bytes; aiohttp reads lines of up to twice as many."""
_MOST_ERROR_BYTES: Final = 1 << 16

Authorise = Callable[[str, URL], str]
"""Computes the ``Authorization`` header from a method and the full URL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class XResults:
    """One page of posts; its parts are not validated yet."""

    data: tuple[object, ...] = ()
    includes: JsonObject = field(default_factory=dict)
    errors: tuple[JsonObject, ...] = ()
    meta: JsonObject = field(default_factory=dict)

    @property
    def next_page(self) -> str | None:
        """Token of the page with older posts; ``None`` at the end."""
        token = self.meta.get("next_token")
        return token if isinstance(token, str) and token else None

    @property
    def billed(self) -> list[str]:
        """Ids of all delivered posts, included ones too: X charges for each once a day."""
        included = self.includes.get("tweets")
        posts = [*self.data, *(included if isinstance(included, list) else ())]
        return [str(post["id"]) for post in posts if isinstance(post, dict) and "id" in post]

    @property
    def gone(self) -> list[str]:
        """Ids of requested posts that were deleted or are no longer public."""
        ids = (
            str(error.get("resource_id") or error.get("value"))
            for error in self.errors
            if str(error.get("type", "")).rpartition("/")[2] in _GONE_ERRORS
            or error.get("title") in {"Not Found Error", "Authorization Error"}
        )
        return [number for number in ids if number.isascii() and number.isdecimal()]


class TweepyClient(Protocol):
    """The interface that tweepy's two clients share."""

    session: ClientSession


def app_authorisation(settings: XSettings) -> Authorise:
    """Authorise as the app, with its bearer token."""
    header = f"Bearer {settings.bearer_token.get_secret_value()}"
    return lambda _method, _url: header


def account_authorisation(settings: XSettings, clock: Clock) -> Authorise:
    """Authorise as the account with OAuth 1.0a; with the bearer token if there are no account keys.

    Source: https://datatracker.ietf.org/doc/html/rfc5849#section-3, as implemented by oauthlib.
    """
    own, token = settings.access_token, settings.access_token_secret
    app, secret = settings.consumer_key, settings.consumer_secret
    if own is None or token is None or app is None or secret is None:
        return app_authorisation(settings)
    keys = [key.get_secret_value() for key in (app, secret, own, token)]
    return lambda method, url: oauth1_header(
        keys, method, url, timestamp=int(clock.now().timestamp())
    )


def oauth1_header(
    keys: Sequence[str], method: str, url: URL, *, timestamp: int, nonce: str | None = None
) -> str:
    """The ``Authorization`` header of OAuth 1.0a with HMAC-SHA1.

    Args:
        keys: consumer key, consumer secret, access token, access token secret.
        method: of the request.
        url: with its query, which is signed; a form in the body would have to be, too.
        timestamp: seconds since 1970.
        nonce: a random one if ``None``.
    """
    # Its debug log holds the token and everything that is signed.
    logging.getLogger("oauthlib").setLevel(logging.INFO)
    client = oauth1.Client(*keys, timestamp=str(timestamp), nonce=nonce)
    _, headers, _ = client.sign(str(url), http_method=method)
    header: str = headers["Authorization"]
    return header


class XTransport:
    """A client middleware that sends requests to ``base_url``, authorised.

    Raises XRequestError for every answer that is not a success.
    """

    def __init__(self, base_url: str, authorise: Authorise) -> None:
        self._base = base_url.rstrip("/")
        self._authorise = authorise
        self.limits: dict[str, Mapping[str, str]] = {}
        """Headers of the last answer, by path without ids."""

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        path = request.url.path
        request.url = URL(self._base + request.url.raw_path_qs, encoded=True)
        request.headers["Host"] = request.url.host_port_subcomponent or ""
        request.headers["Authorization"] = self._authorise(request.method, request.url)
        response = await handler(request)
        self.limits[_without_ids(path)] = response.headers
        if response.status >= 300:  # a followed redirect would carry the credentials along
            body = await response.content.read(_MOST_ERROR_BYTES)
            response.close()
            raise request_error(response.status, response.headers, body)
        return response

    def open_session(self, *, total: float | None, idle: float | None) -> ClientSession:
        """Open a session; ``total``: seconds for a whole answer, ``idle``: between its parts."""
        return ClientSession(
            middlewares=(self,),
            timeout=ClientTimeout(total=total, sock_read=idle, sock_connect=10),
            read_bufsize=_STREAM_BUFFER,
        )


class XApi:
    """One app and one account at one server; every method raises XRequestError and nothing else."""

    def __init__(self, settings: XSettings, clock: Clock) -> None:
        self._seconds = settings.send_seconds
        self.app = XTransport(settings.base_url, app_authorisation(settings))
        self.account = XTransport(settings.base_url, account_authorisation(settings, clock))
        self._clients: dict[tuple[XTransport, object], TweepyClient] = {}
        self._streams: set[asyncio.Task[None]] = set()
        self._closed = False

    async def me(self) -> JsonObject:
        """The account that replies."""
        answer = await self._call(self.account, "get_me", user_fields=["name", "username"])
        return _object(answer.get("data"))

    async def search(
        self, query: str, *, since: int | None, most: int, page: str | None
    ) -> XResults:
        """Search posts of the last seven days, newest first; ``since``: only later ids."""
        size = min(_BATCH, max(_LEAST, most))
        return await self._posts(
            self.app,
            "search_recent_tweets",
            query,
            since_id=since,
            max_results=size,
            next_token=page,
        )

    async def mentions(
        self, user: str, *, since: int | None, most: int, page: str | None
    ) -> XResults:
        """Posts that mention the account, newest first; X keeps the last 800."""
        size = min(_BATCH, max(_LEAST, most))
        return await self._posts(
            self.account,
            "get_users_mentions",
            user,
            since_id=since,
            max_results=size,
            pagination_token=page,
        )

    async def timeline(self, user: str, *, since: int, page: str | None) -> XResults:
        """The account's own posts with an id after ``since``, newest first."""
        return await self._posts(
            self.account,
            "get_users_tweets",
            user,
            since_id=since,
            max_results=_BATCH,
            pagination_token=page,
        )

    async def lookup(self, ids: Sequence[str]) -> XResults:
        """Read up to 100 posts by id."""
        return await self._posts(self.app, "get_tweets", list(ids))

    async def create(self, text: str, *, reply_to: str) -> str:
        """Post a reply; returns its id."""
        answer = await self._call(
            self.account, "create_tweet", text=text, in_reply_to_tweet_id=reply_to
        )
        number = _object(answer.get("data")).get("id")
        if not isinstance(number, str) or not number.isdecimal():
            raise _unreadable("the new post has no id")
        return number

    async def rules(self) -> list[JsonObject]:
        """The rules of the filtered stream."""
        answer = await self._call(self.app, "get_rules")
        return _objects(answer.get("data"))

    async def add_rules(self, rules: Sequence[tuple[str, str]]) -> list[JsonObject]:
        """Add rules, each a value and a tag; returns the errors about refused rules."""
        added = [StreamRule(value=value, tag=tag) for value, tag in rules]
        answer = await self._call(self.app, "add_rules", added)
        return _objects(answer.get("errors"))

    async def delete_rules(self, ids: Sequence[str]) -> None:
        """Remove rules by their ids."""
        await self._call(self.app, "delete_rules", list(ids))

    def follow(
        self,
        *,
        data: Callable[[bytes], Awaitable[None]],
        alive: Callable[[], None],
        ended: Callable[[XRequestError], None],
    ) -> "asyncio.Task[None]":
        """Connect to the filtered stream once; cancel the returned task to disconnect.

        Args:
            data: gets each line; reading pauses while it waits.
            alive: called when the connection is established and for each keep-alive.
            ended: called with the reason if the connection ends without being cancelled.
        """

        async def on_closed(*_: object) -> None:
            raise XRequestError(XFault.UNCLEAR, "X has closed the stream")

        async def on_broken() -> None:
            raise XRequestError(XFault.UNCLEAR, "the stream is silent or broken")

        async def on_exception(error: Exception) -> None:
            cause = error.__context__ if isinstance(error, XRequestError) else error
            ended(_translate(cause) if isinstance(cause, ClientError) else _translate(error))

        async def on_alive() -> None:
            alive()

        client = AsyncStreamingClient("-", max_retries=0)
        client.session = self.app.open_session(total=None, idle=STREAM_TIMEOUT)
        client.on_data = data
        client.on_connect = on_alive
        client.on_keep_alive = on_alive
        client.on_closed = on_closed
        client.on_connection_error = on_broken
        client.on_exception = on_exception
        task: asyncio.Task[None] = client.filter(**FIELDS)
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)
        return task

    async def close(self) -> None:
        """Close all connections; may be called twice."""
        self._closed = True
        streams = list(self._streams)
        for task in streams:
            task.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        for client in self._clients.values():
            await client.session.close()

    async def _posts(
        self, transport: XTransport, method: str, *args: object, **params: object
    ) -> XResults:
        given = {name: value for name, value in params.items() if value is not None}
        answer = await self._call(transport, method, *args, **given, **FIELDS)
        return XResults(
            data=tuple(_list(answer.get("data"))),
            includes=_object(answer.get("includes")),
            errors=tuple(_objects(answer.get("errors"))),
            meta=_object(answer.get("meta")),
        )

    async def _call(
        self, transport: XTransport, method: str, *args: object, **params: object
    ) -> JsonObject:
        """The decoded JSON object of a successful answer."""
        if self._closed:
            raise XRequestError(XFault.UNREACHED, "the connector is closed")
        if method.endswith("_rules"):
            client = self._client(transport, AsyncStreamingClient)
        else:
            client = self._client(transport, AsyncClient)
            params["user_auth"] = False  # XTransport signs
        try:
            response: ClientResponse = await getattr(client, method)(*args, **params)
            body: object = await response.json(encoding="utf-8", content_type=None)
        except (ClientError, OSError, TimeoutError) as error:
            raise _translate(error) from None
        except (ValueError, RecursionError) as error:
            raise _unreadable(type(error).__name__) from None
        if not isinstance(body, dict):
            raise _unreadable("not a JSON object")
        return body

    def _client(self, transport: XTransport, kind: Callable[..., TweepyClient]) -> TweepyClient:
        client = self._clients.get((transport, kind))
        if client is None:
            client = kind("-", return_type=ClientResponse)
            client.session = transport.open_session(total=self._seconds, idle=None)
            self._clients[transport, kind] = client
        return client


def _translate(error: BaseException) -> XRequestError:
    """Classify a failure without an answer: whether the request can have been acted on."""
    if isinstance(error, XRequestError):
        return error
    unreached = isinstance(error, ClientConnectorError | ConnectionTimeoutError)
    text = one_line(f"{type(error).__name__}: {error}")
    return XRequestError(XFault.UNREACHED if unreached else XFault.UNCLEAR, text)


def _unreadable(why: str) -> XRequestError:
    return XRequestError(XFault.UNCLEAR, f"the answer cannot be read ({why})")


def _list(value: object) -> list[object]:
    """Read a list; X omits empty ones."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise _unreadable(f"{type(value).__name__} instead of a list")
    return value


def _object(value: object) -> JsonObject:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _unreadable(f"{type(value).__name__} instead of an object")
    return value


def _objects(value: object) -> list[JsonObject]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _without_ids(path: str) -> str:
    """The path with ids replaced, so that there is one entry per rate limit."""
    return "/".join(
        "id" if part.isdecimal() and len(part) > 1 else part for part in path.split("/")
    )
