"""Converts X's JSON into Events. Pure functions over decoded JSON.

An unknown or malformed part of a post is left out; a post without id, author or time is rejected.

Source: https://docs.x.com/x-api/fundamentals/data-dictionary
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.json_fields import JsonObject, time_field
from connectors.x.account import XAccount, author_of, username
from connectors.x.fields import (
    count,
    included,
    native_id,
    note_of,
    objects,
    part,
    referenced,
    shown_posts,
)
from connectors.x.names import field_of
from connectors.x.quoted import media_kind, media_of, own_text, read_quoted
from core.errors import InputError
from core.model.events import Author, Event, EventKind, Metrics

DELETED_REVISION: Final = 1_000_000
"""Revision of a deletion, which follows all edits that a post can have."""

_EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_DATED: Final = 1 << 40
"""Ids from here on are snowflakes: the time in milliseconds, shifted left by 22 bits."""
_NAMES: Final = re.compile(r"(?:@\w{1,50}\s*)*")
METRIC_FIELDS: Final = {
    "likes": "like_count",
    "reposts": "retweet_count",
    "comments": "reply_count",
    "views": "impression_count",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class XPost:
    """One version of a post."""

    version: int
    """X's id of this version; the event carries the id of the first version."""
    event: Event


def read_post(data: object, includes: JsonObject, me: XAccount, *, channel: str) -> XPost:
    """Convert one post object; raises InputError naming the missing field.

    Args:
        data: the post.
        includes: the objects that X included in the answer: authors and referenced posts.
        me: the brand's account.
        channel: the channel's name.
    """
    if not isinstance(data, dict):
        raise InputError("a post is not a JSON object")
    number = native_id(data.get("id"))
    author = native_id(data.get("author_id"))
    if number is None or author is None:
        raise InputError('"id" and "author_id" must be whole numbers of at most 19 digits')
    first, revision = _version(data, number)
    user = included(includes, "users").get(author, {})
    kind, answered = _kind(data)
    quoted = read_quoted(data, includes, me)
    reposts = any(one.kind == "repost" and one.text for one in quoted)
    text = "" if reposts else own_text(data)
    return XPost(
        version=int(number),
        event=Event(
            channel=channel,
            id=first,
            revision=revision,
            kind=EventKind.EDIT if revision else kind,
            author=author_of(author, user, me),
            text=text,
            posted_at=_posted_at(data, int(number)),
            conversation=f"{native_id(data.get('conversation_id')) or first}:{author}",
            reply_to=answered,
            url=f"https://x.com/{username(user) or 'i'}/status/{number}",
            metrics=read_metrics(data),
            solicited=addresses(data, includes, me),
            media=media_of(data),
            quoted=quoted,
            wordless="" if reposts or _NAMES.sub("", text, count=1) else media_kind(data),
            concerns_channel=any(one.own for one in quoted),
            no_training=True,
        ),
    )


def addresses(data: JsonObject, includes: JsonObject, me: XAccount) -> bool:
    """True if the post's author addresses the brand: mentions its account or quotes a post of it.

    A repost does not address anyone, whatever the reposted text says.
    """
    if referenced(data, "retweeted"):
        return False
    parts = (part(data, "entities"), part(note_of(data), "entities"))
    for mention in (one for each in parts for one in objects(each.get("mentions"))):
        number = native_id(mention.get("id"))
        name = mention.get("username")
        if number == me.id or (number is None and _is_me(name, me)):
            return True
    quoted = referenced(data, "quoted")
    if quoted is None:
        return False
    known = included(includes, "tweets").get(quoted)
    if known is not None:
        return native_id(known.get("author_id")) == me.id
    return any(_is_me(name, me) for name, number in shown_posts(data) if number == quoted)


def replied_to(data: JsonObject) -> str | None:
    """Id of the post that this one answers."""
    return referenced(data, "replied_to")


def read_metrics(data: JsonObject) -> Metrics:
    """The public metrics of a post."""
    figures = dict(part(data, "public_metrics"))
    figures["retweet_count"] = field_of(figures, "retweet_count")
    return Metrics(**{name: count(figures, key) for name, key in METRIC_FIELDS.items()})


def deletion(number: str, *, channel: str, author: str, conversation: str, at: datetime) -> Event:
    """The event for a post that was deleted or is no longer public."""
    return Event(
        channel=channel,
        id=number,
        revision=DELETED_REVISION,
        kind=EventKind.DELETE,
        author=Author(id=author),
        text="",
        posted_at=at,
        conversation=conversation,
    )


def created_at(number: int) -> datetime | None:
    """The time in a snowflake id; ``None`` for older ids."""
    if number < _DATED:
        return None
    return _EPOCH + timedelta(milliseconds=number >> 22)


def id_before(number: int, seconds: int) -> int:
    """The snowflake id ``seconds`` before ``number``; ``number`` itself for older ids."""
    return number - (seconds * 1000 << 22) if number >= _DATED * 4 else number


def newest_version(data: JsonObject) -> str | None:
    """Id of the latest version of a post, if X lists the versions."""
    history = field_of(data, "edit_history_tweet_ids")
    return native_id(history[-1]) if isinstance(history, list) and history else None


def _version(data: JsonObject, number: str) -> tuple[str, int]:
    """Id of the first version, and the number of versions before this one."""
    history = field_of(data, "edit_history_tweet_ids")
    ids = [native_id(item) for item in history] if isinstance(history, list) else []
    first = ids[0] if ids else None
    if first is None or number not in ids:
        return number, 0
    return first, ids.index(number)


def _kind(data: JsonObject) -> tuple[EventKind, str | None]:
    if referenced(data, "retweeted"):
        return EventKind.REPOST, None
    answered = replied_to(data)
    return (EventKind.COMMENT, answered) if answered else (EventKind.POST, None)


def _posted_at(data: JsonObject, number: int) -> datetime:
    made = created_at(number)
    return time_field(data, "created_at") if "created_at" in data or made is None else made


def _is_me(name: object, me: XAccount) -> bool:
    return isinstance(name, str) and bool(me.username) and name.lower() == me.username.lower()
