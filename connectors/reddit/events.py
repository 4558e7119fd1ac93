"""What Reddit's JSON says, as Events and Metrics. Pure functions over decoded answers.

Source: https://www.reddit.com/dev/api (raw_json=1, so that text is as it was written).
"""

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from connectors.json_fields import (
    JsonObject,
    count_field,
    object_field,
    required_id,
    text_field,
    time_field,
)
from core.errors import InputError
from core.events import Author, Event, EventKind, Metrics, Reject

Fate = Literal["live", "removed", "deleted"]

REMOVAL_REVISIONS: Final = {"removed": 2**52, "deleted": 2**52 + 1}
"""Behind every edit, whose revision is its time in seconds."""

_NAME: Final = re.compile(r"t[134]_\w{1,40}", re.ASCII)
_LINK: Final = re.compile(r"/comments/(\w{1,40})", re.ASCII)
_GONE: Final = re.compile(r"\[\s*(removed|deleted)\b[^\]\n]{0,40}\]", re.IGNORECASE)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_NOBODY: Final = "[deleted]"
_MOST_KEPT: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class RedditThing:
    """A comment (t1), a submission (t3) or a private message (t4)."""

    name: str
    """Its full name: ``t3_1abcd``."""
    created: float
    """Seconds since 1970."""
    data: JsonObject

    @property
    def kind(self) -> str:
        return self.name[:2]

    @property
    def order(self) -> tuple[float, str, int]:
        """Ascends with time; within one second ids of one kind ascend as they were given."""
        try:
            number = int(self.name[3:], 36)
        except ValueError:
            number = 0
        return self.created, self.kind, number


@dataclass(frozen=True, kw_only=True, slots=True)
class RedditListing:
    """One page of Reddit's, newest first."""

    things: tuple[RedditThing, ...]
    odd: tuple[tuple[object, str], ...]
    """What could not be read, with the reason."""
    after: str | None
    """Where the next, older page begins."""


def read_listing(answer: object) -> RedditListing:
    """Raises InputError where the answer is no listing; one odd item costs itself alone."""
    data = object_field(answer, "data") if isinstance(answer, dict) else None
    children = data.get("children") if data is not None else None
    if data is None or not isinstance(children, list):
        raise InputError("the answer is no listing. Check base_url.")
    things: list[RedditThing] = []
    odd: list[tuple[object, str]] = []
    for child in children:
        try:
            thing = _thing(child)
        except InputError as error:
            odd.append((child, str(error)))
            continue
        if thing is not None:
            things.append(thing)
    after = data.get("after")
    return RedditListing(
        things=tuple(things), odd=tuple(odd), after=after if isinstance(after, str) else None
    )


def reject_of(item: object, reason: str, channel: str) -> Reject:
    """An item that cannot be read, kept whole."""
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
    """True for the full name of a comment or a submission, which can change and has figures."""
    return not native_id.startswith("t4") and _NAME.fullmatch(native_id) is not None


def fate_of(thing: RedditThing) -> Fate:
    """Whether it can still be read, and if not, who took it away."""
    data = thing.data
    found = _GONE.fullmatch(_said(data, "body" if thing.kind != "t3" else "selftext").strip())
    if found is None and thing.kind == "t3":
        found = _GONE.fullmatch(_said(data, "title").strip())
    if thing.kind == "t3" and isinstance(by := data.get("removed_by_category"), str) and by:
        return "deleted" if by == "deleted" else "removed"
    if found is None:
        return "live"
    return "deleted" if found[1].lower() == "deleted" else "removed"


def edited_at(thing: RedditThing) -> int:
    """When it was last edited, in seconds since 1970; 0 if never."""
    edited = thing.data.get("edited")
    return int(edited) if isinstance(edited, int | float) and 0 < edited < _LATEST else 0


def author_of(thing: RedditThing) -> str:
    """The account's name, which never changes; ``r/name`` where a subreddit writes."""
    author = _said(thing.data, "author")
    if not author and thing.kind == "t4" and (subreddit := _said(thing.data, "subreddit")):
        return f"r/{subreddit}"
    return author or _NOBODY


def conversation_of(thing: RedditThing) -> str:
    """``u/name`` for private messages, else ``t3_submission/name``."""
    author = author_of(thing)
    if thing.kind == "t4":
        return author if author.startswith("r/") else f"u/{author}"
    return f"{_link(thing)}/{author}"


