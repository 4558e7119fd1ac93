"""X's protocol: keys, signatures, ids and failures. Source: https://docs.x.com/x-api"""

import base64
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
    """A failure of one call, instead of its answer or in it."""

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


def is_old(since: int, start: datetime = START) -> bool:
    """True for an id the recent search does not go back to."""
    return 0 < since < snowflake(-7 * 86_400_000, start)


def route(request: web.Request) -> tuple[str, str]:
    """The name of the requested call, and the id in its path."""
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
    """The fault of the credentials; empty where they are right."""
    shown = request.headers["Authorization"]
    if name not in {"me", "mentions", "timeline", "create"}:
        return "" if shown == f"Bearer {TOKEN}" else "wrong bearer token"
    if not shown.startswith("OAuth "):
        return "the account has to sign"
    address = f"http://{request.host}{request.path}"
    return wrong_signature(
        shown,
        request.method,
        address,
        parse_qsl(request.query_string, keep_blank_values=True),
    )


def wrong_signature(
    header: str, method: str, address: str, query: Sequence[tuple[str, str]]
) -> str:
    """The fault of an OAuth 1.0a header, computed after RFC 5849; empty if it does."""
    fields = dict(re.findall(r'(oauth_\w+)="([^"]*)"', header))
    signature = fields.pop("oauth_signature", "")
    pairs = [*query, *((key, unquoted(value)) for key, value in fields.items())]
    encoded = sorted((quoted(key), quoted(value)) for key, value in pairs)
    joined = "&".join(f"{key}={value}" for key, value in encoded)
    base = "&".join(map(quoted, (method, address, joined)))
    key = f"{KEYS['consumer_secret']}&{KEYS['access_token_secret']}".encode()
    right = base64.b64encode(hmac.digest(key, base.encode(), "sha1")).decode()
    return "" if unquoted(signature) == right else "wrong signature"


def quoted(text: str) -> str:
    return quote(text, safe="~-._")


def unquoted(text: str) -> str:
    return parse_qsl(f"x={text}", keep_blank_values=True)[0][1]


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_dict(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def as_items(value: object) -> list[object]:
    assert value is None or isinstance(value, list)
    return value or []


def respond(
    status: int, body: Json | str | bytes | None, headers: Mapping[str, str]
) -> web.Response:
    raw = json.dumps(body) if isinstance(body, dict) else body
    given = {"content-type": "application/json", "x-access-level": "read-write", **headers}
    return web.Response(
        status=status, body=raw.encode() if isinstance(raw, str) else raw, headers=given
    )


NEW_NAMES = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
    "retweet_count": "repost_count",
    "tweets": "posts",
}
"""Fields that X's specification 2.167 has renamed."""


def with_new_names(value: object) -> Json:
    """An answer in the new vocabulary."""

    def renamed(part: object) -> object:
        if isinstance(part, dict):
            return {NEW_NAMES.get(key, key): renamed(item) for key, item in part.items()}
        return [renamed(item) for item in part] if isinstance(part, list) else part

    return as_dict(renamed(value))


def old_names(query: Mapping[str, str]) -> str:
    """The first parameter or field of the old vocabulary in a query."""
    if "tweet.fields" in query:
        return "tweet.fields"
    asked = ",".join(query.get(name, "") for name in ("post.fields", "expansions")).split(",")
    fields = {*NEW_NAMES, "referenced_tweets.id", "in_reply_to_user_id", "referenced_posts.id"}
    return next((name for name in asked if name in fields), "")


def refused_names(name: str) -> Json:
    """X's answer to a parameter that it does not know."""
    known = "query,max_results,since_id,next_token,post.fields,expansions,user.fields"
    return {
        "errors": [
            {
                "parameters": {name: ["..."]},
                "message": f"The query parameter [{name}] is not one of [{known}]",
            }
        ],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
        "status": 400,
    }
