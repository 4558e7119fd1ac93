"""Parses what X pushes: lines of the filtered stream and webhook bodies, and verifies the latter.

Four products use four formats, all of which are accepted on both ways: the filtered stream (a post
with its includes), the compliance streams (deletion notices), the X Activity API (a named event
around a post) and the Account Activity API (lists of posts in the format of API v1.1).

Sources: https://docs.x.com/x-api/webhooks/stream/quickstart,
https://docs.x.com/x-api/compliance/streams/introduction,
https://docs.x.com/x-api/activity/event-payloads,
https://docs.x.com/x-api/account-activity/introduction,
https://docs.x.com/x-api/webhooks/quickstart
"""

import base64
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from pydantic import SecretStr

from connectors.json_fields import JsonObject
from connectors.x.account import XAccount
from connectors.x.events import XPost
from connectors.x.fields import native_id
from connectors.x.seen import SeenPosts, deletion_of, read_posts, reject
from core.connector import PushRequest, PushResponse
from core.model.events import Event, Reject

_DELETION_NOTICES: Final = ("delete", "drop")
"""Notices after which a post must no longer be shown."""


@dataclass(slots=True)
class XDelivery:
    """The contents of one line or body."""

    posts: list[XPost] = field(default_factory=list)
    deletions: list[Event] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    problem: str = ""
    """X's explanation before it closes a stream."""


def read_delivery(
    raw: bytes, me: XAccount, *, channel: str, seen: SeenPosts, now: datetime
) -> XDelivery:
    """Parse one line or webhook body; objects that are neither posts nor notices are left out."""
    found = XDelivery()
    try:
        data: object = json.loads(raw)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        found.rejects.append(reject(raw, channel, "not a JSON object"))
        return found
    reader = _Reader(me=me, channel=channel, seen=seen, now=now, found=found)
    reader.read(data)
    return found


@dataclass(kw_only=True, slots=True)
class _Reader:
    me: XAccount
    channel: str
    seen: SeenPosts
    now: datetime
    found: XDelivery

    def read(self, data: JsonObject) -> None:
        for name in _DELETION_NOTICES:
            self._notice(data.get(name))
        for status in _list(data.get("tweet_create_events")):
            self._post(*_from_v1(status))
        for notice in _list(data.get("tweet_delete_events")):
            self._v1_notice(notice)
        inner = data.get("data")
        if not isinstance(inner, dict):
            self.found.problem = _problem(data)
        elif "event_type" in inner:
            self._activity(inner)
        elif any(isinstance(inner.get(name), dict) for name in _DELETION_NOTICES):
            for name in _DELETION_NOTICES:
                self._notice(inner.get(name))
        elif "id" in inner or "text" in inner:
            self._post(inner, _object(data.get("includes")))

    def _activity(self, event: JsonObject) -> None:
        kind, payload = event.get("event_type"), _object(event.get("payload"))
        includes = _object(event.get("includes")) or _object(payload.get("includes"))
        if kind in {"post.create", "post.mention.create", "post.reply.create", "post.quote.create"}:
            self._post(payload, includes)
        elif kind == "post.delete":
            self._gone(payload.get("id"), payload.get("author_id"), payload.get("event_at"))

    def _post(self, item: object, includes: JsonObject) -> None:
        posts, rejects = read_posts([item], includes, self.me, channel=self.channel)
        self.found.posts += posts
        self.found.rejects += rejects

    def _notice(self, notice: object) -> None:
        if isinstance(notice, dict):
            post = _object(notice.get("tweet"))
            self._gone(post.get("id"), post.get("author_id"), notice.get("event_at"))

    def _v1_notice(self, notice: object) -> None:
        status = _object(_object(notice).get("status"))
        self._gone(status.get("id"), status.get("user_id"), None)

    def _gone(self, number: object, author: object, at: object) -> None:
        found = native_id(number)
        if found is not None:
            when = _moment(at) or self.now
            writer = native_id(author) or ""
            self.found.deletions.append(
                deletion_of(found, self.seen, channel=self.channel, at=when, author=writer)
            )


