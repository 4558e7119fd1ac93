"""The texts of a post: its author's own words, and what it reposts, quotes, answers or links to.

X cuts the text of a repost; the whole post stands in what it includes.
"""

import re
from collections.abc import Iterable
from typing import Final

from connectors.json_fields import JsonObject, text_field
from connectors.x.account import XAccount, display_name
from connectors.x.fields import (
    QUOTED,
    address_of,
    included,
    links_of,
    native_id,
    note_of,
    part,
    referenced,
    references,
    shown_post,
    shown_posts,
)
from connectors.x.text import unescape
from core.errors import InputError
from core.model.events import Quoted

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
