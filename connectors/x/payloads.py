"""What X delivers without being asked: lines of the stream and pushed bodies.

Four products send four shapes; all are understood wherever they arrive: the filtered stream (a post
with what it includes), the compliance streams (notices of deletion), the X Activity API (a named
event around a post) and the Account Activity API (lists of posts in the shape of API v1.1).
Sources: https://docs.x.com/x-api/webhooks/stream/quickstart,
https://docs.x.com/x-api/compliance/streams/introduction,
https://docs.x.com/x-api/activity/event-payloads,
https://docs.x.com/x-api/account-activity/introduction
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from connectors.json_fields import Object
from connectors.x.cache import Known
from connectors.x.events import Me, Post, gone, native_id, read_post
from core.errors import InputError
from core.events import Event, Reject

_MOST_KEPT: Final = 64 * 1024
_WITHDRAWALS: Final = ("delete", "drop")
"""Notices after which a post must not be shown any more."""


@dataclass(slots=True)
class Delivery:
    """What was in it."""

    posts: list[Post] = field(default_factory=list)
    gone: list[Event] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    problem: str = ""
    """What X says is wrong with the connection."""


def read_delivery(raw: bytes, me: Me, *, channel: str, known: Known, now: datetime) -> Delivery:
    """Sort out one line or body; what is no post and no notice is left out."""
    found = Delivery()
    try:
        data: object = json.loads(raw)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        found.rejects.append(reject(raw, channel, "it is no JSON object"))
        return found
    reader = _Reader(me=me, channel=channel, known=known, now=now, found=found)
    reader.read(data)
    return found


def reject(item: object, channel: str, reason: str) -> Reject:
    """Something that was to be a post, kept aside under a key of its own."""
    raw = item if isinstance(item, bytes) else json.dumps(item).encode()
    number = native_id(item.get("id")) if isinstance(item, dict) else None
    key = f"post:{number}" if number else hashlib.sha256(raw).hexdigest()[:32]
    text = f"{reason}. X may have changed its format: update Tingfeng."
    return Reject(channel=channel, id=key, raw=raw[:_MOST_KEPT], reason=text)


def read_posts(
    items: Iterable[object], includes: Object, me: Me, *, channel: str
) -> tuple[list[Post], list[Reject]]:
    """The posts of others in an answer, and what could not be read."""
    posts, rejects = list[Post](), list[Reject]()
    for item in items:
        try:
            post = read_post(item, includes, me, channel=channel)
        except InputError as error:
            rejects.append(reject(item, channel, str(error)))
            continue
        if post.event.author.id != me.id:
            posts.append(post)
    return posts, rejects


@dataclass(kw_only=True, slots=True)
class _Reader:
    me: Me
    channel: str
    known: Known
    now: datetime
    found: Delivery

    def read(self, data: Object) -> None:
        for name in _WITHDRAWALS:
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
        elif any(isinstance(inner.get(name), dict) for name in _WITHDRAWALS):
            for name in _WITHDRAWALS:
                self._notice(inner.get(name))
        elif "id" in inner or "text" in inner:
            self._post(inner, _object(data.get("includes")))

    def _activity(self, event: Object) -> None:
        kind, payload = event.get("event_type"), _object(event.get("payload"))
        includes = _object(event.get("includes")) or _object(payload.get("includes"))
        if kind in {"post.create", "post.mention.create", "post.reply.create", "post.quote.create"}:
            self._post(payload, includes)
        elif kind == "post.delete":
            self._gone(payload.get("id"), payload.get("author_id"), payload.get("event_at"))

    def _post(self, item: object, includes: Object) -> None:
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
            self.found.gone.append(
                withdrawal(found, self.known, channel=self.channel, at=when, author=writer)
            )


def withdrawal(number: str, known: Known, *, channel: str, at: datetime, author: str = "") -> Event:
    """The event for a post of which only the id is told."""
    seen = known.find(number)
    return gone(
        seen.id if seen else number,
        channel=channel,
        author=seen.author if seen else author,
        conversation=seen.conversation if seen else number,
        at=at,
    )


def _from_v1(status: object) -> tuple[Object, Object]:
    """A post of API v1.1 as API v2 would tell it, and what it would include."""
    old = _object(status)
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
    post = {
        "id": old.get("id_str"),
        "author_id": user.get("id_str"),
        "text": extended.get("full_text") or old.get("full_text") or old.get("text"),
        "created_at": _v1_time(old.get("created_at")),
        "entities": {"mentions": mentions},
        "referenced_tweets": references,
    }
    author = {
        "id": user.get("id_str"),
        "name": user.get("name"),
        "username": user.get("screen_name"),
        "public_metrics": {"followers_count": user.get("followers_count")},
    }
    original = {
        "id": quoted.get("id_str"),
        "author_id": _object(quoted.get("user")).get("id_str"),
    }
    return post, {"users": [author], "tweets": [original]}


def _v1_time(value: object) -> str | None:
    """``Wed Oct 10 20:19:24 +0000 2018`` as ISO 8601."""
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


def _problem(data: Object) -> str:
    """What X says before it closes a stream."""
    for error in _list(data.get("errors")):
        text = _object(error).get("detail") or _object(error).get("title")
        if isinstance(text, str):
            return text
    return ""


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
