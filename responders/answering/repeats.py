"""Posts that one author writes again and again: the first few are handled, the rest only recorded.

The history is in memory and bounded; it begins anew after a restart.
"""

import re
import zlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from core.model.events import Event
from core.text import normalised

HANDLED: Final = 3
"""Posts with the same words by one author that are handled within ``WINDOW``."""
WINDOW: Final = timedelta(hours=24)
_REMEMBERED: Final = 20_000
_ADDRESS: Final = re.compile(r"https?://\S+|@\S+")
_NO_LETTER: Final = re.compile(r"[\W\d_]+")


class RepeatedPosts:
    """Remembers public posts by author and words."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str, int], dict[str, datetime]] = OrderedDict()
        """By channel, author and words: the time of each handled post, by its id."""

    def is_one_too_many(self, event: Event) -> bool:
        """True for a public post whose author has said the same often enough.

        Digits, punctuation, addresses and handles are no difference. The same post, asked for
        again or edited, is no repeat of itself.
        """
        words = _NO_LETTER.sub("", _ADDRESS.sub("", normalised(event.text)))
        if not event.public or not words:
            return False
        key = (event.channel, event.author.id, zlib.crc32(words.encode("utf-8", "replace")))
        handled = {
            id_: at
            for id_, at in self._seen.pop(key, {}).items()
            if abs(event.posted_at - at) < WINDOW
        }
        is_over = event.id not in handled and len(handled) >= HANDLED
        if not is_over:
            handled[event.id] = event.posted_at
        self._seen[key] = handled
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return is_over
