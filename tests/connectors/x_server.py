"""A server that speaks the X API v2 on a loopback port and writes down what it was asked and did.

It pages newest first, escapes texts, checks both kinds of credentials, keeps the rules of the
stream, and refuses replies to who has not summoned the account, as X does.
Source: https://docs.x.com/x-api
"""

import asyncio
import base64
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qsl, quote

from aiohttp import web

from tests.connectors.support import START

TOKEN = "AAAA-test-bearer"
KEYS = {
    "consumer_key": "ck-test",
    "consumer_secret": "cs-test-secret",
    "access_token": "42-at-test",
    "access_token_secret": "ats-test-secret",
}
ME = {"id": "42", "username": "xmart", "name": "X Mart"}
EPOCH_MS = 1288834974657

Json = dict[str, object]


def snowflake(at_ms: float, start: datetime = START) -> int:
    """The id of a post made at ``at_ms`` after ``start``."""
    return (int(start.timestamp() * 1000 + at_ms) - EPOCH_MS) << 22


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to one call instead of its answer, or to its answer."""

    status: int = 200
    body: Json | str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    how: Literal["answer", "hang", "cut", "act and cut", "act and hang", "act and answer"] = (
        "answer"
    )


@dataclass(frozen=True, kw_only=True)
class Call:
    """One line of the ledger."""

    name: str
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]
    at: float
    acted: bool


def flood(reset: int | None = None, **headers: str) -> Trouble:
    known = {} if reset is None else {"x-rate-limit-reset": str(reset)}
    body: Json = {"title": "Too Many Requests", "detail": "Too Many Requests", "status": 429}
    return Trouble(status=429, body=body, headers=known | headers)


def error(status: int, detail: str, **more: object) -> Trouble:
    body: Json = {"title": "Error", "detail": detail, "type": "about:blank", "status": status}
    return Trouble(status=status, body=body | more)


@dataclass
class XServer:
    """The server's state; tests change and read it freely."""

    url: str = ""
    page: int = 100
    start: datetime = START
    """When the first post is made."""
    posts: dict[int, Json] = field(default_factory=dict)
    """All posts, ours too, by id."""
    searched: set[int] = field(default_factory=set)
    """Which of them match the rules."""
    deleted: set[int] = field(default_factory=set)
    rules: dict[str, Json] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    streams: list[asyncio.Queue[bytes | None]] = field(default_factory=list)
    beat: float = 0.05
    """Seconds between two keep-alives."""
    enforce: bool = True
    shuffle: bool = False
    """Gives pages out of order, and the first page twice."""
    limits: Mapping[str, str] = field(default_factory=dict)
    made: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def say(
        self,
        text: str,
        *,
        mention: bool = True,
        author: str = "7",
        live: bool = True,
        **more: object,
    ) -> str:
        """Have a post by somebody; it goes to the streams too. Returns its id."""
        self.made += 1
        number = snowflake(self.made, self.start)
        named: list[Json] = [{"id": "42", "username": "xmart"}] if mention else []
        post: Json = {
            "id": str(number),
            "text": escape(text),
            "author_id": author,
            "conversation_id": str(number),
            "created_at": (self.start + timedelta(milliseconds=self.made)).isoformat(),
            "edit_history_tweet_ids": [str(number)],
            "entities": {"mentions": named},
            "public_metrics": {
                "like_count": 1,
                "retweet_count": 2,
                "reply_count": 3,
                "quote_count": 4,
                "impression_count": 5,
            },
        } | more
        if len(text) > 280:
            post["note_tweet"] = {"text": escape(text)}
            post["text"] = escape(text[:270]) + "…"
        self.posts[number] = post
        self.searched.add(number)
        if live:
            self.push({"data": post, "includes": self.includes([post])})
        return str(number)

    def edit(self, first: str, text: str) -> str:
        """A further version of a post; returns its id."""
        old = self.posts[int(first)]
        history = list(map(str, _items(old["edit_history_tweet_ids"])))
        newest = self.say(text, live=False)
        history.append(newest)
        for number in history:
            self.posts[int(number)]["edit_history_tweet_ids"] = history
        post = self.posts[int(newest)]
        self.push({"data": post, "includes": self.includes([post])})
        return newest

    def own(self, text: str, reply_to: str | None = None) -> str:
        """A post of the account itself."""
        references = [{"type": "replied_to", "id": reply_to}] if reply_to else []
        return self.say(text, mention=False, author="42", live=False, referenced_tweets=references)

    def push(self, line: Json | bytes) -> None:
        """Send one line to all who are connected to the stream."""
        raw = line if isinstance(line, bytes) else json.dumps(line).encode()
        for stream in self.streams:
            stream.put_nowait(raw)

    def drop_streams(self) -> None:
        for stream in self.streams:
            stream.put_nowait(None)

    def trouble(self, name: str, *troubles: Trouble) -> None:
        """The next calls of ``name`` meet these."""
        self.troubles.setdefault(name, []).extend(troubles)

    def asked(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    @property
    def replies(self) -> list[Json]:
        """What the account has posted."""
        return [call.body for call in self.calls if call.name == "create" and call.acted]

    def includes(self, posts: list[Json]) -> Json:
        """The authors, and the posts that these refer to."""
        users = [
            {
                "id": post["author_id"],
                "username": f"user{post['author_id']}",
                "name": "小王",
                "public_metrics": {"followers_count": 12},
            }
            for post in posts
        ]
        wanted = {
            int(str(item["id"]))
            for post in posts
            for item in map(_dict, _items(post.get("referenced_tweets")))
        }
        found = [self.posts[number] for number in sorted(wanted) if number in self.posts]
        return {"users": users, "tweets": found}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name, argument = route(request)
        body: Json = json.loads(await request.read() or b"{}")
        waiting = self.troubles.get(name, [])
        trouble = waiting.pop(0) if waiting else None
        refused = unauthorized(request, name)
        acts = not refused and (trouble is None or trouble.how.startswith("act"))
        self.calls.append(
            Call(
                name=name,
                query=dict(request.query),
                body=body,
                headers=dict(request.headers),
                at=time.monotonic(),
                acted=acts,
            )
        )
        if refused:
            return _answer(401, {"title": "Unauthorized", "detail": refused, "status": 401}, {})
        if trouble is not None and name == "stream" and trouble.how == "act and hang":
            return await self._stream(request, silent=True)
        if name == "stream" and trouble is None:
            return await self._stream(request, silent=False)
        status, result = self._act(name, argument, request.query, body) if acts else (200, {})
        if trouble is None:
            return _answer(status, result, self.limits)
        if trouble.how.endswith("hang"):
            await self.stopping.wait()
        if not trouble.how.endswith("answer"):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return _answer(trouble.status, trouble.body, trouble.headers)

    def _act(
        self, name: str, argument: str, query: Mapping[str, str], body: Json
    ) -> tuple[int, Json]:
        status, answer = 200, dict[str, object]()
        match name:
            case "me":
                answer = {"data": ME}
            case "search":
                status, answer = self._listed(self.searched, query, "next_token")
            case "mentions":
                named = {
                    number
                    for number, post in self.posts.items()
                    if argument in str(_dict(post["entities"]).get("mentions"))
                }
                status, answer = self._listed(named, query, "pagination_token")
            case "timeline":
                own = {n for n, post in self.posts.items() if post["author_id"] == argument}
                status, answer = self._listed(own, query, "pagination_token")
            case "lookup":
                answer = self._looked_up(query["ids"].split(","))
            case "create":
                status, answer = self._created(body)
            case "rules":
                answer = {"data": list(self.rules.values()), "meta": {}}
            case "change_rules":
                status, answer = self._ruled(body)
        return status, answer

    def _listed(
        self, numbers: set[int], query: Mapping[str, str], token_name: str
    ) -> tuple[int, Json]:
        since = int(query.get("since_id", 0))
        if token_name == "next_token" and is_old(since, self.start):
            return 400, {"errors": [{"message": "'since_id' must be a tweet id of 7 days"}]}
        found = sorted((n for n in numbers - self.deleted if n > since), reverse=True)
        start = int(query.get(token_name, "0"))
        size = min(self.page, int(query["max_results"]))
        posts = [self.posts[number] for number in found[start : start + size]]
        meta: Json = {"result_count": len(posts)}
        if start + size < len(found):
            meta["next_token"] = str(start + size)
        if self.shuffle:
            posts = posts[1::2] + posts[::2] + posts[:1]
        answer: Json = {"meta": meta}
        if posts:
            answer |= {"data": posts, "includes": self.includes(posts)}
        return 200, answer

    def _looked_up(self, ids: list[str]) -> Json:
        assert len(ids) <= 100
        known = [i for i in ids if int(i) in self.posts and int(i) not in self.deleted]
        posts = [self.posts[int(number)] for number in known]
        errors = [
            {
                "value": number,
                "resource_id": number,
                "title": "Not Found Error",
                "type": "https://api.twitter.com/2/problems/resource-not-found",
            }
            for number in ids
            if number not in known
        ]
        answer: Json = {"includes": self.includes(posts)}
        if posts:
            answer["data"] = posts
        if errors:
            answer["errors"] = errors
        return answer

    def _created(self, body: Json) -> tuple[int, Json]:
        text, reply = str(body["text"]), _dict(body["reply"])
        target = self.posts.get(int(str(reply["in_reply_to_tweet_id"])))
        if any(p["author_id"] == "42" and p["text"] == text for p in self.posts.values()):
            self.calls.pop()
            return 403, {"detail": "You are not allowed to create a Tweet with duplicate content."}
        if self.enforce and "'42'" not in str(_dict((target or {}).get("entities", {}))):
            quoted = [
                self.posts[int(str(item["id"]))]["author_id"]
                for item in map(_dict, _items((target or {}).get("referenced_tweets")))
            ]
            assert quoted == ["42"], "X would have refused this reply"
        number = self.own(text, str(reply["in_reply_to_tweet_id"]))
        self.posts[int(number)]["text"] = escape(
            "@user7 " + re.sub(r"https?://\S+", "https://t.co/abc", text)
        )
        return 201, {"data": {"id": number, "text": text}}

    def _ruled(self, body: Json) -> tuple[int, Json]:
        for number in map(str, _items(_dict(body.get("delete", {})).get("ids"))):
            del self.rules[number]
        errors: list[Json] = []
        for item in map(_dict, _items(body.get("add"))):
            if "((" in str(item["value"]):
                errors.append({"title": "Invalid Rule", "value": item["value"], "details": ["("]})
            elif any(rule["value"] == item["value"] for rule in self.rules.values()):
                errors.append({"title": "DuplicateRule", "value": item["value"]})
            else:
                self.made += 1
                self.rules[f"9{self.made}"] = {"id": f"9{self.made}", **item}
        return 201, {"meta": {}} | ({"errors": errors} if errors else {})

    async def _stream(self, request: web.Request, *, silent: bool) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.append(lines)
        try:
            while not self.stopping.is_set():
                try:
                    line = await asyncio.wait_for(lines.get(), self.beat)
                except TimeoutError:
                    line = b""
                if line is None:
                    break
                if not silent:
                    await response.write(line + b"\r\n")
        except ConnectionError:
            pass
        finally:
            self.streams.remove(lines)
        return response


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def is_old(since: int, start: datetime = START) -> bool:
    """True for an id the recent search does not go back to."""
    return 0 < since < snowflake(-7 * 86_400_000, start)


def route(request: web.Request) -> tuple[str, str]:
    """What is asked for, and the id in the path."""
    path = request.path.removeprefix("/prefix").removeprefix("/2/")
    names = {
        "users/me": "me",
        "tweets/search/recent": "search",
        "tweets/search/stream": "stream",
        "tweets/search/stream/rules": "rules" if request.method == "GET" else "change_rules",
        "tweets": "lookup" if request.method == "GET" else "create",
    }
    if path in names:
        return names[path], ""
    found = re.fullmatch(r"users/(\d+)/(mentions|tweets)", path)
    assert found is not None, path
    return ("mentions" if found[2] == "mentions" else "timeline"), found[1]


def unauthorized(request: web.Request, name: str) -> str:
    """Why the credentials are not right; empty where they are."""
    shown = request.headers["Authorization"]
    if name not in {"me", "mentions", "timeline", "create"}:
        return "" if shown == f"Bearer {TOKEN}" else "wrong bearer token"
    if not shown.startswith("OAuth "):
        return "the account has to sign"
    fields = dict(re.findall(r'(oauth_\w+)="([^"]*)"', shown))
    signature = fields.pop("oauth_signature", "")
    pairs = [
        *parse_qsl(request.query_string, keep_blank_values=True),
        *((key, _unquoted(value)) for key, value in fields.items()),
    ]
    joined = "&".join(sorted(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs))
    address = f"http://{request.host}{request.path}"
    base = "&".join(map(_quoted, (request.method, address, joined)))
    key = f"{KEYS['consumer_secret']}&{KEYS['access_token_secret']}".encode()
    right = base64.b64encode(hmac.digest(key, base.encode(), "sha1")).decode()
    return "" if _unquoted(signature) == right else "wrong signature"


def _quoted(text: str) -> str:
    return quote(text, safe="~-._")


def _unquoted(text: str) -> str:
    return parse_qsl(f"x={text}", keep_blank_values=True)[0][1]


def _dict(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def _items(value: object) -> list[object]:
    assert value is None or isinstance(value, list)
    return value or []


def _answer(
    status: int, body: Json | str | bytes | None, headers: Mapping[str, str]
) -> web.Response:
    raw = json.dumps(body) if isinstance(body, dict) else body
    given = {"content-type": "application/json", "x-access-level": "read-write", **headers}
    return web.Response(
        status=status, body=raw.encode() if isinstance(raw, str) else raw, headers=given
    )


@asynccontextmanager
async def x_server() -> AsyncIterator[XServer]:
    """A running server on a free port."""
    server = XServer()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.stopping.set()
        server.drop_streams()
        await runner.cleanup()
