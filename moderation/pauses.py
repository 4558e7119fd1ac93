"""Pauses of automatic replies: known here before they are stored, and asked of the store."""

from collections.abc import Sequence

from core.mentions import MentionRecord
from core.outbox import Reply
from core.pauses import Pause
from core.repositories import Mentions, Pauses


class StoredFreezes:
    """Takes pauses on, and says of each reply whether one holds it.

    The store is the truth, so that what another process pauses or lifts counts here. A pause taken
    on here holds from the call on, before it is stored.
    """

    def __init__(self, stored: Pauses, mentions: Mentions) -> None:
        self._stored = stored
        self._mentions = mentions
        self._unstored: dict[str, Pause] = {}
        self._changes = 0

    async def all(self) -> Sequence[Pause]:
        """All pauses, oldest first. Raises StoreError."""
        stored = {pause.id: pause for pause in await self._stored.all()}
        return sorted((stored | self._unstored).values(), key=lambda one: (one.at, one.id))

    async def save(self, pause: Pause) -> None:
        """Pause; no automatic reply it holds starts after this call.

        Raises StoreError where it cannot be stored: until the process ends it holds all the same.
        """
        self._unstored[pause.id] = pause
        self._changes += 1
        await self._stored.save(pause)
        if self._unstored.get(pause.id) is pause:
            del self._unstored[pause.id]
            self._changes += 1

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        """Go on; False where there is no such pause."""
        lifted = await self._stored.lift(id, by=by)
        return self._unstored.pop(id, None) is not None or lifted

    async def frozen(self, reply: Reply) -> str | None:
        """As Freezes.frozen. Raises StoreError where nobody can tell.

        What was read while a pause was taken on is read again: between the last look and the
        return nothing else runs.
        """
        while True:
            seen = self._changes
            found = await self.all()
            about: MentionRecord | None = None
            if reply.mention is not None and any(map(_asks_for_mention, found)):
                about = await self._mentions.get(reply.mention)
            if seen == self._changes:
                break
        held = next((pause for pause in found if holds(pause, reply, about)), None)
        return None if held is None else held.reason or held.id


def _asks_for_mention(pause: Pause) -> bool:
    return pause.scope not in ("all", "channel")


def holds(pause: Pause, reply: Reply, about: MentionRecord | None) -> bool:
    """True where the pause is about this reply.

    ``about``: the mention it answers; one whose mention is unknown is held by every pause that
    would have to know it.
    """
    if pause.scope == "all":
        return True
    if pause.scope == "channel":
        return reply.target.channel == pause.value
    if about is None:
        return True
    mention = about.mention
    if pause.scope == "brand":
        return pause.value in mention.brands
    if pause.scope == "incident":
        return mention.incident == pause.value
    brand, _, category = pause.value.rpartition("/")
    return mention.judgement.category == category and (not brand or brand in mention.brands)
