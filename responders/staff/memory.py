"""Small state of the staff groups that survives a restart, each as one stored value."""

import json
import logging
from collections import OrderedDict
from dataclasses import asdict
from typing import Final

from core.model.cards import PostedCard, token_of
from core.repositories import Values

log = logging.getLogger(__name__)

MAX_CARDS: Final = 300
"""Cards that are remembered per group; an older one is posted anew when it changes."""
_MAX_ACTORS: Final = 300
_ACTORS: Final = "staff_notes"


class CardMemory:
    """The messages that show the newest cards of one group."""

    def __init__(self, values: Values, name: str) -> None:
        """``name``: of the group as a receiver of alerts."""
        self._values = values
        self._key = f"staff_group:{name}"
        self._postings: OrderedDict[str, PostedCard] | None = None

    async def posting(self, token: str) -> PostedCard | None:
        """The message that shows the card with this token."""
        return (await self._read()).get(token)

    async def postings(self) -> list[PostedCard]:
        """Every remembered message, oldest first."""
        return list((await self._read()).values())

    async def save_posting(self, posting: PostedCard) -> None:
        """Store a message in place of an earlier one for the same card. Raises StoreError."""
        changed = OrderedDict(await self._read())
        changed[posting.token] = posting
        while len(changed) > MAX_CARDS:
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
                log.warning("stored cards of a group cannot be read", extra={"key": self._key})
                postings = []
            self._postings = OrderedDict((one.token, one) for one in postings)
        return self._postings


class ActorMemory:
    """The member of staff who acted last on each card, where the stored record has no place."""

    def __init__(self, values: Values) -> None:
        self._values = values

    async def actor(self, subject: str) -> str:
        """Name of the member of staff; empty if none acted."""
        return (await self._read()).get(token_of(subject), "")

    async def save(self, subject: str, actor: str) -> None:
        """Store who acted on a card. Raises StoreError."""
        actors = await self._read()
        actors.pop(token_of(subject), None)
        actors[token_of(subject)] = actor
        newest = dict(list(actors.items())[-_MAX_ACTORS:])
        await self._values.set(_ACTORS, json.dumps(newest, ensure_ascii=False))

    async def _read(self) -> dict[str, str]:
        saved: dict[str, str] = json.loads(await self._values.get(_ACTORS) or "{}")
        return saved
