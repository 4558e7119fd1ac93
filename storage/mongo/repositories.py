"""The repositories over Mongo."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Literal

from core.alerts import Alert, Mute
from core.articles import Article
from core.audit import AuditEntry
from core.clock import micros
from core.conversations import Conversation, ConversationLine
from core.customers import Dossier
from core.events import (
    RETENTION_CLASSES,
    DeadLetter,
    EventCounts,
    Page,
    Receipt,
    Received,
    RetentionClass,
)
from core.figures import Figures
from core.health import Finding
from core.incidents import Incident
from core.mentions import (
    CorrectedMention,
    Correction,
    Mention,
    MentionFilter,
    MentionPage,
    MentionRecord,
    TrackedPost,
)
from core.outbox import Reply, ReplyResult
from core.outcomes import Outcome
from core.pauses import Pause
from core.tickets import Ticket, TicketFilter, TicketPage
from storage.encoding import text_of
from storage.mongo import (
    ageing,
    alerts,
    health,
    inbox,
    incidents,
    mentions,
    outbox,
    rows,
    sealing,
    tickets,
    tracking,
)
from storage.mongo import maintenance as upkeep
from storage.mongo import outcomes as ending
from storage.mongo import privacy as people
from storage.mongo import staff_decisions as standing
from storage.mongo.database import Database
from storage.mongo.link import Where
from storage.mongo.together import Together
from storage.mongo.work import Tx, key
from storage.portable import BATCH, SEALED_KINDS, Progress, Row
from storage.records import FIRST


class MongoEvents:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._troubles_seen = 0
        self._pages: Together[inbox.Delivery, Receipt] = Together(self._accept)
        self._claiming = asyncio.Lock()

    async def accept(self, connector: str, page: Page) -> Receipt:
        return await self._pages.put((connector, page))

    async def _accept(self, pages: Sequence[inbox.Delivery]) -> Sequence[Receipt]:
        return await self._db.write(lambda tx: inbox.accept(tx, pages))

    async def cursor(self, connector: str) -> str | None:
        found = await self._db.alone(lambda tx: tx.table("cursors").one({"_id": connector}))
        return None if found is None else text_of(key(found, "cursor"))

    async def claim(self, limit: int) -> Sequence[Received]:
        loose = self._troubles_seen < self._db.troubles
        self._troubles_seen = self._db.troubles

        async def work(tx: Tx) -> list[Received]:
            await upkeep.release_dead(tx)
            if loose:
                await upkeep.release_events(tx, tx.owner)
            return await inbox.claim(tx, limit)

        async with self._claiming:
            return await self._db.alone(work)

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        async def work(tx: Tx) -> None:
            for outcome in outcomes:
                await ending.record(tx, outcome)

        await self._db.write(work)

    async def withdraw(self, item: Received) -> None:
        await self._db.write(lambda tx: ending.withdraw(tx, item))

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        return await self._db.write(lambda tx: inbox.fail(tx, seq, error, tries))

    async def counts(self) -> EventCounts:
        return await self._db.alone(inbox.counts)

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        return await self._db.alone(lambda tx: upkeep.dead_letters(tx, limit))

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        return await self._db.write(lambda tx: inbox.revive(tx, id))


class MongoOutbox:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._troubles_seen: dict[str, int] = {}

    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        return await self._db.alone(lambda tx: outbox.claim(tx, channel, limit, micros(now)))

    async def waiting_channels(self) -> Sequence[str]:
        return await self._db.alone(outbox.waiting_channels)

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        also_own = self._troubles_seen.get(channel, 0) < self._db.troubles
        self._troubles_seen[channel] = self._db.troubles

        async def work(tx: Tx) -> list[Reply]:
            await upkeep.release_dead(tx)
            return await outbox.in_doubt(tx, channel, also_own=also_own)

        return await self._db.alone(work)

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        async def work(tx: Tx) -> list[Reply]:
            return [await outbox.finish(tx, result) for result in results]

        return await self._db.write(work)

    async def replied_to(self, channel: str, native_id: str) -> bool:
        return await self._db.alone(lambda tx: outbox.replied_to(tx, channel, native_id))

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        return await self._db.alone(lambda tx: outbox.drafts(tx, limit))

    async def add(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        return await self._db.write(lambda tx: outbox.add_with_ticket(tx, reply, ticket))

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        return await self._db.write(
            lambda tx: outbox.settle_draft(tx, key, by=by, approve=approve, text=text)
        )


class MongoConversations:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        return await self._db.alone(lambda tx: tickets.conversation(tx, channel, id))

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        return await self._db.alone(
            lambda tx: tickets.lines(tx, channel, conversation, after, limit)
        )


class MongoTickets:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, number: str) -> Ticket | None:
        return await self._db.alone(lambda tx: tickets.ticket(tx, number))

    async def reserve_number(self) -> str:
        number = await self._db.alone(lambda tx: tx.next("T", FIRST["T"]))
        return f"T-{number}"

    async def late(self, now: datetime) -> Sequence[Ticket]:
        return await self._db.alone(lambda tx: tickets.late(tx, micros(now)))

    async def mark_reminded(self, number: str, at: datetime) -> None:
        await self._db.write(lambda tx: tickets.mark_reminded(tx, number, at))

    async def find(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage:
        return await self._db.alone(lambda tx: tickets.page(tx, where, after, limit))

    async def save(self, ticket: Ticket, *, was: Ticket) -> None:
        await self._db.write(lambda tx: tickets.save(tx, ticket, was))


class MongoMentions:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def since(self, since: datetime) -> Sequence[Mention]:
        return await self._db.alone(lambda tx: mentions.since(tx, micros(since)))

    async def find(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        return await self._db.alone(lambda tx: mentions.page(tx, where, before, limit))

    async def get(self, seq: int) -> MentionRecord | None:
        return await self._db.alone(lambda tx: mentions.one(tx, seq))


class MongoCorrections:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, correction: Correction) -> None:
        await self._db.write(lambda tx: standing.correct(tx, correction))

    async def get(self, mention: int) -> Correction | None:
        return await self._db.alone(lambda tx: standing.correction(tx, mention))

    async def recent(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]:
        return await self._db.alone(lambda tx: standing.corrections(tx, limit))


class MongoTrackedPosts:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def candidates(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        return await self._db.alone(
            lambda tx: tracking.untracked(tx, channel, micros(since), limit)
        )

    async def save(self, items: Sequence[TrackedPost]) -> None:
        await self._db.write(lambda tx: tracking.track(tx, items))

    async def due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        return await self._db.alone(lambda tx: tracking.due(tx, channel, micros(now), limit))

    async def get(self, mention_seq: int) -> TrackedPost | None:
        return await self._db.alone(lambda tx: tracking.one(tx, mention_seq))


class MongoIncidents:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, incident: Incident) -> Incident:
        return await self._db.write(lambda tx: incidents.open_one(tx, incident))

    async def save(self, incident: Incident) -> Incident:
        return await self._db.write(lambda tx: incidents.compare_and_set(tx, incident))

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        return await self._db.alone(lambda tx: incidents.one(tx, id))

    async def find(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        return await self._db.alone(lambda tx: incidents.latest(tx, state, limit))

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        await self._db.write(lambda tx: incidents.assign(tx, seqs, id))

    async def mentions(
        self,
        id: str,  # noqa: A002
        *,
        limit: int = 2000,
    ) -> Sequence[MentionRecord]:
        return await self._db.alone(lambda tx: mentions.of_incident(tx, id, limit))


class MongoAlerts:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        return await self._db.write(lambda tx: alerts.add(tx, alert, receivers))

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        return await self._db.alone(lambda tx: alerts.claim(tx, receiver, limit, micros(now)))

    async def finish(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        at = micros(retry_at)
        await self._db.write(
            lambda tx: alerts.finish(
                tx, key, receiver, delivered=delivered, reason=reason, retry_at=at
            )
        )

    async def recent(self, *, limit: int = 50) -> Sequence[Alert]:
        return await self._db.alone(lambda tx: alerts.newest(tx, limit))

    async def acknowledge(self, key: str, *, by: str) -> Alert:
        return await self._db.write(lambda tx: alerts.acknowledge(tx, key, by))

    async def get(self, key: str) -> Alert | None:
        return await self._db.alone(lambda tx: alerts.one(tx, key))

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        return await self._db.alone(lambda tx: alerts.live(tx, limit))

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        return await self._db.write(lambda tx: alerts.change(tx, alert, receivers))

    async def mutes(self) -> Sequence[Mute]:
        return await self._db.alone(standing.mutes)

    async def mute(self, silence: Mute) -> None:
        await self._db.write(lambda tx: standing.save_mute(tx, silence))

    async def unmute(self, id: str, *, by: str) -> bool:  # noqa: A002
        return await self._db.write(lambda tx: standing.end_mute(tx, id, by))


class MongoPauses:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Pause]:
        return await self._db.alone(standing.pauses)

    async def save(self, pause: Pause) -> None:
        await self._db.write(lambda tx: standing.save_pause(tx, pause))

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        return await self._db.write(lambda tx: standing.lift_pause(tx, id, by))


class MongoArticles:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Article]:
        return await self._db.alone(upkeep.articles)

    async def replace(self, articles: Sequence[Article]) -> None:
        await self._db.write(lambda tx: upkeep.replace_articles(tx, articles))


class MongoValues:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, key: str) -> str | None:
        return await self._db.alone(lambda tx: upkeep.setting(tx, key))

    async def set(self, key: str, value: str) -> None:
        await self._db.write(lambda tx: upkeep.set_setting(tx, key, value))


class MongoAudit:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def note(self, *, who: str, what: str, about: str) -> AuditEntry:
        return await self._db.write(lambda tx: people.note(tx, who=who, what=what, about=about))

    async def entries(self) -> Sequence[AuditEntry]:
        return await self._db.alone(people.audit)


class MongoCustomers:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def export(self, customer: str) -> Dossier:
        return await self._db.alone(lambda tx: people.export(tx, customer))

    async def erase(self, customer: str, *, by: str) -> dict[str, int]:
        return await self._db.write(lambda tx: people.erase(tx, customer, by))


class MongoMaintenance:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def figures(self, now: datetime) -> Figures:
        return await self._db.alone(lambda tx: mentions.figures(tx, micros(now)))

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        limits = {"dropped": spam, "public": raw, "private": messages}
        total = sum([await self.purge_class(which, limits[which]) for which in RETENTION_CLASSES])
        limit = micros(records)
        for step in ageing.STEPS:
            async for ids in self._ids(step.kind, step.where(limit)):
                done = await self._db.write(step.batch(ids, limit))
                if done is None:
                    break
                total += done
        return total

    async def _ids(self, kind: str, where: Where) -> AsyncIterator[list[object]]:
        async with self._db.session() as tx:
            batch: list[object] = []
            async for doc in tx.table(kind).each(where):
                batch.append(doc["_id"])
                if len(batch) == ageing.BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch

    async def purge_class(self, which: RetentionClass, before: datetime) -> int:
        total, limit = 0, micros(before)
        while True:
            done = await self._db.write(lambda tx: upkeep.purge_raw(tx, limit, which))
            if done is None:
                return total
            total += done

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        return await self._db.alone(lambda tx: health.examine(tx, mend=mend))

    async def check(self) -> None:
        if self._db.failing:
            await self._db.alone(upkeep.beat)
            self._db.failing = False


class MongoRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, kind: str) -> AsyncIterator[list[Row]]:
        async with self._db.session() as tx:
            async for found in rows.read(tx, kind):
                yield found

    async def write(self, kind: str, found: Sequence[Row]) -> None:
        await self._db.alone(lambda tx: rows.write(tx, kind, found))

    async def count(self, kind: str) -> int:
        return await self._db.alone(lambda tx: rows.count(tx, kind))

    async def reseal(self, tell: Callable[[Progress], None]) -> int:
        total = 0
        async with self._db.session() as tx:
            for kind in SEALED_KINDS:
                rows, done = await tx.table(kind).count({}), 0
                async for doc in tx.table(kind).each():
                    total += await sealing.reseal(tx, kind, doc)
                    done += 1
                    if done % BATCH == 0:
                        tell(Progress(kind=kind, done=done, total=max(rows, done)))
                tell(Progress(kind=kind, done=done, total=max(rows, done)))
        return total
