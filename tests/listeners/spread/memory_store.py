"""A store for the watch in memory, to run detectors without a database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from core.errors import Conflict
from core.incidents import Incident
from core.mentions import MentionRecord


class MemorySpreadStore:
    """Stores incidents and values; it has no mentions."""

    def __init__(self) -> None:
        self._all: dict[str, Incident] = {}
        self._settings: dict[str, str] = {}

    async def open_incident(self, incident: Incident) -> Incident:
        for one in self._all.values():
            if one.key == incident.key and one.state == "open":
                return one
        opened = replace(incident, id=incident.id or f"INC-{101 + len(self._all)}")
        return self._all.setdefault(opened.id, opened)

    async def compare_and_set_incident(self, incident: Incident) -> Incident:
        if self._all[incident.id].version != incident.version:
            raise Conflict(f"{incident.id} was changed by somebody else. Read it again.")
        self._all[incident.id] = replace(incident, version=incident.version + 1)
        return self._all[incident.id]

    async def incident(self, id: str) -> Incident | None:  # noqa: A002
        return self._all.get(id)

    async def incidents(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        found = [one for one in self._all.values() if state is None or one.state == state]
        return sorted(found, key=lambda one: one.last_at, reverse=True)[:limit]

    async def assign_incident(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        return None

    async def incident_mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        return ()

    async def mention(self, seq: int) -> MentionRecord | None:
        return None

    async def setting(self, key: str) -> str | None:
        return self._settings.get(key)

    async def set_setting(self, key: str, value: str) -> None:
        self._settings[key] = value
