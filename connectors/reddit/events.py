"""Converts Reddit's JSON into Events and Metrics. Pure functions over decoded JSON.

Source: https://www.reddit.com/dev/api, with raw_json=1, so that text is not escaped.
"""

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from connectors.json_fields import (
    JsonObject,
    count_field,
    object_field,
    required_id,
    text_field,
    time_field,
)
from connectors.reddit.voices import kind_of
from connectors.voices import NOBODY, KnownVoices
from core.errors import InputError
from core.model.events import Author, Event, EventKind, Metrics, Quoted, Reject

Fate = Literal["live", "removed", "deleted"]

REMOVAL_REVISIONS: Final = {"removed": 2**52, "deleted": 2**52 + 1}
"""Revisions of a removal and a deletion, after all edits, whose revision is a time in seconds."""

_NAME: Final = re.compile(r"t[134]_\w{1,40}", re.ASCII)
_LINK: Final = re.compile(r"/comments/(\w{1,40})", re.ASCII)
_GONE: Final = re.compile(r"\[\s*(removed|deleted)\b[^\]\n]{0,40}\]", re.IGNORECASE)
_PICTURE: Final = re.compile(r"!\[(\w*)\]\([^)\s]*\)")
_NAMED: Final = re.compile(r"/?u/[\w-]{1,40}", re.IGNORECASE)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
DELETED_AUTHOR: Final = "[deleted]"
_MOST_CROSSPOSTS: Final = 3
"""Crossposts of crossposts that are read."""
_OWN_HOSTS: Final = ("reddit.com", "redd.it", "redditmedia.com")
_MOST_KEPT: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class RedditThing:
    """A comment (t1), a submission (t3) or a private message (t4)."""

    name: str
    """Full name: ``t3_1abcd``."""
    created: float
    """Seconds since 1970."""
    data: JsonObject

    @property
    def kind(self) -> str:
        return self.name[:2]

    @property
    def order(self) -> tuple[float, str, int]:
        """Sort key: ascends with time, and within one second with the id."""
        try:
            number = int(self.name[3:], 36)
        except ValueError:
            number = 0
        return self.created, self.kind, number


@dataclass(frozen=True, kw_only=True, slots=True)
class RedditListing:
    """One page of a listing, newest first."""

    items: tuple[RedditThing, ...]
    unreadable: tuple[tuple[object, str], ...]
    """Items that could not be read, with the reason."""
    after: str | None
    """Full name after which the next, older page begins."""


def read_listing(answer: object) -> RedditListing:
    """Parse a page; unreadable items are set aside. Raises InputError if it is not a listing."""
    data = object_field(answer, "data") if isinstance(answer, dict) else None
    children = data.get("children") if data is not None else None
    if data is None or not isinstance(children, list):
        raise InputError("the answer is not a listing. Check base_url.")
    items: list[RedditThing] = []
    unreadable: list[tuple[object, str]] = []
    for child in children:
        try:
            thing = _thing(child)
        except InputError as error:
            unreadable.append((child, str(error)))
            continue
        if thing is not None:
            items.append(thing)
    after = data.get("after")
    return RedditListing(
        items=tuple(items),
        unreadable=tuple(unreadable),
        after=after if isinstance(after, str) else None,
    )


def reject_of(item: object, reason: str, channel: str) -> Reject:
    """The Reject for an unreadable item."""
    raw = json.dumps(item).encode()
    data = item.get("data") if isinstance(item, dict) else None
    name = data.get("name") if isinstance(data, dict) else None
    key = name if isinstance(name, str) and _NAME.fullmatch(name) else None
    return Reject(
        channel=channel,
        id=key or hashlib.sha256(raw).hexdigest()[:32],
        raw=raw[:_MOST_KEPT],
        reason=f"{reason} Reddit may have changed its format: update Tingfeng.",
    )


def is_public(native_id: str) -> bool:
    """True for a comment or submission, which can change and has metrics; by full name."""
    return not native_id.startswith("t4") and _NAME.fullmatch(native_id) is not None


def fate_of(thing: RedditThing) -> Fate:
    """``live``, ``removed`` by moderators, or ``deleted`` by the author."""
    data = thing.data
    found = _GONE.fullmatch(_string(data, "body" if thing.kind != "t3" else "selftext").strip())
    if found is None and thing.kind == "t3":
        found = _GONE.fullmatch(_string(data, "title").strip())
    if thing.kind == "t3" and isinstance(by := data.get("removed_by_category"), str) and by:
        return "deleted" if by == "deleted" else "removed"
    if found is None:
        return "live"
    return "deleted" if found[1].lower() == "deleted" else "removed"


