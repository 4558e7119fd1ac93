"""Watches what is spreading, in three lanes: the brand's volume, incidents, and single posts.

A mention passes through here: it is dated (``event_time``), grouped with its copies (``grouping``),
assigned to an incident (``incidents.index``), and the incident is assessed, stored and alerted
(``incidents.tracker``). Its figures pass through ``engaged`` to the forecast (``cascades``).

All state follows from the mentions and the stored incidents, so ``rebuild`` restores it after a
restart. An alert that could not be raised is tried again with the next mention, so that each is
raised at least once.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from core.clock import Clock
from core.i18n import Catalogue
from core.localized import UiLanguage
from core.model.alerts import Alert
from core.model.event_text import whole_text
from core.model.incidents import Incident
from core.model.mentions import Mention
from core.ports import AlertRaiser
from listeners.judgement.embedding import Embedder
from listeners.spread.activity import brand_post, post_key
from listeners.spread.cascades.post_lane import PostLane
from listeners.spread.event_time import EventTime, utc
from listeners.spread.grouping.grouper import Grouper
from listeners.spread.grouping.vocabulary import name_patterns
from listeners.spread.harm.claims import ClaimReader
from listeners.spread.harm.passed_on import PassedOnTexts
from listeners.spread.incidents import records
from listeners.spread.incidents.alerts import AlertAudience, AlertQueue
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from listeners.spread.incidents.rulings import StaffRulings
from listeners.spread.incidents.semantic_merge import SemanticMerger
from listeners.spread.incidents.similarity import is_other_story
from listeners.spread.incidents.tracker import MEMORY_SECONDS, IncidentTracker
from listeners.spread.incidents.wording import IncidentTexts
from listeners.spread.incidents.writer import IncidentWriter
from listeners.spread.ports import SpreadStore


class SpreadWatch:
    """Takes recorded mentions and raises alerts; implements ``core.ports.SpreadMonitor``."""

    memory: Final = timedelta(days=14)
    """Age of the mentions that ``rebuild`` needs."""

    def __init__(
        self,
        alerts: AlertRaiser,
        *,
        store: SpreadStore,
        clock: Clock,
        catalogue: Catalogue,
        names: Mapping[str, str],
        terms: Mapping[str, Sequence[str]] | None = None,
        authors: int = 5,
        quiet: timedelta = timedelta(hours=6),
        language: UiLanguage = "zh",
        zone: tzinfo = UTC,
        changed: Callable[[Incident], None] = lambda _: None,
        embedder: Embedder | None = None,
        claims: ClaimReader | None = None,
    ) -> None:
        """Create a watch without history; see ``rebuild``.

        ``catalogue``: texts of alerts. ``names``: name of each brand for staff, by its id.
        ``terms``: names of each brand in posts. ``authors``: discontented authors in an hour that
        make an alarm. ``quiet``: time without a post after which an incident ends (it may reopen).
        ``language`` of the receivers, and
        ``zone`` in which they read times. ``changed`` is called with every incident that was
        stored. ``embedder``: embeds texts, so that incidents are also merged by meaning.
        ``claims`` reads the texts that several people pass on; ``None`` to judge posts alone.
        """
        self._names = name_patterns(
            {brand: (name, *(terms or {}).get(brand, ())) for brand, name in names.items()}
        )
        texts = IncidentTexts(catalogue)
        self._store = store
        self._clock = clock
        self._quiet = quiet.total_seconds()
        self._time = EventTime()
        self._grouper = Grouper(quiet=timedelta(seconds=MEMORY_SECONDS), by_words=False)
        self._index = IncidentIndex(self._names)
        self._writer = IncidentWriter(
            store.incidents,
            clock=clock,
            language=language,
            texts=texts,
            changed=changed,
            merge_alerts=alerts.merge,
        )
        self._queue = AlertQueue(alerts, clock=clock, stored_id=self._writer.stored_id)
        self._tracker = IncidentTracker(
            self._index,
            writer=self._writer,
            queue=self._queue,
            alerts=alerts,
            time=self._time,
            clock=clock,
            brands=names,
            authors=authors,
            quiet=self._quiet,
            audience=AlertAudience(language=language, zone=zone),
            texts=texts,
        )
        self._merger = SemanticMerger(
            embedder, clock=clock, index=self._index, merge=self._tracker.merge
        )
        self._rulings = StaffRulings(
            store,
            writer=self._writer,
            index=self._index,
            queue=self._queue,
            grouper=self._grouper,
            clock=clock,
        )
        self._posts = PostLane(store.values)
        self._claims = claims
        self._passed_on = PassedOnTexts()

    async def observe(self, mention: Mention) -> None:
        """Take a mention into account and raise alerts; idempotent.

        Raises StoreError, and what ``raise_alert`` raises.
        """
        self._ingest(mention, {})
        await self._read_claims()
        await self._send()

    async def engaged(self, mention: Mention, polls: Sequence[tuple[datetime, int]]) -> None:
        """Forecast a mention's reach from its polled reposts, pairs of time and count.

        Raises as ``observe`` does.
        """
        found = await self._posts.reach(mention, polls)
        if found is None:
            return
        self._ingest(mention, {})
        await self._read_claims()
        for brand in mention.brands:
            group = self._grouper.incident_of(post_key(brand, mention))
            incident = self._index.ensure(brand, mention, group)
            if incident is None:
                continue
            if incident.post_forecast is None or found.final >= incident.post_forecast.final:
                incident.post_forecast = found
                seen_at = mention.event.posted_at.timestamp() + found.observe
                self._tracker.assess(incident, at=seen_at)
        await self._send()

    async def tend(self) -> int:
        """End the incidents that have been quiet and store that; returns how many ended.

        To be called regularly, since ``observe`` is not called when nothing is said. Raises
        StoreError.
        """
        ended = self._tracker.sweep()
        await self._writer.flush()
        return ended

    async def close(self) -> None:
        """Store everything that is not stored yet. Raises StoreError."""
        await self._merger.close()
        await self._writer.flush()

    async def drain(self) -> None:
        """Wait until all queued posts are embedded, for measurements."""
        await self._merger.drain()

    @property
    def by_meaning(self) -> bool:
        """True if incidents are also merged by meaning, not by words alone."""
        return self._merger.is_active

    def incident_of(self, brand: str, mention: Mention) -> str | None:
        """The id of the stored incident that a mention belongs to, if there is one."""
        incident = self._index.of_post(post_key(brand, mention))
        if incident is None or incident.record is None:
            return None
        return incident.record.id

    def incident_key_of(self, brand: str, mention: Mention) -> str | None:
        """The key of the incident that a mention belongs to, stored or not."""
        incident = self._index.of_post(post_key(brand, mention))
        return None if incident is None else incident.key

    async def rebuild(self, mentions: Iterable[Mention], alerts: Iterable[Alert] = ()) -> None:
        """Restore the state from the mentions of the last ``memory`` and the stored incidents.

        ``alerts``: those raised before the restart. Incidents that go on and were not alerted are
        alerted now. Raises as ``observe`` does.
        """
        restored = records.restore(await self._store.incidents.find(limit=records.MAX_RESTORED))
        self._tracker.replaying = True
        for mention in sorted(mentions, key=lambda one: one.seq):
            self._ingest(mention, restored)
            await self._read_claims()
        self._tracker.replaying = False
        for orphan in {id(one): one for one in restored.values()}.values():
            await self._adopt(orphan)
        for alert in alerts:
            stored = restored.get(alert.incident or "")
            if stored is None or alert.state == "resolved":
                continue
            incident = stored.current()
            self._queue.restore(incident, alert.severity)
            if incident.record is not None and incident.record.id != alert.incident:
                await self._writer.merge_records(
                    incident.record.id, alert.incident or "", by=records.BOT
                )
        now = self._tracker.now()
        current = [one.current() for one in (*restored.values(), *self._index)]
        for incident in {id(one): one for one in current}.values():
            records.reconcile(incident, quiet=self._quiet, now=now)
            if incident.goes_on_after_staff_resolved() is not None:
                incident.settled = incident.activity.count
                self._queue.drop(incident)
            if incident.record is None and incident.ended:
                self._writer.discard(incident)
            elif incident.unsaved_entries or await self._is_miscounted(incident):
                self._writer.schedule(incident)
        self._queue.drop_before(now - self._quiet)
        await self._send()

    async def merge(self, kept_id: str, gone_id: str, by: str) -> Incident:
        """Merge two incidents on behalf of staff; see ``StaffRulings.merge``."""
        return await self._rulings.merge(kept_id, gone_id, by=by)

    async def split(self, seqs: Sequence[int], by: str) -> str:
        """Split mentions off into an incident on behalf of staff; see ``StaffRulings.split``."""
        return await self._rulings.split(seqs, by=by)

    async def _send(self) -> None:
        await self._queue.send()
        self._writer.start()
        self._merger.start(then=self._send)

    async def _read_claims(self) -> None:
        """Weigh the texts that several people have passed on by now, in a thread."""
        while self._claims is not None and (found := self._passed_on.due()) is not None:
            names = self._names.get(found.brand)
            reading = await asyncio.to_thread(self._claims.read, found.text, names)
            keys = frozenset(found.keys)
            change = self._passed_on.settle(found, reading.probability)
            incident = self._index.reweigh(found.brand, found.id, change)
            if incident is not None:
                if not incident.staff_ruled and is_other_story(incident, [reading.vector]):
                    incident = self._index.split_off(incident, found.id, keys)
                incident.repeated.append(reading.vector)
                self._tracker.assess(incident)

    async def _adopt(self, orphan: TrackedIncident) -> None:
        """Merge an open record without posts into the incident that its posts are in now.

        A kill after the record was opened leaves one; the posts may begin in another order then.
        """
        record = orphan.record
        if record is None or record.state != "open" or orphan.activity.count:
            return
        owner = self._index.of_key(record.brand, record.key)
        if owner is None or owner is orphan or await self._store.incidents.count(record.id):
            return
        orphan.merged_into = owner
        self._writer.merged(owner, orphan)

    async def _is_miscounted(self, incident: TrackedIncident) -> bool:
        """True if the record of an incident with posts in memory has another number of posts."""
        record = incident.record
        if record is None or not incident.activity.count:
            return False
        return bool(incident.unsaved_posts) or (
            await self._store.incidents.count(record.id) != record.mentions
        )

    def _ingest(self, mention: Mention, restored: Mapping[str, TrackedIncident]) -> None:
        """Count a mention for each of its brands; ``restored`` are stored incidents by id."""
        event = mention.event
        clock, elapsed = self._clock.now().timestamp(), self._clock.monotonic()
        at = self._time.observe(event.posted_at.timestamp(), clock=clock, elapsed=elapsed)
        if at is None or at < self._time.now - MEMORY_SECONDS:
            return
        stored, text = restored.get(mention.incident or ""), whole_text(event)
        for brand in mention.brands:
            post = brand_post(brand, mention, at, names=self._names.get(brand))
            if self._grouper.incident_of(post.key) is not None:
                continue
            known = stored if stored is not None and stored.brand == brand else None
            group = self._grouper.add(
                post.key,
                text,
                utc(at),
                category=post.category,
                brand=brand,
                incident=known.key if known is not None and known.staff_ruled else None,
            )
            if self._claims is not None:
                post = self._passed_on.observe(brand, group, post, text)
            incident = self._index.assign(brand, group, post, text, quiet=self._quiet, known=known)
            if known is not None and incident is not None and incident.is_stored_apart(mention):
                incident.unsaved_posts.append(post.seq)
            if incident is not None:
                self._merger.queue(incident, post, text, mention.judgement.language)
            self._tracker.observe(brand, post, incident)
        self._tracker.sweep_if_due()
