"""The parts of the store that the watch over spread uses."""

from collections.abc import Sequence
from typing import Literal, Protocol

from core.incidents import Incident
from core.mentions import MentionRecord


class Keeps(Protocol):
    """Stores small values."""

    async def setting(self, key: str) -> str | None:
        """A value kept under ``key``, or ``None``."""
        ...

    async def set_setting(self, key: str, value: str) -> None: ...


class Incidents(Keeps, Protocol):
    """Stores incidents."""

    async def open_incident(self, incident: Incident) -> Incident:
        """Store a new incident, numbered where its id is empty; or return the open one of its key.

        An incident with an id that is there already is not stored again.
        """
        ...

    async def compare_and_set_incident(self, incident: Incident) -> Incident:
        """Store a change made on ``incident.version``; raises Conflict if that is not the last."""
        ...

    async def incident(self, id: str) -> Incident | None: ...  # noqa: A002

    async def incidents(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        """The last active first."""
        ...

    async def assign_incident(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        """Note which incident mentions belong to."""
        ...

    async def incident_mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        """Its mentions by posted_at, oldest first."""
        ...

    async def mention(self, seq: int) -> MentionRecord | None: ...
