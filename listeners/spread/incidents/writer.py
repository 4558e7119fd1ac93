"""Writes incidents to the store in the background, and merges stored records.

Changes are only marked; a write takes the state of the incident at that moment, so many changes
cost one write and no post waits for the store. Writes are optimistic: a change that someone else
stored first raises Conflict, and is then read and merged with. An incident can go into another one
at any moment of a write, so merges of stored records are queued and done between writes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from core.clock import Clock
from core.errors import Conflict, StoreError
from core.localized import UiLanguage
from core.model.incidents import Incident, TimelineEntry
from core.repositories import Incidents
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.records import (
    BOT,
    MAX_TIMELINE,
    absorbed,
    tally,
    to_record,
    updated,
)
from listeners.spread.incidents.wording import IncidentTexts

log = logging.getLogger(__name__)

_INTERVAL: Final = 0.5
"""Seconds between two rounds of writing."""
_TRIES: Final = 5
_MAX_TALLIED: Final = 100_000
"""Mentions read to count the authors of a merged record."""


class IncidentWriter:
    """Writes the incidents that were scheduled, in a task of its own."""

    def __init__(
        self,
        incidents: Incidents,
        *,
        clock: Clock,
        language: UiLanguage,
        texts: IncidentTexts,
        changed: Callable[[Incident], None],
        merge_alerts: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """Create a writer; nothing is written before ``start`` or ``flush``.

        ``language``: of titles and reasons. ``changed`` is called with every record that was
        stored. ``merge_alerts(gone, kept)`` resolves the alert of a merged incident.
        """
        self._incidents = incidents
        self._clock = clock
        self._language: UiLanguage = language
        self._texts = texts
        self._changed = changed
        self._merge_alerts = merge_alerts
        self._scheduled: dict[str, TrackedIncident] = {}
        self._merges: list[tuple[TrackedIncident, str]] = []
        """Incidents that absorbed another one, with the id of its record."""
        self._writing: TrackedIncident | None = None
        self._absorbers: list[TrackedIncident] = []
        """Incidents that absorbed the one that is being written."""
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def schedule(self, incident: TrackedIncident) -> None:
        """Mark an incident as changed."""
        self._scheduled[incident.key] = incident

    def discard(self, incident: TrackedIncident) -> None:
        """Do not write an incident that is no longer in memory."""
        self._scheduled.pop(incident.key, None)

    def merged(self, kept: TrackedIncident, gone: TrackedIncident) -> None:
        """Record that one incident absorbed another; their records are merged with the next round.

        If only ``gone`` has a record, ``kept`` takes it over.
        """
        self._scheduled.pop(gone.key, None)
        if gone.record is None:
            self._absorbers += [kept] if gone is self._writing else []
            return
        if kept.record is None:
            kept.record = gone.record
        elif kept.record.id != gone.record.id:
            self._merges.append((kept, gone.record.id))
        self.schedule(kept)

    def start(self) -> None:
        """Begin to write in the background if anything is scheduled; returns at once."""
        if self._scheduled and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    async def stored_id(self, incident: TrackedIncident) -> str:
        """The id of the incident's record, which is opened with its posts if there is none.

        Raises StoreError.
        """
        async with self._lock:
            await self._write(incident, whole=incident.record is None)
            return (await self._record(incident)).id

    async def flush(self) -> None:
        """Write all that is scheduled. Raises StoreError."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        while self._scheduled:
            await self._round()

    async def change(self, id: str, do: Callable[[Incident], Incident]) -> Incident:  # noqa: A002
        """Apply a change to a record and store it; returns what is stored.

        ``do`` is applied again to what someone else stored meanwhile. Raises KeyError if there is
        no such record, Conflict after five tries, StoreError.
        """
        for _ in range(_TRIES):
            stored = await self._incidents.get(id)
            if stored is None:
                raise KeyError(id)
            wanted = do(stored)
            if wanted == stored:
                return stored
            try:
                return await self._incidents.save(wanted)
            except Conflict:
                continue
        raise Conflict(f"{id} is being changed all the time. Try again.")

    async def merge_records(self, kept: str, gone: str, *, by: str) -> Incident:
        """Merge a stored record with its mentions and alert into another one; returns that.

        Idempotent: what was done before an interruption is not done again, and a record is never
        merged into itself. Raises KeyError if either does not exist, Conflict, StoreError.
        """
        if kept == gone:
            return await self.change(kept, lambda stored: stored)
        at = self._clock.now()

        def end(stored: Incident) -> Incident:
            if stored.merged_into == kept:
                return stored
            entry = TimelineEntry(at=at, by=by, what="merged", detail=kept)
            timeline = (*stored.timeline, entry)[-MAX_TIMELINE:]
            return replace(
                stored,
                state="resolved",
                merged_into=kept,
                mentions=0,
                authors=0,
                denials=0,
                timeline=timeline,
            )

        ended = await self.change(gone, end)
        self._changed(ended)
        while found := await self._incidents.mentions(gone):
            await self._incidents.assign([one.mention.seq for one in found], kept)
        await self._merge_alerts(gone, kept)
        held = await self._incidents.mentions(kept, limit=_MAX_TALLIED)
        now = tally(one.mention for one in held)
        grown = await self.change(
            kept, lambda stored: absorbed(stored, ended, now=now, by=by, at=at)
        )
        self._changed(grown)
        return grown

    async def _run(self) -> None:
        while self._scheduled:
            try:
                await self._round()
            except StoreError as error:
                log.error("incidents cannot be stored yet", extra={"error": str(error)})
            await self._clock.sleep(_INTERVAL)

    async def _round(self) -> None:
        while self._merges:
            kept, gone = self._merges[0]
            await self.merge_records(await self.stored_id(kept), gone, by=BOT)
            del self._merges[0]
        for key, incident in tuple(self._scheduled.items()):
            async with self._lock:
                if self._scheduled.get(key) is incident:
                    del self._scheduled[key]
                    await self._write(incident, whole=True)

    async def _write(self, incident: TrackedIncident, *, whole: bool) -> None:
        """Store an incident, ``whole`` or only so that it has an id.

        Changes during the write schedule the incident again; so does a failure of a whole write.
        """
        self._writing = incident
        try:
            await self._record(incident)
            if whole:
                await self._update(incident)
        except BaseException:
            if whole and not self._absorbers:
                self.schedule(incident)
            raise
        finally:
            absorbers, self._absorbers, self._writing = self._absorbers, [], None
            record = incident.record
            if record is not None:
                self._merges += [(absorber, record.id) for absorber in absorbers]
            for absorber in absorbers:
                self.schedule(absorber)

    async def _record(self, incident: TrackedIncident) -> Incident:
        if incident.record is None:
            now = to_record(incident, self._language, self._texts)
            opened = TimelineEntry(at=now.first_at, by=BOT, what="opened", detail=now.severity)
            entries = (opened, *incident.unsaved_entries)
            stored = await self._incidents.open(
                replace(now, timeline=entries, opened_at=self._clock.now())
            )
            if stored.timeline[: len(entries)] == entries:
                del incident.unsaved_entries[: len(entries) - 1]
            incident.record = stored
            self._changed(stored)
        return incident.record

    async def _update(self, incident: TrackedIncident) -> None:
        entries, seqs = tuple(incident.unsaved_entries), tuple(incident.unsaved_posts)
        record = await self._record(incident)
        if seqs:
            await self._incidents.assign(seqs, record.id)
            incident.unsaved_posts = [seq for seq in incident.unsaved_posts if seq not in set(seqs)]
        count = await self._incidents.count(record.id)
        for _ in range(_TRIES):
            now = to_record(incident, self._language, self._texts)
            wanted = updated(record, now, entries, mentions=count)
            if wanted == record:
                break
            try:
                record = await self._incidents.save(wanted)
            except Conflict:
                record = await self._incidents.get(record.id) or record
                continue
            self._changed(record)
            break
        else:
            raise Conflict(f"{record.id} is being changed all the time. It is tried again.")
        incident.record = record
        del incident.unsaved_entries[: len(entries)]
