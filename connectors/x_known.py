"""What is remembered of the posts seen lately, so that X need not be asked, and paid, again."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from connectors.x_posts import Post

_MOST: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One post that was delivered."""

    id: str
    """Of its first version."""
    author: str
    conversation: str
    summons: bool


class Known:
    """The latest posts by the ids of all their versions."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def note(self, posts: Iterable[Post]) -> None:
        for post in posts:
            event = post.event
            seen = Seen(
                id=event.id,
                author=event.author.id,
                conversation=event.conversation,
                summons=event.solicited,
            )
            for number in {event.id, str(post.version)}:
                self._seen[number] = seen
                self._seen.move_to_end(number)
        while len(self._seen) > _MOST:
            self._seen.popitem(last=False)

    def find(self, number: str) -> Seen | None:
        """The post with this id, in its latest version that was seen."""
        return self._seen.get(number)
