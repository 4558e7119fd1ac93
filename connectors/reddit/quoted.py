"""The texts that a submission refers to: what it crossposts, and the page that it links to."""

from typing import Final
from urllib.parse import urlsplit

from connectors.json_fields import JsonObject
from connectors.voices import KnownVoices
from core.model.events import Quoted

_MOST: Final = 3
"""Crossposts of crossposts that are read."""
_OWN_HOSTS: Final = ("reddit.com", "redd.it", "redditmedia.com")


def quoted_of(data: JsonObject, me: str, voices: KnownVoices) -> tuple[Quoted, ...]:
    """The crossposted submissions, and the linked page with its title where Reddit knows it."""
    parents = data.get("crosspost_parent_list")
    listed = [one for one in parents if isinstance(one, dict)] if isinstance(parents, list) else []
    found = [_submission(parent, me, voices) for parent in listed[:_MOST]]
    pages = (_page(one) for one in (data, *listed[:_MOST]))
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


def _string(data: JsonObject, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
