"""Recently stored posts, and the events of whole answers that need them."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.json_fields import JsonObject
from connectors.x.account import XAccount
from connectors.x.events import XPost, deletion, read_post
from connectors.x.fields import native_id
from core.errors import InputError
from core.model.events import Event, Reject

_MOST: Final = 20_000
_MOST_KEPT: Final = 64 * 1024


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
