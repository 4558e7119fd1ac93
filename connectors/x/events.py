"""Converts X's JSON into Events. Pure functions over decoded JSON, and a cache of recent posts.

An unknown or malformed part of a post is left out; a post without id, author or time is rejected.

Source: https://docs.x.com/x-api/fundamentals/data-dictionary
"""

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.json_fields import JsonObject, count_field, text_field, time_field
from connectors.x.text import unescape
from core.errors import InputError
from core.events import Author, Event, EventKind, Metrics, Reject

DELETED_REVISION: Final = 1_000_000
"""Revision of a deletion, which follows all edits that a post can have."""

_ID: Final = re.compile(r"\d{1,19}")
_EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_DATED: Final = 1 << 40
"""Ids from here on are snowflakes: the time in milliseconds, shifted left by 22 bits."""
_STATUS: Final = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/(\w{1,50})/status/(\d{1,19})"
)
METRIC_FIELDS: Final = {
    "likes": "like_count",
    "reposts": "retweet_count",
    "comments": "reply_count",
    "views": "impression_count",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class XAccount:
    """The brand's account."""

    id: str
    username: str
    """Without ``@``."""


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
    user = _included(includes, "users").get(author, {})
    kind, answered = _kind(data)
    return XPost(
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
            solicited=addresses(data, includes, me),
            media=_media(data),
        ),
    )


def addresses(data: JsonObject, includes: JsonObject, me: XAccount) -> bool:
    """True if the post's author addresses the brand: mentions its account or quotes a post of it.

    A repost does not address anyone, whatever the reposted text says.
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


def replied_to(data: JsonObject) -> str | None:
    """Id of the post that this one answers."""
    return _referenced(data, "replied_to")


def read_metrics(data: JsonObject) -> Metrics:
    """The public metrics of a post."""
    figures = _part(data, "public_metrics")
    return Metrics(**{name: _count(figures, key) for name, key in METRIC_FIELDS.items()})


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


def native_id(value: object) -> str | None:
    """A post's or account's id without leading zeros; ``None`` if ``value`` is not an id."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        value = str(value)
    if isinstance(value, str) and value.isascii() and _ID.fullmatch(value):
        return str(int(value))
    return None


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
    history = data.get("edit_history_tweet_ids")
    return native_id(history[-1]) if isinstance(history, list) and history else None


def _version(data: JsonObject, number: str) -> tuple[str, int]:
    """Id of the first version, and the number of versions before this one."""
    history = data.get("edit_history_tweet_ids")
    ids = [native_id(item) for item in history] if isinstance(history, list) else []
    first = ids[0] if ids else None
    if first is None or number not in ids:
        return number, 0
    return first, ids.index(number)


def _kind(data: JsonObject) -> tuple[EventKind, str | None]:
    if _referenced(data, "retweeted"):
        return EventKind.REPOST, None
    answered = replied_to(data)
    return (EventKind.COMMENT, answered) if answered else (EventKind.POST, None)


def _text(data: JsonObject) -> str:
    """The whole text; in ``text`` X truncates posts of more than 280."""
    long = _part(data, "note_tweet").get("text")
    return unescape(long if isinstance(long, str) else text_field(data, "text"))


def _posted_at(data: JsonObject, number: int) -> datetime:
    made = created_at(number)
    return time_field(data, "created_at") if "created_at" in data or made is None else made


def _author(number: str, user: JsonObject) -> Author:
    name = user.get("name")
    return Author(
        id=number,
        name=name if isinstance(name, str) else _username(user),
        followers=_count(_part(user, "public_metrics"), "followers_count"),
    )


def _username(user: JsonObject) -> str:
    name = user.get("username")
    return name if isinstance(name, str) and re.fullmatch(r"\w{1,50}", name, re.ASCII) else ""


def _media(data: JsonObject) -> tuple[str, ...]:
    keys = _part(data, "attachments").get("media_keys")
    return tuple(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else ()


def _referenced(data: JsonObject, how: str) -> str | None:
    for post in _objects(data.get("referenced_tweets")):
        if post.get("type") == how:
            return native_id(post.get("id"))
    return None


def _shown(data: JsonObject) -> list[tuple[str, str]]:
    """Username and post id of each link to a post; X links every quoted post."""
    links = (link.get("expanded_url") for link in _objects(_part(data, "entities").get("urls")))
    found = (_STATUS.match(link) for link in links if isinstance(link, str))
    return [(match[1], match[2]) for match in found if match]


def _is_me(name: object, me: XAccount) -> bool:
    return isinstance(name, str) and bool(me.username) and name.lower() == me.username.lower()


def _included(includes: JsonObject, kind: str) -> Mapping[str, JsonObject]:
    """Included objects of one kind, by id."""
    found = ((native_id(item.get("id")), item) for item in _objects(includes.get(kind)))
    return {number: item for number, item in found if number is not None}


def _count(figures: JsonObject, name: str) -> int | None:
    try:
        return count_field(figures, (name,), name)
    except InputError:
        return None


def _part(data: JsonObject, name: str) -> JsonObject:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_MOST: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenPost:
    """One version of a post that was stored."""

    id: str
    """Id of the first version."""
    version: int
    author: str
    conversation: str
    addressed: bool


class SeenPosts:
    """A bounded cache of stored posts, so that they need not be read, and paid for, again."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, SeenPost] = OrderedDict()

    def add(self, posts: Iterable[XPost]) -> None:
        """Add posts that were stored."""
        for post in posts:
            event = post.event
            seen = SeenPost(
                id=event.id,
                version=post.version,
                author=event.author.id,
                conversation=event.conversation,
                addressed=event.solicited,
            )
            self._seen[str(post.version)] = seen
            first = self._seen.get(event.id)
            if first is None or first.version < post.version:
                self._seen[event.id] = seen
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)

    def find(self, number: str) -> SeenPost | None:
        """The post with this id, of any version; for the first id, the latest version."""
        return self._seen.get(number)

    def has(self, version: int) -> bool:
        """True if this version was stored."""
        seen = self._seen.get(str(version))
        return seen is not None and seen.version == version


_MOST_KEPT: Final = 64 * 1024


def reject(item: object, channel: str, reason: str) -> Reject:
    """A Reject for an object that is not a readable post, with a key of its own."""
    raw = item if isinstance(item, bytes) else json.dumps(item).encode()
    number = native_id(item.get("id")) if isinstance(item, dict) else None
    key = f"post:{number}" if number else hashlib.sha256(raw).hexdigest()[:32]
    text = f"{reason}. X may have changed its format: update Tingfeng."
    return Reject(channel=channel, id=key, raw=raw[:_MOST_KEPT], reason=text)


def read_posts(
    items: Iterable[object], includes: JsonObject, me: XAccount, *, channel: str
) -> tuple[list[XPost], list[Reject]]:
    """Convert the posts of other accounts; returns them and the rejects."""
    posts, rejects = list[XPost](), list[Reject]()
    for item in items:
        try:
            post = read_post(item, includes, me, channel=channel)
        except InputError as error:
            rejects.append(reject(item, channel, str(error)))
            continue
        if post.event.author.id != me.id:
            posts.append(post)
    return posts, rejects


def deletion_of(
    number: str, seen: SeenPosts, *, channel: str, at: datetime, author: str = ""
) -> Event:
    """The deletion event for a post of which only the id is known."""
    post = seen.find(number)
    return deletion(
        post.id if post else number,
        channel=channel,
        author=post.author if post else author,
        conversation=post.conversation if post else number,
        at=at,
    )
