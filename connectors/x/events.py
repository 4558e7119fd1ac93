"""What X says about a post, as an Event. Pure functions over decoded JSON.

A part that is not as we know it costs only itself; a post without id, author or time is no post.
Source: https://docs.x.com/x-api/fundamentals/data-dictionary
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.json_fields import Object, count_field, text_field, time_field
from connectors.x.text import spoken
from core.errors import InputError
from core.events import Author, Event, EventKind, Metrics

GONE: Final = 1_000_000
"""The revision of a deletion, behind all edits a post can have."""

_ID: Final = re.compile(r"\d{1,19}")
_EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_DATED: Final = 1 << 40
"""Ids from here on hold the time of their making in all but the lowest 22 bits."""
_STATUS: Final = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/(\w{1,50})/status/(\d{1,19})"
)
COUNTS: Final = {
    "likes": "like_count",
    "reposts": "retweet_count",
    "comments": "reply_count",
    "views": "impression_count",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Me:
    """The brand's account."""

    id: str
    username: str
    """Without the ``@``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One version of a post."""

    version: int
    """X's id of this version; the event's id is that of the first."""
    event: Event


def read_post(data: object, includes: Object, me: Me, *, channel: str) -> Post:
    """The Post in one object of X's; raises InputError naming what is missing."""
    if not isinstance(data, dict):
        raise InputError("a post is not a JSON object")
    number = native_id(data.get("id"))
    author = native_id(data.get("author_id"))
    if number is None or author is None:
        raise InputError('"id" and "author_id" must be whole numbers of at most 19 digits')
    first, revision = _version(data, number)
    user = _included(includes, "users").get(author, {})
    kind, answered = _kind(data)
    return Post(
        version=int(number),
        event=Event(
            channel=channel,
            id=first,
            revision=revision,
            kind=EventKind.EDIT if revision else kind,
            author=_author(author, user),
            text=_text(data),
            posted_at=_posted_at(data, int(number)),
            conversation=f"{native_id(data.get('conversation_id')) or first}:{author}",
            reply_to=answered,
            url=f"https://x.com/{_username(user) or 'i'}/status/{number}",
            metrics=read_metrics(data),
            solicited=is_summons(data, includes, me),
            media=_media(data),
        ),
    )


def is_summons(data: Object, includes: Object, me: Me) -> bool:
    """True where the author of a post names the brand's account, or quotes a post of it.

    A repost of such a post is no summons: who reposts has said nothing.
    """
    if _referenced(data, "retweeted"):
        return False
    for mention in _objects(_part(data, "entities").get("mentions")):
        number = native_id(mention.get("id"))
        name = mention.get("username")
        if number == me.id or (number is None and _is_me(name, me)):
            return True
    quoted = _referenced(data, "quoted")
    if quoted is None:
        return False
    known = _included(includes, "tweets").get(quoted)
    if known is not None:
        return native_id(known.get("author_id")) == me.id
    return any(_is_me(name, me) for name, number in _shown(data) if number == quoted)


def answers(data: Object) -> str | None:
    """Id of the post that this one is a reply to."""
    return _referenced(data, "replied_to")


def read_metrics(data: Object) -> Metrics:
    """The public figures of a post."""
    figures = _part(data, "public_metrics")
    return Metrics(**{name: _count(figures, key) for name, key in COUNTS.items()})


def gone(number: str, *, channel: str, author: str, conversation: str, at: datetime) -> Event:
    """The event of a post that nobody can see any more."""
    return Event(
        channel=channel,
        id=number,
        revision=GONE,
        kind=EventKind.DELETE,
        author=Author(id=author),
        text="",
        posted_at=at,
        conversation=conversation,
    )


def native_id(value: object) -> str | None:
    """An id as X writes it, without leading zeros; ``None`` for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        value = str(value)
    if isinstance(value, str) and value.isascii() and _ID.fullmatch(value):
        return str(int(value))
    return None


def made_at(number: int) -> datetime | None:
    """When a post was made, as far as its id tells."""
    if number < _DATED:
        return None
    return _EPOCH + timedelta(milliseconds=number >> 22)


def earlier(number: int, seconds: int) -> int:
    """The id a post made so much earlier would have; the same where ids tell no time."""
    return number - (seconds * 1000 << 22) if number >= _DATED * 4 else number


def newest_version(data: Object) -> str | None:
    """Id of the latest version of a post, where X tells."""
    history = data.get("edit_history_tweet_ids")
    return native_id(history[-1]) if isinstance(history, list) and history else None


def _version(data: Object, number: str) -> tuple[str, int]:
    """Id of the first version, and how many versions came before this one."""
    history = data.get("edit_history_tweet_ids")
    ids = [native_id(item) for item in history] if isinstance(history, list) else []
    first = ids[0] if ids else None
    if first is None or number not in ids:
        return number, 0
    return first, ids.index(number)


def _kind(data: Object) -> tuple[EventKind, str | None]:
    if _referenced(data, "retweeted"):
        return EventKind.REPOST, None
    answered = answers(data)
    return (EventKind.COMMENT, answered) if answered else (EventKind.POST, None)


def _text(data: Object) -> str:
    """The whole text; X cuts ``text`` where a post is longer than 280."""
    long = _part(data, "note_tweet").get("text")
    return spoken(long if isinstance(long, str) else text_field(data, "text"))


def _posted_at(data: Object, number: int) -> datetime:
    made = made_at(number)
    return time_field(data, "created_at") if "created_at" in data or made is None else made


def _author(number: str, user: Object) -> Author:
    name = user.get("name")
    return Author(
        id=number,
        name=name if isinstance(name, str) else _username(user),
        followers=_count(_part(user, "public_metrics"), "followers_count"),
    )


def _username(user: Object) -> str:
    name = user.get("username")
    return name if isinstance(name, str) and re.fullmatch(r"\w{1,50}", name, re.ASCII) else ""


def _media(data: Object) -> tuple[str, ...]:
    keys = _part(data, "attachments").get("media_keys")
    return tuple(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else ()


def _referenced(data: Object, how: str) -> str | None:
    for post in _objects(data.get("referenced_tweets")):
        if post.get("type") == how:
            return native_id(post.get("id"))
    return None


def _shown(data: Object) -> list[tuple[str, str]]:
    """Username and id in each link to a post; a quoted post is always linked."""
    links = (link.get("expanded_url") for link in _objects(_part(data, "entities").get("urls")))
    found = (_STATUS.match(link) for link in links if isinstance(link, str))
    return [(match[1], match[2]) for match in found if match]


def _is_me(name: object, me: Me) -> bool:
    return isinstance(name, str) and bool(me.username) and name.lower() == me.username.lower()


def _included(includes: Object, kind: str) -> Mapping[str, Object]:
    """Included objects by their id."""
    found = ((native_id(item.get("id")), item) for item in _objects(includes.get(kind)))
    return {number: item for number, item in found if number is not None}


def _count(figures: Object, name: str) -> int | None:
    try:
        return count_field(figures, (name,), name)
    except InputError:
        return None


def _part(data: Object, name: str) -> Object:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
