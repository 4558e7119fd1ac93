"""Pauses of automatic replies: known here before they are stored, and asked of the store."""

from collections.abc import Sequence
from typing import Protocol

from core.mentions import Handled
from core.outbox import Reply
from core.pauses import Freeze


class FreezeStore(Protocol):
    """Where pauses outlive a restart, and where a reply's mention is found."""

    async def freezes(self) -> Sequence[Freeze]: ...

    async def save_freeze(self, freeze: Freeze) -> None: ...

    async def lift_freeze(self, id: str, *, by: str) -> bool: ...  # noqa: A002

    async def mention(self, seq: int) -> Handled | None: ...


class StoredFreezes:
    """Takes pauses on, and says of each reply whether one holds it.

    The store is the truth, so that what another process pauses or lifts counts here. A pause taken
    on here holds from the call on, before it is stored.
    """

    def __init__(self, store: FreezeStore) -> None:
        self._store = store
        self._unstored: dict[str, Freeze] = {}
        self._changes = 0

    async def freezes(self) -> Sequence[Freeze]:
        """All pauses, oldest first. Raises StoreError."""
        stored = {freeze.id: freeze for freeze in await self._store.freezes()}
        return sorted((stored | self._unstored).values(), key=lambda one: (one.at, one.id))

    async def save_freeze(self, freeze: Freeze) -> None:
        """Pause; no automatic reply it holds starts after this call.

        Raises StoreError where it cannot be stored: until the process ends it holds all the same.
        """
        self._unstored[freeze.id] = freeze
        self._changes += 1
        await self._store.save_freeze(freeze)
        if self._unstored.get(freeze.id) is freeze:
            del self._unstored[freeze.id]
            self._changes += 1

    async def lift_freeze(self, id: str, *, by: str) -> bool:  # noqa: A002
        """Go on; False where there is no such pause."""
        lifted = await self._store.lift_freeze(id, by=by)
        return self._unstored.pop(id, None) is not None or lifted

    async def frozen(self, reply: Reply) -> str | None:
        """As Freezes.frozen. Raises StoreError where nobody can tell.

        What was read while a pause was taken on is read again: between the last look and the
        return nothing else runs.
        """
        while True:
            seen = self._changes
            found = await self.freezes()
            about: Handled | None = None
            if reply.mention is not None and any(map(_asks_for_mention, found)):
                about = await self._store.mention(reply.mention)
            if seen == self._changes:
                break
        held = next((freeze for freeze in found if holds(freeze, reply, about)), None)
        return None if held is None else held.reason or held.id


def _asks_for_mention(freeze: Freeze) -> bool:
    return freeze.scope not in ("all", "channel")


def holds(freeze: Freeze, reply: Reply, about: Handled | None) -> bool:
    """True where the pause is about this reply.

    ``about``: the mention it answers; one whose mention is unknown is held by every pause that
    would have to know it.
    """
    if freeze.scope == "all":
        return True
    if freeze.scope == "channel":
        return reply.target.channel == freeze.value
    if about is None:
        return True
    mention = about.mention
    if freeze.scope == "brand":
        return freeze.value in mention.brands
    if freeze.scope == "incident":
        return mention.incident == freeze.value
    brand, _, category = freeze.value.rpartition("/")
    return mention.judgement.category == category and (not brand or brand in mention.brands)