def _from_v1(status: object) -> tuple[JsonObject, JsonObject]:
    """Convert a post of API v1.1 to the format of v2; returns the post and its includes."""
    old = _object(status)
    originals = [_object(old.get(name)) for name in ("quoted_status", "retweeted_status")]
    whole = [old, *(one for one in originals if one)]
    includes = {
        "users": [_v1_user(one) for one in whole],
        "tweets": [_v1_post(one) for one in whole[1:]],
    }
    return _v1_post(old), includes


def _v1_post(old: JsonObject) -> JsonObject:
    user, quoted = _object(old.get("user")), _object(old.get("quoted_status"))
    extended = _object(old.get("extended_tweet"))
    entities = _object(extended.get("entities")) or _object(old.get("entities"))
    references = [
        {"type": kind, "id": number}
        for kind, number in (
            ("retweeted", _object(old.get("retweeted_status")).get("id_str")),
            ("replied_to", old.get("in_reply_to_status_id_str")),
            ("quoted", quoted.get("id_str")),
        )
        if number
    ]
    mentions = [
        {"id": _object(item).get("id_str"), "username": _object(item).get("screen_name")}
        for item in _list(entities.get("user_mentions"))
    ]
    return {
        "id": old.get("id_str"),
        "author_id": user.get("id_str"),
        "text": extended.get("full_text") or old.get("full_text") or old.get("text"),
        "created_at": _v1_time(old.get("created_at")),
        "entities": {"mentions": mentions, "urls": _list(entities.get("urls"))},
        "referenced_tweets": references,
    }


def _v1_user(old: JsonObject) -> JsonObject:
    user = _object(old.get("user"))
    return {
        "id": user.get("id_str"),
        "name": user.get("name"),
        "username": user.get("screen_name"),
        "public_metrics": {"followers_count": user.get("followers_count")},
        "description": user.get("description"),
    }


def _v1_time(value: object) -> str | None:
    """Convert ``Wed Oct 10 20:19:24 +0000 2018`` to ISO 8601."""
    try:
        day, month, date, clock, zone, year = str(value).split()
        return parsedate_to_datetime(f"{day}, {date} {month} {year} {clock} {zone}").isoformat()
    except ValueError:
        return None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _problem(data: JsonObject) -> str:
    """X's explanation before it closes a stream."""
    for error in _list(data.get("errors")):
        text = _object(error).get("detail") or _object(error).get("title")
        if isinstance(text, str):
            return text
    return ""


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


_SIGNATURES: Final = ("x-twitter-webhooks-signature", "x-x-webhooks-signature")
_SIGNED: Final = "sha256="
_LONGEST_TOKEN: Final = 1000


def answer_challenge(request: PushRequest, secret: SecretStr) -> PushResponse:
    """Answer X's challenge-response check, a GET with a ``crc_token``; 400 for any other GET."""
    token = request.query.get("crc_token", "")
    if not 0 < len(token) <= _LONGEST_TOKEN:
        return PushResponse(status=400)
    body = json.dumps({"response_token": _sign(token.encode("utf-8", "replace"), secret)})
    return PushResponse(
        status=200, body=body.encode(), content_type="application/json; charset=utf-8"
    )


def has_signature(request: PushRequest) -> bool:
    """True for a request with a header in which X signs."""
    return any(request.headers.get(name, "").startswith(_SIGNED) for name in _SIGNATURES)


def is_signed(request: PushRequest, secret: SecretStr) -> bool:
    """True if the body bears X's signature; compares in constant time."""
    shown = next((request.headers[name] for name in _SIGNATURES if name in request.headers), "")
    right = _sign(request.body, secret)
    return hmac.compare_digest(shown.encode("utf-8", "replace"), right.encode())


def _sign(content: bytes, secret: SecretStr) -> str:
    digest = hmac.digest(secret.get_secret_value().encode(), content, "sha256")
    return f"{_SIGNED}{base64.b64encode(digest).decode()}"
