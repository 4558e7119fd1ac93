"""Pauses of automatic replies: in force as soon as they are requested, and kept in the store."""

from collections.abc import Sequence

from core.model.mentions import MentionRecord
from core.model.outbox import Reply
from core.model.pauses import Pause
from core.repositories import Mentions, Pauses


class StoredPauses:
    """Creates and lifts pauses, and tells which replies they hold.

    The store is authoritative, so that pauses set or lifted by another process count here too. A
    pause created here holds from the call on, before it is stored.
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
        """Create a pause; no automatic reply that it holds starts after this call.

        Raises StoreError where it cannot be stored; it then holds until the process ends.
        """
        self._unstored[pause.id] = pause
        self._changes += 1
        await self._stored.save(pause)
        if self._unstored.get(pause.id) is pause:
            del self._unstored[pause.id]
            self._changes += 1

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        """Lift a pause; False where there is none with this id."""
        lifted = await self._stored.lift(id, by=by)
        return self._unstored.pop(id, None) is not None or lifted

    async def pause_reason(self, reply: Reply) -> str | None:
        """As ``PauseCheck.pause_reason``. Raises StoreError where the store cannot be read.

        Reads again where a pause was created meanwhile: nothing else runs between the last check
        and the return.
        """
        while True:
            seen = self._changes
            found = await self.all()
            about: MentionRecord | None = None
            if reply.mention is not None and any(map(_needs_mention, found)):
                about = await self._mentions.get(reply.mention)
            if seen == self._changes:
                break
        held = next((pause for pause in found if holds(pause, reply, about)), None)
        return None if held is None else held.reason or held.id


def _needs_mention(pause: Pause) -> bool:
    return pause.scope not in ("all", "channel")


def holds(pause: Pause, reply: Reply, about: MentionRecord | None) -> bool:
    """True where the pause applies to this reply.

    ``about``: the mention that it answers. Without it, every pause that depends on the mention
    applies.
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
