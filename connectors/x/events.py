"""Converts X's JSON into Events, with the texts that a post reposts, quotes, answers or links to.

Pure functions over decoded JSON. X cuts the text of a repost; the whole post stands in what it
includes.

An unknown or malformed part of a post is left out; a post without id, author or time is rejected.

Source: https://docs.x.com/x-api/fundamentals/data-dictionary
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.json_fields import JsonObject, text_field, time_field
from connectors.x.account import XAccount, author_of, display_name, username
from connectors.x.fields import (
    QUOTED,
    address_of,
    count,
    included,
    links_of,
    native_id,
    note_of,
    objects,
    part,
    referenced,
    references,
    shown_post,
    shown_posts,
)
from connectors.x.names import field_of
from connectors.x.text import unescape
from core.errors import InputError
from core.model.events import Author, Event, EventKind, Metrics, Quoted

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


_MEDIA: Final = re.compile(r"/status/\d{1,19}/(photo|video)/")
_MOST_LINKS: Final = 10


def own_text(data: JsonObject) -> str:
    """The whole text as typed; in ``text`` X truncates posts of more than 280.

    X appends the addresses of attached media and of a quoted post, and hides them from readers.
    """
    note = note_of(data).get("text")
    text = unescape(note if isinstance(note, str) else text_field(data, "text"))
    appended = [str(link.get("url")) for link in links_of(data) if _is_appended(data, link)]
    while ends := [url for url in appended if url and text.endswith(url)]:
        text = text.removesuffix(ends[0]).rstrip()
    return text


def read_quoted(data: JsonObject, includes: JsonObject, me: XAccount) -> tuple[Quoted, ...]:
    """The posts that a post reposts, quotes or answers, and the pages that it or they link to."""
    known, users = included(includes, "tweets"), included(includes, "users")
    found: list[Quoted] = []
    links = _pages(data, me)
    for reference in references(data):
        number, kind = native_id(reference.get("id")), QUOTED.get(str(reference.get("type")))
        original = known.get(number or "")
        if number is None or kind is None or original is None:
            continue
        author = native_id(original.get("author_id")) or ""
        name = display_name(users.get(author, {})) or _name_of(data, number)
        own = me.is_own(author)
        text = _text_of(original)
        if not text and not own:
            continue
        found.append(Quoted(author=name, text=text, id=number, kind=kind, own=own))
        links |= _pages(original, me)
    return (*found, *list(links.values())[:_MOST_LINKS])


def _text_of(original: JsonObject) -> str:
    """As ``own_text``; empty for a post whose text X did not include."""
    try:
        return own_text(original)
    except InputError:
        return ""


def _is_appended(data: JsonObject, link: JsonObject) -> bool:
    """True for the address of attached media or of the quoted post."""
    address = address_of(link)
    if "media_key" in link or _MEDIA.search(address):
        return True
    shown = shown_post(link)
    return shown is not None and shown[1] == referenced(data, "quoted")


def _pages(data: JsonObject, me: XAccount) -> dict[str, Quoted]:
    """The linked pages by address, with title and description where X knows them."""
    found: dict[str, Quoted] = {}
    for link in links_of(data):
        address = address_of(link)
        if not address or address in found or _is_appended(data, link):
            continue
        shown = (link.get(name) for name in ("title", "description"))
        text = "。".join(part for part in shown if isinstance(part, str) and part.strip())
        found[address] = Quoted(
            author=_host(address),
            text=unescape(text),
            id=address,
            kind="link",
            own=links_to(me.sites, address),
        )
    return found


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].removeprefix("www.")


def links_to(sites: Iterable[str], address: str | None) -> bool:
    """True where an address holds one of ``sites``, as whole words."""
    text = (address or "").casefold()
    return any(re.search(rf"(?<![^\W_]){re.escape(site)}(?![^\W_])", text) for site in sites)


def media_of(data: JsonObject) -> tuple[str, ...]:
    """X's keys of the attached media."""
    keys = part(data, "attachments").get("media_keys")
    return tuple(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else ()


def media_kind(data: JsonObject) -> str:
    """``photo`` or ``video``; empty for a post without media."""
    for link in links_of(data):
        if found := _MEDIA.search(address_of(link)):
            return found[1]
    return "photo" if media_of(data) else ""


def _name_of(data: JsonObject, number: str) -> str:
    """The author of a referenced post as the referring one shows them."""
    reposted = re.match(r"RT @(\w{1,50}):", str(data.get("text")))
    named = next((name for name, post in shown_posts(data) if post == number), "")
    return reposted[1] if reposted else named