def edited_at(thing: RedditThing) -> int:
    """Time of the last edit in seconds since 1970; 0 if there was none."""
    edited = thing.data.get("edited")
    return int(edited) if isinstance(edited, int | float) and 0 < edited < _LATEST else 0


def author_of(thing: RedditThing) -> str:
    """Name of the author, which serves as id; ``r/name`` for messages from a subreddit.

    Nothing tells two deleted accounts apart, so each of their items has an author of its own.
    """
    author = _string(thing.data, "author")
    if not author and thing.kind == "t4" and (subreddit := _string(thing.data, "subreddit")):
        return f"r/{subreddit}"
    return f"{DELETED_AUTHOR}:{thing.name}" if author in ("", DELETED_AUTHOR) else author


def conversation_of(thing: RedditThing) -> str:
    """``u/name`` for private messages, else ``t3_submission/name``."""
    author = author_of(thing)
    if thing.kind == "t4":
        return author if author.startswith("r/") else f"u/{author}"
    return f"{_link(thing)}/{author}"


def metrics_of(thing: RedditThing) -> Metrics:
    """The metrics of a thing; a score is upvotes less downvotes, and may be negative."""
    data = thing.data
    hidden = data.get("score_hidden") is True
    return Metrics(
        likes=None if hidden else _figure(data, "score", least=-(2**63)),
        reposts=_figure(data, "num_crossposts"),
        comments=_figure(data, "num_comments"),
        views=_figure(data, "view_count"),
        upvote_ratio=None if hidden else _ratio(data.get("upvote_ratio")),
    )


def event_of(
    thing: RedditThing,
    *,
    channel: str,
    me: str,
    own: Collection[str],
    www: str,
    voices: KnownVoices = NOBODY,
    edit: bool = False,
) -> Event:
    """Convert a thing into an Event.

    Args:
        thing: a comment, submission or message.
        channel: the channel's name.
        me: the account's name.
        own: full names of what the account has written.
        www: base of links to Reddit.
        voices: accounts of which it is configured that they are no persons.
        edit: make an event of the kind EDIT with the current text.
    """
    data, edited = thing.data, edited_at(thing)
    revision = edited if edit else 0
    author = author_of(thing)
    parent = _string(data, "parent_id") or None
    permalink = _string(data, "permalink") or _string(data, "context")
    text = text_of(thing)
    quoted = quoted_of(data, me, voices) if thing.kind == "t3" else ()
    return Event(
        channel=channel,
        id=thing.name,
        revision=revision,
        kind=EventKind.EDIT if edit else _KINDS[thing.kind],
        author=Author(
            id=author,
            name=author.partition(":")[0],
            kind=kind_of(author, data.get("distinguished"), text, voices),
        ),
        text=text,
        posted_at=datetime.fromtimestamp(edited if edit else thing.created, UTC),
        conversation=conversation_of(thing),
        reply_to=parent,
        url=f"{www}{permalink}" if permalink.startswith("/") else None,
        metrics=metrics_of(thing),
        solicited=_addresses_account(thing, me, own),
        media=_media(data) if thing.kind == "t3" else (),
        quoted=quoted,
        wordless=_wordless(text) if thing.kind != "t3" else "",
        concerns_channel=any(one.own for one in quoted),
    )


def removal_event(
    name: str, conversation: str, fate: Fate, *, channel: str, now: datetime
) -> Event:
    """The event for a removed or deleted thing; Reddit does not tell when that happened."""
    author = conversation.partition("/")[2]
    return Event(
        channel=channel,
        id=name,
        revision=REMOVAL_REVISIONS[fate],
        kind=EventKind.DELETE,
        author=Author(id=author, name=author.partition(":")[0]),
        text=f"[{fate}]",
        posted_at=now,
        conversation=conversation,
    )


_KINDS: Final = {"t1": EventKind.COMMENT, "t3": EventKind.POST, "t4": EventKind.MESSAGE}