def metrics_of(thing: RedditThing) -> Metrics:
    """The figures Reddit tells; a score is upvotes less downvotes, and may be below zero."""
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
    thing: RedditThing, *, channel: str, me: str, own: Collection[str], www: str, edit: bool = False
) -> Event:
    """``own``: full names of what the account ``me`` wrote. ``edit``: what it says now."""
    data, edited = thing.data, edited_at(thing)
    revision = edited if edit else 0
    author = author_of(thing)
    parent = _said(data, "parent_id") or None
    permalink = _said(data, "permalink") or _said(data, "context")
    return Event(
        channel=channel,
        id=thing.name,
        revision=revision,
        kind=EventKind.EDIT if edit else _KINDS[thing.kind],
        author=Author(id=author, name=author),
        text=_text(thing),
        posted_at=datetime.fromtimestamp(edited if edit else thing.created, UTC),
        conversation=conversation_of(thing),
        reply_to=parent,
        url=f"{www}{permalink}" if permalink.startswith("/") else None,
        metrics=metrics_of(thing),
        solicited=_summons(thing, me, own),
        media=_media(data) if thing.kind == "t3" else (),
    )


def gone_event(name: str, conversation: str, fate: Fate, *, channel: str, now: datetime) -> Event:
    """That it was removed by moderators or deleted by its author; Reddit does not say when."""
    author = conversation.partition("/")[2]
    return Event(
        channel=channel,
        id=name,
        revision=REMOVAL_REVISIONS[fate],
        kind=EventKind.DELETE,
        author=Author(id=author, name=author),
        text=f"[{fate}]",
        posted_at=now,
        conversation=conversation,
    )


_KINDS: Final = {"t1": EventKind.COMMENT, "t3": EventKind.POST, "t4": EventKind.MESSAGE}


def _thing(child: object) -> RedditThing | None:
    """The thing; ``None`` for what nobody said: accounts, subreddits, "more"."""
    if not isinstance(child, dict):
        raise InputError("an item is no object.")
    kind = child.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        return None
    data = object_field(child, "data") or {}
    name = required_id(data, "name", "name")
    if not _NAME.fullmatch(name) or name[:2] != kind:
        raise InputError(f'"name" is {name[:40]!a}, which is no full name.')
    text_field(data, "title" if name.startswith("t3") else "body")
    text_field(data, "author", default="")
    created = time_field(data, "created_utc")
    return RedditThing(name=name, created=created.timestamp(), data=data)


def _text(thing: RedditThing) -> str:
    """A submission's title stands above its text, a first message's subject above the message."""
    if thing.kind == "t1":
        return _said(thing.data, "body")
    first = thing.kind == "t3" or not thing.data.get("parent_id")
    head = _said(thing.data, "title" if thing.kind == "t3" else "subject") if first else ""
    body = _said(thing.data, "selftext" if thing.kind == "t3" else "body")
    return f"{head}\n\n{body}" if head and body else head or body


def _summons(thing: RedditThing, me: str, own: Collection[str]) -> bool:
    """True where the author speaks to the account: a message, an answer to it, its name."""
    data = thing.data
    if thing.kind == "t4" or data.get("was_comment") is True or _said(data, "parent_id") in own:
        return True
    if _said(data, "parent_id").startswith("t3") and _same(_said(data, "link_author"), me):
        return True
    name = rf"(?<![A-Za-z0-9_/-])/?u/{re.escape(me)}(?![A-Za-z0-9_-])"
    return re.search(name, _text(thing), re.IGNORECASE) is not None


def _link(thing: RedditThing) -> str:
    """The submission it belongs to; the inbox tells it only within a path."""
    if thing.kind == "t3":
        return thing.name
    link = _said(thing.data, "link_id")
    if _NAME.fullmatch(link):
        return link
    found = _LINK.search(_said(thing.data, "context") or _said(thing.data, "permalink"))
    return f"t3_{found[1]}" if found else thing.name


def _media(data: JsonObject) -> tuple[str, ...]:
    """Where a submission that is no text leads to: a picture, a film, a page."""
    url = _said(data, "url")
    linked = data.get("is_self") is False and url.startswith(("http://", "https://"))
    return (url,) if linked else ()


def _same(name: str, other: str) -> bool:
    return name.lower() == other.lower()


def _said(data: JsonObject, name: str) -> str:
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
