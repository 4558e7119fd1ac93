"""A store for the watch in memory, to run detectors without a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from core.model.incidents import Incident, next_incident_version
from core.model.mentions import Mention, MentionFilter, MentionPage, MentionRecord


class _Incidents:
    def __init__(self) -> None:
        self._all: dict[str, Incident] = {}
        self._assigned: dict[int, str | None] = {}

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        return self._all.get(id)

    async def find(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        found = [one for one in self._all.values() if state is None or one.state == state]
        return sorted(found, key=lambda one: one.last_at, reverse=True)[:limit]

    async def open(self, incident: Incident) -> Incident:
        for one in self._all.values():
            if one.key == incident.key and one.state == "open":
                return one
        opened = replace(incident, id=incident.id or f"INC-{101 + len(self._all)}")
        return self._all.setdefault(opened.id, opened)

    async def save(self, incident: Incident) -> Incident:
        self._all[incident.id] = next_incident_version(self._all.get(incident.id), incident)
        return self._all[incident.id]

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        self._assigned |= dict.fromkeys(seqs, id)

    async def mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        return ()

    async def count(self, id: str) -> int:  # noqa: A002
        return sum(one == id for one in self._assigned.values())


class _Mentions:
    async def get(self, seq: int) -> MentionRecord | None:
        return None

    async def find(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        return MentionPage(mentions=(), next=None)

    async def since(self, at: datetime) -> Sequence[Mention]:
        return ()


class _Values:
    def __init__(self) -> None:
        self._all: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self._all.get(key)

    async def set(self, key: str, value: str) -> None:
        self._all[key] = value


class MemorySpreadStore:
    """Stores incidents and values; it has no mentions."""

    def __init__(self) -> None:
        self.incidents = _Incidents()
        self.mentions = _Mentions()
        self.values = _Values()
