"""Parses one line of the replay format into an Event (docs/reference/event-format.md)."""

import json
import re
from typing import Final, NoReturn, TypeVar, get_args

from connectors.json_fields import (
    JsonObject,
    brief,
    count_field,
    flag_field,
    id_field,
    missing,
    names_field,
    object_field,
    required_id,
    text_field,
    time_field,
    wrong,
)
from connectors.placeholders import placeholder_kind
from core.errors import InputError
from core.model.events import Author, AuthorKind, Event, EventKind, Metrics, Quoted, QuotedKind

T = TypeVar("T")

LONGEST_LINE: Final = 1024 * 1024
"""In bytes, without the line terminator."""

_KINDS: Final = {
    EventKind.MESSAGE: ("message", "dm", "direct_message", "private", "chat", "私信"),
    EventKind.POST: ("post", "tweet", "status", "submission", "weibo", "mention", "微博", "帖子"),
    EventKind.COMMENT: ("comment", "reply", "answer", "评论", "回复"),
    EventKind.REPOST: ("repost", "retweet", "share", "forward", "quote", "转发"),
    EventKind.EDIT: ("edit", "edited", "update"),
    EventKind.DELETE: ("delete", "deleted", "removed"),
}
_KIND_OF: Final = {word: kind for kind, words in _KINDS.items() for word in words}
_AUTHOR_KINDS: Final[tuple[AuthorKind, ...]] = get_args(AuthorKind)
_QUOTED_KINDS: Final[tuple[QuotedKind, ...]] = get_args(QuotedKind)
_MOST_QUOTED: Final = 50
_LINK_OR_NAME: Final = re.compile(r"(?:https?://\S+|@[^\s@:：]{1,40})\s*")
_LIKES: Final = ("likes", "like_count", "favorites", "favorite_count", "attitudes_count", "upvotes")
_REPOSTS: Final = (
    "reposts",
    "repost_count",
    "reposts_count",
    "retweets",
    "retweet_count",
    "shares",
    "share_count",
    "forwards",
    "num_crossposts",
)
_COMMENTS: Final = (
    "comments",
    "comment_count",
    "comments_count",
    "num_comments",
    "replies",
    "reply_count",
)
_VIEWS: Final = ("views", "view_count", "impressions", "impression_count", "reads")


def read_event(line: bytes, number: int) -> Event:
    """Parse ``line`` into an Event; the same bytes always give the same Event.

    Raises InputError naming the line's ``number``, the field and the remedy.
    """
    try:
        return _event(_parse(line))
    except InputError as error:
        raise InputError(f"line {number}: {error}") from error


def _parse(line: bytes) -> JsonObject:
    if len(line) > LONGEST_LINE:
        raise InputError(f"the line is longer than {LONGEST_LINE} bytes. Split or shorten it.")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start + 1} is not UTF-8. Save the file in UTF-8.") from error
    try:
        data: object = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not JSON at character {error.pos + 1}: {error.msg}. Write one JSON object a line."
        ) from error
    except (RecursionError, ValueError) as error:
        raise InputError(
            "JSON that nests too deeply or holds a number with too many digits. Simplify it."
        ) from error
    if not isinstance(data, dict):
        raise InputError(f"{brief(data)} is not a JSON object. Write one object a line.")
    return data


def _no_number(word: str) -> NoReturn:
    raise InputError(f"{word} is not a JSON number. Write null or leave the field out.")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise InputError(f"{brief(digits)} is too large. Write null or leave the field out.")
    return number