def _thing(child: object) -> RedditThing | None:
    """Parse one item; ``None`` for accounts, subreddits and "more"."""
    if not isinstance(child, dict):
        raise InputError("an item is not an object.")
    kind = child.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        return None
    data = object_field(child, "data") or {}
    name = required_id(data, "name", "name")
    if not _NAME.fullmatch(name) or name[:2] != kind:
        raise InputError(f'"name" is {name[:40]!a}, which is not a full name.')
    text_field(data, "title" if name.startswith("t3") else "body")
    text_field(data, "author", default="")
    created = time_field(data, "created_utc")
    return RedditThing(name=name, created=created.timestamp(), data=data)


def text_of(thing: RedditThing) -> str:
    """The text, with a submission's title or the subject of a first message above it."""
    if thing.kind == "t1":
        return _string(thing.data, "body")
    first = thing.kind == "t3" or not thing.data.get("parent_id")
    head = _string(thing.data, "title" if thing.kind == "t3" else "subject") if first else ""
    return _under(head, _string(thing.data, "selftext" if thing.kind == "t3" else "body"))


def _under(head: str, body: str) -> str:
    return f"{head}\n\n{body}" if head and body else head or body


def _wordless(text: str) -> str:
    """``animation`` or ``photo`` for a comment of pictures alone; empty for all others."""
    if _NAMED.sub("", _PICTURE.sub("", text)).strip():
        return ""
    found = _PICTURE.search(text)
    if found is None:
        return ""
    return "animation" if found[1].lower() == "gif" else "photo"


def _addresses_account(thing: RedditThing, me: str, own: Collection[str]) -> bool:
    """True if the author addresses the account: by message, by answering it, by naming it."""
    data = thing.data
    if thing.kind == "t4" or data.get("was_comment") is True or _string(data, "parent_id") in own:
        return True
    if _string(data, "parent_id").startswith("t3") and _same(_string(data, "link_author"), me):
        return True
    name = rf"(?<![A-Za-z0-9_/-])/?u/{re.escape(me)}(?![A-Za-z0-9_-])"
    return re.search(name, text_of(thing), re.IGNORECASE) is not None


def _link(thing: RedditThing) -> str:
    """The submission that it belongs to; in the inbox it is given in a path only."""
    if thing.kind == "t3":
        return thing.name
    link = _string(thing.data, "link_id")
    if _NAME.fullmatch(link):
        return link
    found = _LINK.search(_string(thing.data, "context") or _string(thing.data, "permalink"))
    return f"t3_{found[1]}" if found else thing.name


def _media(data: JsonObject) -> tuple[str, ...]:
    """Link of a submission that is not a text."""
    url = _string(data, "url")
    linked = data.get("is_self") is False and url.startswith(("http://", "https://"))
    return (url,) if linked else ()


def _same(name: str, other: str) -> bool:
    return name.lower() == other.lower()


def _string(data: JsonObject, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _ratio(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def _figure(data: JsonObject, name: str, *, least: int = 0) -> int | None:
    try:
        return count_field(data, (name,), name, least=least)
    except InputError:
        return None


def quoted_of(data: JsonObject, me: str, voices: KnownVoices) -> tuple[Quoted, ...]:
    """The crossposted submissions, and the linked page with its title where Reddit knows it."""
    parents = data.get("crosspost_parent_list")
    listed = [one for one in parents if isinstance(one, dict)] if isinstance(parents, list) else []
    found = [_submission(parent, me, voices) for parent in listed[:_MOST_CROSSPOSTS]]
    pages = (_page(one) for one in (data, *listed[:_MOST_CROSSPOSTS]))
    return (*found, *(page for page in pages if page is not None))


def _submission(parent: JsonObject, me: str, voices: KnownVoices) -> Quoted:
    author, name = _string(parent, "author"), _string(parent, "name")
    title, body = _string(parent, "title"), _string(parent, "selftext")
    return Quoted(
        author=author,
        text="\n\n".join(part for part in (title, body) if part),
        id=name or None,
        kind="repost",
        own=author.lower() == me.lower() or voices.kind_of(author) == "own",
    )


def _page(data: JsonObject) -> Quoted | None:
    """The page that a submission links to; ``None`` for Reddit's own and for texts."""
    url = _string(data, "url_overridden_by_dest") or _string(data, "url")
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    if not host or any(host == own or host.endswith(f".{own}") for own in _OWN_HOSTS):
        return None
    media = data.get("media")
    shown = media.get("oembed") if isinstance(media, dict) else None
    title = _string(shown, "title") if isinstance(shown, dict) else ""
    return Quoted(author=host.removeprefix("www."), text=title, id=url, kind="link")
