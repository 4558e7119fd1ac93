"""Calls X's API v2 through tweepy; the only file that knows tweepy, which ships no types.

Source: https://docs.x.com/x-api
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ConnectionTimeoutError,
)
from tweepy import StreamRule
from tweepy.asynchronous import AsyncClient, AsyncStreamingClient

from connectors.json_fields import Object
from connectors.x.errors import ApiError, Fault, one_line
from connectors.x.oauth1 import account, bearer
from connectors.x.settings import XSettings
from connectors.x.transport import Door, open_session
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
"""What is asked for with each post; the quoted post tells whether it was the brand's."""
SILENCE_SECONDS: Final = 21.0
"""The stream sends something every 20 seconds; a second later it counts as dead."""
_BATCH: Final = 100
_LEAST: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One page of an answer; its parts are not validated yet."""

    data: tuple[object, ...] = ()
    includes: Object = field(default_factory=dict)
    errors: tuple[Object, ...] = ()
    meta: Object = field(default_factory=dict)

    @property
    def next(self) -> str | None:
        """Pass it to get the page of older posts; ``None`` at the end."""
        token = self.meta.get("next_token")
        return token if isinstance(token, str) and token else None

    @property
    def read(self) -> list[str]:
        """Ids of all posts in it: X takes money for each, once a day."""
        included = self.includes.get("tweets")
        posts = [*self.data, *(included if isinstance(included, list) else ())]
        return [str(post["id"]) for post in posts if isinstance(post, dict) and "id" in post]


class Client(Protocol):
    """What the clients of tweepy have in common."""

    session: ClientSession


class XApi:
    """One app and one account at one server; every method raises ApiError and nothing else."""

    def __init__(self, settings: XSettings, clock: Clock) -> None:
        self._seconds = settings.send_seconds
        self.app = Door(settings.base_url, bearer(settings))
        self.account = Door(settings.base_url, account(settings, clock))
        self._clients: dict[tuple[Door, object], Client] = {}
        self._streams: set[asyncio.Task[None]] = set()
        self._closed = False

    async def me(self) -> Object:
        """The account that replies."""
        answer = await self._call(self.account, "get_me", user_fields=["name", "username"])
        return _object(answer.get("data"))

    async def search(self, query: str, *, since: int | None, most: int, page: str | None) -> Answer:
        """Posts of the last seven days, newest first."""
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
    ) -> Answer:
        """Posts that name the account, newest first; the last 800."""
        size = min(_BATCH, max(_LEAST, most))
        return await self._posts(
            self.account,
            "get_users_mentions",
            user,
            since_id=since,
            max_results=size,
            pagination_token=page,
        )

    async def timeline(self, user: str, *, since: int, page: str | None) -> Answer:
        """What the account itself has posted behind ``since``, newest first."""
        return await self._posts(
            self.account,
            "get_users_tweets",
            user,
            since_id=since,
            max_results=_BATCH,
            pagination_token=page,
        )

    async def lookup(self, ids: Sequence[str]) -> Answer:
        """Up to 100 posts by id; what is gone stands in ``errors``."""
        return await self._posts(self.app, "get_tweets", list(ids))

    async def create(self, text: str, *, reply_to: str) -> str:
        """Post a reply; returns its id."""
        answer = await self._call(
            self.account, "create_tweet", text=text, in_reply_to_tweet_id=reply_to
        )
        number = _object(answer.get("data")).get("id")
        if not isinstance(number, str) or not number.isdecimal():
            raise _unreadable("it has no id")
        return number

    async def rules(self) -> list[Object]:
        """The stream's rules as the platform has them."""
        answer = await self._call(self.app, "get_rules")
        return _objects(answer.get("data"))

    async def add_rules(self, rules: Sequence[tuple[str, str]]) -> list[Object]:
        """Add rules, each a value and a tag; returns what is wrong with those not taken."""
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
        ended: Callable[[ApiError], None],
    ) -> "asyncio.Task[None]":
        """Connect to the filtered stream, once: who wants it again calls again.

        ``data`` gets each line and holds up the reading while it waits; ``alive`` is called when
        the connection stands and for each keep-alive; ``ended`` is called where it is not the
        caller who ends it, by cancelling the task.
        """

        async def no_more(*_: object) -> None:
            raise ApiError(Fault.UNCLEAR, "X has closed the stream")

        async def broken() -> None:
            raise ApiError(Fault.UNCLEAR, "the stream is silent or broken")

        async def over(error: Exception) -> None:
            cause = error.__context__ if isinstance(error, ApiError) else error
            ended(_translate(cause) if isinstance(cause, ClientError) else _translate(error))

        async def beat() -> None:
            alive()

        client = AsyncStreamingClient("-", max_retries=0)
        client.session = open_session(self.app, seconds=None, silence=SILENCE_SECONDS)
        client.on_data = data
        client.on_connect = beat
        client.on_keep_alive = beat
        client.on_closed = no_more
        client.on_connection_error = broken
        client.on_exception = over
        task: asyncio.Task[None] = client.filter(**FIELDS)
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)
        return task

    async def close(self) -> None:
        """Give back the connections; may be called twice."""
        self._closed = True
        streams = list(self._streams)
        for task in streams:
            task.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        for client in self._clients.values():
            await client.session.close()

    async def _posts(self, door: Door, method: str, *args: object, **params: object) -> Answer:
        given = {name: value for name, value in params.items() if value is not None}
        answer = await self._call(door, method, *args, **given, **FIELDS)
        return Answer(
            data=tuple(_list(answer.get("data"))),
            includes=_object(answer.get("includes")),
            errors=tuple(_objects(answer.get("errors"))),
            meta=_object(answer.get("meta")),
        )

    async def _call(self, door: Door, method: str, *args: object, **params: object) -> Object:
        """The decoded body of an answer that is no refusal."""
        if self._closed:
            raise ApiError(Fault.UNREACHED, "the connector is closed")
        if method.endswith("_rules"):
            client = self._client(door, AsyncStreamingClient)
        else:
            client = self._client(door, AsyncClient)
            params["user_auth"] = False  # the door signs
        try:
            response: ClientResponse = await getattr(client, method)(*args, **params)
            body: object = await response.json(encoding="utf-8", content_type=None)
        except (ClientError, OSError, TimeoutError) as error:
            raise _translate(error) from None
        except (ValueError, RecursionError) as error:
            raise _unreadable(type(error).__name__) from None
        if not isinstance(body, dict):
            raise _unreadable("it is no object")
        return body

    def _client(self, door: Door, kind: Callable[..., Client]) -> Client:
        client = self._clients.get((door, kind))
        if client is None:
            client = kind("-", return_type=ClientResponse)
            client.session = open_session(door, seconds=self._seconds, silence=None)
            self._clients[door, kind] = client
        return client


def _translate(error: BaseException) -> ApiError:
    """What a failure without an answer means."""
    if isinstance(error, ApiError):
        return error
    unreached = isinstance(error, ClientConnectorError | ConnectionTimeoutError)
    text = one_line(f"{type(error).__name__}: {error}")
    return ApiError(Fault.UNREACHED if unreached else Fault.UNCLEAR, text)


def _unreadable(why: str) -> ApiError:
    return ApiError(Fault.UNCLEAR, f"the answer cannot be read ({why})")


def _list(value: object) -> list[object]:
    """A list in an answer; X leaves out what is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise _unreadable(f"{type(value).__name__} instead of a list")
    return value


def _object(value: object) -> Object:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _unreadable(f"{type(value).__name__} instead of an object")
    return value


def _objects(value: object) -> list[Object]:
    return [item for item in _list(value) if isinstance(item, dict)]
