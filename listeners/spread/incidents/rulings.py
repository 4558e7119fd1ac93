"""Decisions of staff about incidents: merging two, and splitting posts off into one of their own.

Both are stored and survive a restart. An incident that staff ruled on may absorb others, and is
never merged into another one by the detectors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.clock import Clock
from core.model.incidents import Incident, TimelineEntry
from core.model.mentions import Mention
from listeners.spread.activity import brand_post
from listeners.spread.grouping.grouper import Grouper
from listeners.spread.incidents.alerts import AlertQueue
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from listeners.spread.incidents.writer import IncidentWriter
from listeners.spread.ports import SpreadStore


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitSelection:
    """Mentions of one brand that are to become an incident."""

    brand: str
    mentions: tuple[Mention, ...]
    sources: tuple[str, ...]
    """Ids of the incidents they are in."""


class StaffRulings:
    """Carries out merges and splits, in the store and in memory."""

    def __init__(
        self,
        store: SpreadStore,
        *,
        writer: IncidentWriter,
        index: IncidentIndex,
        queue: AlertQueue,
        grouper: Grouper,
        clock: Clock,
    ) -> None:
        self._store = store
        self._writer = writer
        self._index = index
        self._queue = queue
        self._grouper = grouper
        self._clock = clock

    async def merge(self, kept_id: str, gone_id: str, *, by: str) -> Incident:
        """Merge an incident into another one; returns the one that is kept.

        Incidents that were merged before stand for those they went into. Raises KeyError if either
        does not exist, ValueError if they are the same or of two brands, StoreError.
        """
        await self._writer.flush()
        stored, other = await self._current(kept_id), await self._current(gone_id)
        if stored.id == other.id:
            raise ValueError(f"{kept_id} and {gone_id} are one incident already")
        if stored.brand != other.brand:
            raise ValueError(f"{kept_id} and {gone_id} belong to two brands")
        merged = await self._writer.merge_records(stored.id, other.id, by=by)
        kept, gone = self._index.of_record(merged.id), self._index.of_record(gone_id)
        if gone is not None and kept is None:
            gone.record = merged
        elif gone is not None and kept is not None:
            kept.record, kept.staff_ruled = merged, True
            self._index.merge(kept, gone)
            self._queue.merged(kept, gone)
            self._writer.discard(gone)
        return merged

    async def split(self, seqs: Sequence[int], *, by: str) -> str:
        """Make mentions, by Mention.seq, an incident of their own; returns its id.

        If they are of several brands, those of the first incident's brand are taken. Raises
        KeyError if none of them is stored or belongs to an incident, StoreError.
        """
        await self._writer.flush()
        selection = await self._select(seqs)
        at = self._clock.now()
        incident = _split_off(selection, by, at=at, grouper=self._grouper, index=self._index)
        self._index.detach({post.key for post in incident.activity.posts()})
        self._index.add(incident)
        for source in selection.sources:  # before any await, so that no merge undoes the split
            if (known := self._index.of_record(source)) is not None:
                known.staff_ruled = True
        self._writer.schedule(incident)
        await self._writer.flush()
        made = await self._writer.stored_id(incident)
        for source in selection.sources:
            left = await self._store.incidents.count(source)
            reduced = _reduced(incident, made, by, self._clock.now(), mentions=left)
            await self._writer.change(source, reduced)
        return made

    async def _select(self, seqs: Sequence[int]) -> SplitSelection:
        found = [
            one.mention
            for seq in dict.fromkeys(seqs)
            if (one := await self._store.mentions.get(seq))
        ]
        sources = tuple(dict.fromkeys(one.incident for one in found if one.incident is not None))
        records = [
            record
            for id_ in sources
            if (record := await self._store.incidents.get(id_)) is not None
        ]
        if not records:
            raise KeyError("none of these mentions belongs to an incident")
        brand = records[0].brand
        return SplitSelection(
            brand=brand,
            mentions=tuple(one for one in found if brand in one.brands),
            sources=tuple(record.id for record in records if record.brand == brand),
        )

    async def _current(self, id_: str) -> Incident:
        """The record with this id, or the one it was merged into."""
        seen: set[str] = set()
        found = await self._store.incidents.get(id_)
        while found is not None and found.merged_into is not None and found.id not in seen:
            seen.add(found.id)
            found = await self._store.incidents.get(found.merged_into)
        if found is None:
            raise KeyError(id_)
        return found


def _split_off(
    selection: SplitSelection, by: str, *, at: datetime, grouper: Grouper, index: IncidentIndex
) -> TrackedIncident:
    """An incident of these mentions alone; copies of them will follow it."""
    posts = sorted(
        (
            brand_post(
                selection.brand,
                one,
                one.event.posted_at.timestamp(),
                names=index.names(selection.brand),
            )
            for one in selection.mentions
        ),
        key=lambda post: post.at,
    )
    key = f"{selection.brand}:split:{posts[0].seq}:{at:%Y%m%dT%H%M%S%fZ}"
    incident = TrackedIncident(
        key=key, brand=selection.brand, title=posts[0].text, staff_ruled=True
    )
    grouped = [post.key for post in posts if grouper.incident_of(post.key) is not None]
    if grouped:
        incident.groups.add(grouper.split(grouped, brand=selection.brand, into=key))
    for post in posts:
        incident.activity.add(post, quiet=float("inf"))
        incident.unsaved_posts.append(post.seq)
    incident.unsaved_entries += [
        TimelineEntry(at=at, by=by, what="split", detail=source) for source in selection.sources
    ]
    return incident


def _reduced(
    incident: TrackedIncident, made: str, by: str, at: datetime, *, mentions: int
) -> Callable[[Incident], Incident]:
    """The change to a record that ``incident``, now stored as ``made``, was split from.

    ``mentions`` are left with the record.
    """

    def change(stored: Incident) -> Incident:
        return replace(
            stored,
            mentions=mentions,
            authors=min(max(0, stored.authors - len(incident.activity.authors)), mentions),
            timeline=(*stored.timeline, TimelineEntry(at=at, by=by, what="split", detail=made)),
        )

    return change
