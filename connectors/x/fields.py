"""Reads parts of X's objects in either vocabulary; a malformed part counts as missing.

Source: https://docs.x.com/x-api/fundamentals/data-dictionary
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from connectors.json_fields import JsonObject, count_field
from connectors.x.names import field_of
from core.errors import InputError
from core.model.events import QuotedKind

Reference = Literal["retweeted", "quoted", "replied_to"]

QUOTED: Final[Mapping[str, QuotedKind]] = {
    "retweeted": "repost",
    "reposted": "repost",
    "quoted": "quote",
    "replied_to": "answered",
}
"""The ways in which a post refers to another."""

_ID: Final = re.compile(r"\d{1,19}")
_STATUS: Final = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/(\w{1,50})/status/(\d{1,19})"
)


def native_id(value: object) -> str | None:
    """A post's or account's id without leading zeros; ``None`` if ``value`` is not an id."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        value = str(value)
    if isinstance(value, str) and value.isascii() and _ID.fullmatch(value):
        return str(int(value))
    return None


def included(includes: JsonObject, kind: str) -> Mapping[str, JsonObject]:
    """Included objects of one kind, by id."""
    listed = field_of(includes, kind) if kind == "tweets" else includes.get(kind)
    found = ((native_id(item.get("id")), item) for item in objects(listed))
    return {number: item for number, item in found if number is not None}


def count(figures: JsonObject, name: str) -> int | None:
    try:
        return count_field(figures, (name,), name)
    except InputError:
        return None


def part(data: JsonObject, name: str) -> JsonObject:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def note_of(data: JsonObject) -> JsonObject:
    note = field_of(data, "note_tweet")
    return note if isinstance(note, dict) else {}


def links_of(data: JsonObject) -> list[JsonObject]:
    """The links of a post; those of a long text are listed with it."""
    return [
        *objects(part(data, "entities").get("urls")),
        *objects(part(note_of(data), "entities").get("urls")),
    ]


def address_of(link: JsonObject) -> str:
    """The address that a link leads to, as far as X has followed it."""
    found = (link.get(name) for name in ("unwound_url", "expanded_url", "url"))
    return next((address for address in found if isinstance(address, str) and address), "")


def references(data: JsonObject) -> list[JsonObject]:
    return objects(field_of(data, "referenced_tweets"))


def referenced(data: JsonObject, how: Reference) -> str | None:
    for post in references(data):
        if QUOTED.get(str(post.get("type"))) == QUOTED[how]:
            return native_id(post.get("id"))
    return None


def shown_posts(data: JsonObject) -> list[tuple[str, str]]:
    """Username and post id of each link to a post; X links every quoted post."""
    found = (shown_post(link) for link in links_of(data))
    return [shown for shown in found if shown is not None]


def shown_post(link: JsonObject) -> tuple[str, str] | None:
    """Username and id of the post that a link leads to, if it leads to one."""
    match = _STATUS.match(address_of(link))
    return (match[1], match[2]) if match else None