def _event(data: JsonObject) -> Event:
    channel = text_field(data, "channel")
    if not channel.strip() or len(channel) > 100:
        raise InputError('"channel" must have 1 to 100 characters. Name the platform.')
    native_id = required_id(data, "id", "id")
    author = _author(data)
    text = text_field(data, "text")
    posted_at = time_field(data, "posted_at")
    word = text_field(data, "kind", default="post")
    kind = _KIND_OF.get(word.strip().lower())
    if kind is None:
        known = ", ".join(EventKind)
        raise InputError(f'"kind" is {brief(word)}, which is unknown. Use one of {known}.')
    reply_to = id_field(data, "reply_to")
    home = author.id if kind is EventKind.MESSAGE else native_id
    summons = kind is EventKind.MESSAGE or word.strip().lower() == "mention"
    changes = kind in (EventKind.EDIT, EventKind.DELETE)
    revision = count_field(data, ("revision",), "revision")
    if revision is None:
        revision = int(posted_at.timestamp() * 1000) if changes else 0
    media = names_field(data, "media")
    return Event(
        channel=channel.strip(),
        id=native_id,
        revision=revision,
        kind=kind,
        author=author,
        text=text,
        posted_at=posted_at,
        conversation=id_field(data, "conversation") or reply_to or home,
        reply_to=reply_to,
        url=text_field(data, "url", default="") or None,
        metrics=_metrics(data),
        solicited=flag_field(data, "solicited", default=summons),
        media=media,
        private=flag_field(data, "private", default=False),
        quoted=_quoted(data),
        wordless=_wordless(data, text, media),
    )


def _author(data: JsonObject) -> Author:
    author = data.get("author")
    if author is None:
        raise missing("author")
    if not isinstance(author, dict):
        raise wrong("author", 'an object such as {"id": "42"}', author)
    return Author(
        id=required_id(author, "id", "author.id"),
        name=text_field(author, "name", default=""),
        followers=count_field(author, ("followers", "followers_count"), "author.followers"),
        kind=_one_of(author, "kind", _AUTHOR_KINDS, "author.kind") or "person",
    )


def _quoted(data: JsonObject) -> tuple[Quoted, ...]:
    """The texts that a post refers to: objects, or one of them."""
    value = data.get("quoted")
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if len(items) > _MOST_QUOTED:
        raise InputError(f'"quoted" has {len(items)} texts. Give {_MOST_QUOTED} or fewer.')
    return tuple(_quotation(item, f"quoted[{number}]") for number, item in enumerate(items))


def _quotation(item: object, shown: str) -> Quoted:
    if not isinstance(item, dict):
        raise wrong(shown, 'an object such as {"author": "小李", "text": "…"}', item)
    author = item.get("author")
    if isinstance(author, dict):
        author = author.get("name")
    if author is not None and not isinstance(author, str):
        raise wrong(f"{shown}.author", "a name", author)
    kind = _one_of(item, "kind", _QUOTED_KINDS, f"{shown}.kind")
    return Quoted(
        author=author or "",
        text=text_field(item, "text"),
        id=id_field(item, "id"),
        kind=kind or "quote",
        own=flag_field(item, "own", default=False),
    )


def _wordless(data: JsonObject, text: str, media: tuple[str, ...]) -> str:
    """``wordless`` as given; else by the signs that stand for it, or by attached files.

    Names and addresses beside them are no words.
    """
    given = text_field(data, "wordless", default="") or placeholder_kind(text)
    if given or not media or _LINK_OR_NAME.sub("", text).strip():
        return given[:40]
    return "file"


def _one_of(data: JsonObject, name: str, known: tuple[T, ...], shown: str) -> T | None:
    value = data.get(name)
    if value is None:
        return None
    for one in known:
        if one == value:
            return one
    raise wrong(shown, f"one of {', '.join(map(str, known))}", value)


def _metrics(data: JsonObject) -> Metrics:
    metrics = object_field(data, "metrics")
    if metrics is None:
        return Metrics()
    likes = count_field(metrics, _LIKES, "metrics.likes")
    if likes is None:  # a score is upvotes less downvotes, so it may be negative
        likes = count_field(metrics, ("score",), "metrics.score", least=-(2**63))
    return Metrics(
        likes=likes,
        reposts=count_field(metrics, _REPOSTS, "metrics.reposts"),
        comments=count_field(metrics, _COMMENTS, "metrics.comments"),
        views=count_field(metrics, _VIEWS, "metrics.views"),
    )
