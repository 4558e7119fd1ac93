"""A server that speaks the X API v2 on a loopback port and writes down what it was asked and did.

It pages newest first, escapes texts, checks both kinds of credentials, keeps the rules of the
stream, and refuses replies to who has not summoned the account, as X does.
Source: https://docs.x.com/x-api
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from tests.connectors.x.posts import XPosts
from tests.connectors.x.protocol import (
    ME,
    Call,
    Json,
    as_dict,
    as_items,
    escape,
    is_old,
    old_names,
    refused_names,
    respond,
    route,
    unauthorized,
    with_new_names,
)


class XServer(XPosts):
    """Answers calls out of what it holds."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name, argument = route(request)
        body: Json = json.loads(await request.read() or b"{}")
        waiting = self.troubles.get(name, [])
        trouble = waiting.pop(0) if waiting else None
        refused = self._refusal(request, name)
        acts = refused is None and (trouble is None or trouble.how.startswith("act"))
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
        if refused is not None:
            return respond(*refused, {})
        if trouble is not None and name == "stream" and trouble.how == "act and hang":
            return await self._stream(request, silent=True)
        if name == "stream" and trouble is None:
            return await self._stream(request, silent=False)
        status, result = self._act(name, argument, request.query, body) if acts else (200, {})
        result = with_new_names(result) if self.renamed else result
        if trouble is None:
            return respond(status, result, self.limits)
        if trouble.how.endswith("hang"):
            await self.stopping.wait()
        if not trouble.how.endswith("answer"):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return respond(trouble.status, trouble.body, trouble.headers)

    def _refusal(self, request: web.Request, name: str) -> tuple[int, Json] | None:
        """Status and body for wrong credentials, and for names that this server does not speak."""
        if why := unauthorized(request, name):
            return 401, {"title": "Unauthorized", "detail": why, "status": 401}
        if self.renamed and (old := old_names(request.query)):
            return 400, refused_names(old)
        return None

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
                    if argument in str(as_dict(post["entities"]).get("mentions"))
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
        text, reply = str(body["text"]), as_dict(body["reply"])
        target = self.posts.get(int(str(reply["in_reply_to_tweet_id"])))
        if any(p["author_id"] == "42" and p["text"] == text for p in self.posts.values()):
            self.calls.pop()
            return 403, {"detail": "You are not allowed to create a Tweet with duplicate content."}
        if self.enforce and "'42'" not in str(as_dict((target or {}).get("entities", {}))):
            quoted = [
                self.posts[int(str(item["id"]))]["author_id"]
                for item in map(as_dict, as_items((target or {}).get("referenced_tweets")))
            ]
            assert quoted == ["42"], "X would have refused this reply"
        number = self.own(text, str(reply["in_reply_to_tweet_id"]))
        self.posts[int(number)]["text"] = escape(
            "@user7 " + re.sub(r"https?://\S+", "https://t.co/abc", text)
        )
        return 201, {"data": {"id": number, "text": text}}

    def _ruled(self, body: Json) -> tuple[int, Json]:
        for number in map(str, as_items(as_dict(body.get("delete", {})).get("ids"))):
            del self.rules[number]
        errors: list[Json] = []
        for item in map(as_dict, as_items(body.get("add"))):
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
