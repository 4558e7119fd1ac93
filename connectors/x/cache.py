"""What is remembered of the posts seen lately, so that X need not be asked, and paid, again."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connectors.x.events import Post

_MOST: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One version of a post that was stored."""

    id: str
    """Of its first version."""
    version: int
    author: str
    conversation: str
    summons: bool


class Known:
    """The latest posts by the ids of all their versions."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def note(self, posts: Iterable[Post]) -> None:
        """Remember posts that were stored."""
        for post in posts:
            event = post.event
            seen = Seen(
                id=event.id,
                version=post.version,
                author=event.author.id,
                conversation=event.conversation,
                summons=event.solicited,
            )
            self._seen[str(post.version)] = seen
            first = self._seen.get(event.id)
            if first is None or first.version < post.version:
                self._seen[event.id] = seen
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)

    def find(self, number: str) -> Seen | None:
        """What is known of the post with this id; by its first id, in its latest version."""
        return self._seen.get(number)

    def has(self, version: int) -> bool:
        """True where this very version was stored."""
        seen = self._seen.get(str(version))
        return seen is not None and seen.version == version
