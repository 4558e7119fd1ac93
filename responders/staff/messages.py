"""Which message shows which card, and who did what there: what a group remembers of itself."""

import json
import logging
from collections import OrderedDict
from dataclasses import asdict
from typing import Final

from core.cards import PostedCard
from core.repositories import Values

log = logging.getLogger(__name__)

MOST: Final = 300
"""Cards that are remembered; an older one is posted anew when it changes."""


class GroupMemory:
    """The newest cards of one group, read once and written through as one value."""

    def __init__(self, values: Values, name: str) -> None:
        """``name``: the group's, as a receiver of alerts."""
        self._values = values
        self._key = f"staff_group:{name}"
        self._postings: OrderedDict[str, PostedCard] | None = None

    async def posting(self, token: str) -> PostedCard | None:
        """Where the card with this token stands."""
        return (await self._read()).get(token)

    async def postings(self) -> list[PostedCard]:
        """All that are remembered, oldest first."""
        return list((await self._read()).values())

    async def save_posting(self, posting: PostedCard) -> None:
        """Remember it in place of an earlier one with the same token. Raises StoreError."""
        known = await self._read()
        changed = OrderedDict(known)
        changed[posting.token] = posting
        while len(changed) > MOST:
            changed.popitem(last=False)
        value = json.dumps([asdict(one) for one in changed.values()])
        await self._values.set(self._key, value)
        self._postings = changed

    async def _read(self) -> OrderedDict[str, PostedCard]:
        if self._postings is None:
            saved = await self._values.get(self._key) or "[]"
            try:
                postings = [PostedCard(**one) for one in json.loads(saved)]
            except (ValueError, TypeError):  # written by another version: cards are posted anew
                log.warning("what a group was shown cannot be read", extra={"key": self._key})
                postings = []
            self._postings = OrderedDict((one.token, one) for one in postings)
        return self._postings
