"""A server that speaks Reddit's API on a loopback port and writes down what it was asked and did.

Listings show the newest first, a hundred at most; ``before`` gives what stands just above an item
and nothing where the item is not listed any more. Source: https://www.reddit.com/dev/api
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

ID = "client-id"
SECRET = "client-secret_0123"
USER = "shop_bot"
PASSWORD = "pass-word_4567"
REFRESH = "refresh-token_89ab"

Json = dict[str, object]
ACTS = ("api/comment", "api/compose")


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A failure of one request, instead of its answer or in it."""

    status: int = 200
    body: Json | list[object] | str | None = None
    """Sent instead of the real answer."""
    headers: Mapping[str, str] = field(default_factory=dict)
    how: Literal["answer", "act and answer", "hang", "cut", "act and cut", "act and hang"] = (
        "answer"
    )


@dataclass(frozen=True, kw_only=True)
class Call:
    """One line of the ledger."""

    path: str
    fields: Mapping[str, str]
    headers: Mapping[str, str]
    at: float
    """Monotonic seconds."""
    acted: bool


def errors(*found: tuple[str, str, str], **more: object) -> Trouble:
    """An answer of 200 whose body says what is wrong."""
    return Trouble(body={"json": {"errors": [list(one) for one in found], **more}})


@dataclass
class RedditServer:
    """The server's state; tests change and read it freely."""

    url: str = ""
    page: int = 100
    items: dict[str, Json] = field(default_factory=dict)
    """By full name, oldest first."""
    unlisted: set[str] = field(default_factory=set)
    inbox: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    posted: list[Json] = field(default_factory=list)
    """Posts of the account, oldest first."""
    calls: list[Call] = field(default_factory=list)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    rate: dict[str, str] = field(default_factory=dict)
    """Headers of every answer."""
    tokens: int = 0
    """Number of tokens issued."""
    lifetime: int = 3600
    newest_slice: bool = False
    """``before`` gives the newest items instead of those just above."""
    shown: int = 1000
    """So many of the newest a listing holds."""
    extra: list[object] = field(default_factory=list)
    """Stands at the top of every listing."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    number: int = 36**5

    def post(self, title: str, text: str = "", *, sub: str = "shop", **more: object) -> str:
        """A submission; returns its full name."""
        given = {"num_comments": 0} | more
        return self._add("t3", title=title, selftext=text, subreddit=sub, **given)

    def comment(self, text: str, *, sub: str = "shop", **more: object) -> str:
        """A comment; returns its full name."""
        given = {"link_id": "t3_10000", "parent_id": "t3_10000"} | more
        return self._add("t1", body=text, subreddit=sub, **given)

    def message(self, text: str, **more: object) -> str:
        """A private message to the account."""
        name = self._add("t4", body=text, subject="re: hello", parent_id="t4_first", **more)
        self.inbox.append(name)
        return name

    def _add(self, kind: str, **data: object) -> str:
        self.number += 1
        short = _base36(self.number)
        name = f"{kind}_{short}"
        given: Json = {
            "id": short,
            "name": name,
            "author": "xiao_wang",
            "created_utc": 1_772_352_000.0 + self.number - 36**5,
            "edited": False,
            "score": 1,
            "permalink": f"/r/shop/comments/{short}/",
        }
        self.items[name] = given | data
        return name

    def trouble(self, path: str, *troubles: Trouble) -> None:
        """The next requests of ``path`` meet these."""
        self.troubles.setdefault(path, []).extend(troubles)

    def asked(self, path: str) -> list[Call]:
        """All requests of ``path``."""
        return [call for call in self.calls if call.path == path]

    @property
    def texts(self) -> list[str]:
        """The posts of the account."""
        return [str(thing["body"]) for thing in self.posted]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.strip("/")
        fields = {**request.query, **{k: str(v) for k, v in (await request.post()).items()}}
        waiting = self.troubles.get(path, [])
        trouble = waiting.pop(0) if waiting else None
        signing_in = path == "api/v1/access_token"
        right = signing_in or request.headers.get("authorization") == f"bearer token-{self.tokens}"
        acts = right and (trouble is None or trouble.how.startswith("act"))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(
            Call(path=path, fields=fields, headers=headers, at=time.monotonic(), acted=acts)
        )
        if not right:
            return _answer(401, {"message": "Unauthorized", "error": 401}, {})
        answer = self._act(path, fields, headers) if acts else None
        if trouble is None:
            status = 404 if answer is None else 200
            return _answer(status, answer or {"message": "Not Found", "error": 404}, self.rate)
        if trouble.how.endswith("hang"):
            await self.stopping.wait()
        if not trouble.how.endswith("answer"):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return _answer(trouble.status, trouble.body, {**self.rate, **trouble.headers})

    def _act(  # noqa: PLR0911 - one line for each thing that Reddit offers
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str]
    ) -> object:
        match path.split("/"):
            case ["api", "v1", "access_token"]:
                return self._token(fields, headers)
            case ["api", "v1", "me"]:
                return {"name": USER, "id": "abc"}
            case ["api", "info"]:
                names = fields["id"].split(",")
                assert len(names) <= 100
                return _listing([self._child(name) for name in names if name in self.items])
            case ["api", "comment" | "compose"]:
                return self._write(fields)
            case ["message", "inbox"]:
                return self._slice(self.inbox, fields)
            case ["message", "mentions"]:
                return self._slice(self.mentions, fields)
            case ["message", "sent"]:
                return _own(self.posted, "t4")
            case ["user", name, "comments"] if name == USER:
                return _own(self.posted, "t1")
            case ["r", "all", "search"]:
                found = [n for n in self._of("t3", None) if fields["q"] in str(self.items[n])]
                return self._slice(found, fields)
            case ["r", sub, "new"]:
                return self._slice(self._of("t3", sub), fields)
            case ["r", sub, "comments"]:
                return self._slice(self._of("t1", sub), fields)
        return None

    def _token(self, fields: Mapping[str, str], headers: Mapping[str, str]) -> Json:
        basic = base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
        if headers.get("authorization") != f"Basic {basic}":
            return {"error": 401, "message": "Unauthorized"}
        password = fields["grant_type"] == "password" and fields["password"] == PASSWORD
        refresh = fields["grant_type"] == "refresh_token" and fields["refresh_token"] == REFRESH
        if not (password or refresh):
            return {"error": "invalid_grant"}
        self.tokens += 1
        return {
            "access_token": f"token-{self.tokens}",
            "token_type": "bearer",
            "expires_in": self.lifetime,
            "scope": "*",
        }

    def _write(self, fields: Mapping[str, str]) -> Json:
        self.number += 1
        parent = fields.get("thing_id", "")
        kind = "t1" if parent[:2] in ("t1", "t3") else "t4"
        made: Json = {
            "name": f"{kind}_{_base36(self.number)}",
            "body": fields["text"].strip(),
            "author": USER,
            "parent_id": parent or None,
            "dest": fields.get("to", "").lstrip("/"),
            "subject": fields.get("subject", ""),
            "created_utc": 1_772_352_000.0 + self.number - 36**5,
        }
        self.posted.append(made)
        if not parent:
            return {"json": {"errors": []}}
        return {"json": {"errors": [], "data": {"things": [{"kind": kind, "data": made}]}}}

    def _of(self, kind: str, sub: str | None) -> list[str]:
        return [
            name
            for name, data in self.items.items()
            if name[:2] == kind
            and name not in self.unlisted
            and (sub is None or data["subreddit"] == sub)
        ]

    def _slice(self, oldest_first: list[str], fields: Mapping[str, str]) -> Json:
        limit = min(int(fields.get("limit", 25)), self.page)
        every = oldest_first[::-1][: self.shown]
        start, end = 0, limit
        if before := fields.get("before"):
            end = every.index(before) if before in every else 0
            start = 0 if self.newest_slice else max(0, end - limit)
            end = min(end, start + limit)
        elif after := fields.get("after"):
            start = every.index(after) + 1 if after in every else len(every)
            end = start + limit
        part = every[start:end]
        following = part[-1] if part and end < len(every) else None
        return _listing([*self.extra, *map(self._child, part)], after=following)

    def _child(self, name: str) -> Json:
        return {"kind": name[:2], "data": self.items[name]}


def _own(posted: list[Json], kind: str) -> Json:
    mine = [{"kind": kind, "data": one} for one in posted if str(one["name"])[:2] == kind]
    return _listing(list(mine[::-1]))


def _listing(children: list[object], after: str | None = None) -> Json:
    return {"kind": "Listing", "data": {"children": children, "after": after, "before": None}}


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def _answer(status: int, body: object, headers: Mapping[str, str]) -> web.Response:
    text = body if isinstance(body, str) else json.dumps(body)
    return web.Response(
        status=status, text=text, headers=dict(headers), content_type="application/json"
    )


@asynccontextmanager
async def reddit_server() -> AsyncIterator[RedditServer]:
    """A running server on a free port."""
    server = RedditServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.stopping.set()
        await runner.cleanup()
