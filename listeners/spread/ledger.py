"""Keeps cases as incidents in the store: soon, together, and without holding up what is heard.

What is written is the state of a case at that moment, so many changes cost one write. A change
that somebody else made first is read and kept: owner, statement and title are staff's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from core.clock import Clock
from core.errors import Conflict, StoreError
from core.incidents import Incident, TimelineEntry
from core.repositories import Incidents
from listeners.spread.case import Case

log = logging.getLogger(__name__)

_PAUSE: Final = 0.5
"""Seconds between two rounds of writing."""
_TRIES: Final = 5
_TURNS: Final = frozenset({"resolved", "reopened"})
_TIMELINE: Final = 500
"""Notes kept of one incident."""
_SAME_WAVE: Final = timedelta(hours=6)
"""What begins later than this after the first wave is another wave."""

BOT: Final = "bot"

Describe = Callable[[Case], Incident]


class Ledger:
    """Writes what is noted, in a task of its own."""

    def __init__(
        self,
        incidents: Incidents,
        *,
        clock: Clock,
        describe: Describe,
        changed: Callable[[Incident], None],
        hand_over: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """``describe`` gives a case as it is now; ``changed`` is told of every stored incident.

        ``hand_over`` ends the alert about an incident, the first, that went into another one.
        """
        self._incidents = incidents
        self._clock = clock
        self._describe = describe
        self._changed = changed
        self._hand_over = hand_over
        self._dirty: dict[str, Case] = {}
        self._ended: list[tuple[Case, str]] = []
        """Cases that took over a stored incident, with its id."""
        self._writing: Case | None = None
        self._takers: list[Case] = []
        """What took over the case that is being written, if anything did meanwhile."""
        self._task: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    def note(self, case: Case) -> None:
        """Have a case written soon."""
        self._dirty[case.key] = case

    def merged(self, kept: Case, gone: Case) -> None:
        """Two cases turned out to be one; what the store has of ``gone`` goes over to ``kept``."""
        self._dirty.pop(gone.key, None)
        if gone.record is None:
            self._takers += [kept] if gone is self._writing else []
            return
        if kept.record is None:
            kept.record = gone.record
        else:
            self._ended.append((kept, gone.record.id))
        self.note(kept)

    def forget(self, case: Case) -> None:
        """Write nothing more of a case that is no longer remembered."""
        self._dirty.pop(case.key, None)

    def kick(self) -> None:
        """Begin to write, if there is anything; returns at once."""
        if self._dirty and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work())

    async def number(self, case: Case) -> str:
        """The case's Incident.id, which is stored now if it was not. Raises StoreError."""
        async with self._lock:
            await self._write(case, whole=False)
            return (await self._record(case)).id

    async def settle(self) -> None:
        """Return once everything is written. Raises StoreError where it cannot be."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        while self._dirty:
            await self._round()

    async def change(self, id: str, do: Callable[[Incident], Incident]) -> Incident:  # noqa: A002
        """Change a stored incident, again on what somebody else changed first.

        Raises KeyError where there is none.
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

    async def absorb(self, kept: str, gone: str, *, by: str) -> Incident:
        """Let a stored incident take another over, with its mentions; returns it.

        What is done already is not done again. Raises KeyError where either does not exist.
        """
        at = self._clock.now()

        def end(stored: Incident) -> Incident:
            if stored.merged_into == kept:
                return stored
            note = TimelineEntry(at=at, by=by, what="merged", detail=kept)
            timeline = (*stored.timeline, note)[-_TIMELINE:]
            return replace(stored, state="resolved", merged_into=kept, timeline=timeline)

        ended = await self.change(gone, end)
        self._changed(ended)
        while found := await self._incidents.mentions(gone):
            await self._incidents.assign([one.mention.seq for one in found], kept)
        await self._hand_over(gone, kept)

        def grow(stored: Incident) -> Incident:
            if any(note.what == "merged" and note.detail == gone for note in stored.timeline):
                return stored
            return replace(
                stored,
                first_at=min(stored.first_at, ended.first_at),
                last_at=max(stored.last_at, ended.last_at),
                severity=min(stored.severity, ended.severity),
                owner=stored.owner or ended.owner,
                statement=stored.statement or ended.statement,
                mentions=stored.mentions + ended.mentions,
                authors=stored.authors + ended.authors,
                channels=tuple(dict.fromkeys((*stored.channels, *ended.channels))),
                timeline=(
                    *stored.timeline,
                    TimelineEntry(at=at, by=by, what="merged", detail=gone),
                ),
            )

        grown = await self.change(kept, grow)
        self._changed(grown)
        return grown

    async def _work(self) -> None:
        while self._dirty:
            try:
                await self._round()
            except StoreError as error:
                log.error("incidents cannot be stored yet", extra={"error": str(error)})
            await self._clock.sleep(_PAUSE)

    async def _round(self) -> None:
        while self._ended:
            kept, gone = self._ended[0]
            await self.absorb(await self.number(kept), gone, by=BOT)
            del self._ended[0]
        for key, case in tuple(self._dirty.items()):
            async with self._lock:
                if self._dirty.get(key) is case:
                    del self._dirty[key]
                    await self._write(case, whole=True)

    async def _write(self, case: Case, *, whole: bool) -> None:
        """Store a case, ``whole`` or only so that it has a number.

        What changes meanwhile is noted anew by who changes it; what fails is noted here.
        """
        self._writing = case
        try:
            await self._record(case)
            if whole:
                await self._update(case)
        except BaseException:
            if whole and not self._takers:
                self.note(case)
            raise
        finally:
            takers, self._takers, self._writing = self._takers, [], None
            record = case.record
            if record is not None:
                self._ended += [(taker, record.id) for taker in takers]
            for taker in takers:
                self.note(taker)

    async def _record(self, case: Case) -> Incident:
        if case.record is None:
            now = self._describe(case)
            opened = TimelineEntry(at=now.first_at, by=BOT, what="opened", detail=now.severity)
            notes = (opened, *case.notes)
            stored = await self._incidents.open(replace(now, timeline=notes))
            if stored.timeline[: len(notes)] == notes:
                del case.notes[: len(notes) - 1]
            case.record = stored
            self._changed(stored)
        return case.record

    async def _update(self, case: Case) -> None:
        notes, seqs = tuple(case.notes), tuple(case.pending)
        record = await self._record(case)
        for _ in range(_TRIES):
            wanted = brought_up(record, self._describe(case), notes)
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
        case.record = record
        del case.notes[: len(notes)]
        if seqs:
            await self._incidents.assign(seqs, record.id)
            del case.pending[: len(seqs)]


def brought_up(stored: Incident, now: Incident, notes: tuple[TimelineEntry, ...]) -> Incident:
    """The stored incident with what is known now; what staff decide stays theirs."""
    return replace(
        stored,
        category=now.category,
        severity=stored.severity if now.state == "resolved" else now.severity,
        state=now.state if any(note.what in _TURNS for note in notes) else stored.state,
        first_at=_begun(stored, now),
        last_at=max(stored.last_at, now.last_at),
        mentions=max(stored.mentions, now.mentions),
        authors=max(stored.authors, now.authors),
        channels=tuple(dict.fromkeys((*stored.channels, *now.channels))),
        forecast=now.forecast,
        low=now.low,
        high=now.high,
        forecast_of=now.forecast_of,
        reasons=now.reasons,
        wordings=now.wordings,
        timeline=(*stored.timeline, *notes)[-_TIMELINE:],
    )


def _begun(stored: Incident, now: Incident) -> datetime:
    """When it began, as is known now; a second wave does not change when the first one came."""
    is_wave = now.first_at - stored.first_at > _SAME_WAVE
    return stored.first_at if is_wave else now.first_at


def moment(second: float) -> datetime:
    """A time of the posts, in UTC."""
    return datetime.fromtimestamp(second, tz=UTC)
