"""The repositories over Sqlite."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import partial
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
from storage.portable import SEALED_KINDS, Progress, Row
from storage.sqlite import (
    ageing,
    alerts,
    health,
    inbox,
    incidents,
    knowledge,
    mentions,
    outbox,
    rows,
    sealing,
    tickets,
    tracking,
)
from storage.sqlite import maintenance as upkeep
from storage.sqlite import outcomes as ending
from storage.sqlite import privacy as people
from storage.sqlite import staff_decisions as standing
from storage.sqlite.database import Database
from storage.sqlite.work import Tx


class SqliteEvents:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._troubles_seen = 0

    async def accept(self, connector: str, page: Page) -> Receipt:
        return await self._db.write(
            partial(inbox.accept, page=inbox.prepare(page, connector, self._db.coder))
        )

    async def cursor(self, connector: str) -> str | None:
        found = await self._db.read(lambda view: inbox.cursor(view, connector))
        return None if found is None else text_of(found)

    async def claim(self, limit: int) -> Sequence[Received]:
        path = self._db.path
        loose = self._troubles_seen < self._db.troubles
        self._troubles_seen = self._db.troubles

        def work(tx: Tx) -> list[Received]:
            upkeep.release_dead(tx, path)
            if loose:
                upkeep.release_events(tx, tx.owner)
            return inbox.claim(tx, limit)

        return await self._db.write(work)

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        def work(tx: Tx) -> None:
            for outcome in outcomes:
                ending.record(tx, outcome)

        await self._db.write(work)

    async def withdraw(self, item: Received) -> None:
        await self._db.write(lambda tx: ending.withdraw(tx, item))

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        return await self._db.write(lambda tx: inbox.fail(tx, seq, error, tries))

    async def counts(self) -> EventCounts:
        return await self._db.read(inbox.counts)

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        return await self._db.read(lambda view: upkeep.dead_letters(view, limit))

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        return await self._db.write(lambda tx: inbox.revive(tx, id))


class SqliteOutbox:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._troubles_seen: dict[str, int] = {}

    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        return await self._db.write(lambda tx: outbox.claim(tx, channel, limit, micros(now)))

    async def waiting_channels(self) -> Sequence[str]:
        return await self._db.read(outbox.waiting_channels)

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        path = self._db.path
        also_own = self._troubles_seen.get(channel, 0) < self._db.troubles
        self._troubles_seen[channel] = self._db.troubles

        def work(tx: Tx) -> list[Reply]:
            upkeep.release_dead(tx, path)
            return outbox.in_doubt(tx, channel, also_own=also_own)

        return await self._db.write(work)

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        def work(tx: Tx) -> list[Reply]:
            return [outbox.finish(tx, result) for result in results]

        return await self._db.write(work)

    async def replied_to(self, channel: str, native_id: str) -> bool:
        return await self._db.read(lambda view: outbox.replied_to(view, channel, native_id))

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        return await self._db.read(lambda view: outbox.drafts(view, limit))

    async def add(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        return await self._db.write(lambda tx: outbox.add_with_ticket(tx, reply, ticket))

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        return await self._db.write(
            lambda tx: outbox.settle_draft(tx, key, by=by, approve=approve, text=text)
        )


class SqliteConversations:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        return await self._db.read(lambda view: tickets.conversation(view, channel, id))

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        return await self._db.read(
            lambda view: tickets.lines(view, channel, conversation, after, limit)
        )


class SqliteTickets:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, number: str) -> Ticket | None:
        return await self._db.read(lambda view: tickets.ticket(view, number))

    async def reserve_number(self) -> str:
        return await self._db.write(lambda tx: tickets.reserve(tx, "T"))

    async def late(self, now: datetime) -> Sequence[Ticket]:
        return await self._db.read(lambda view: tickets.late(view, micros(now)))

    async def mark_reminded(self, number: str, at: datetime) -> None:
        await self._db.write(lambda tx: tickets.mark_reminded(tx, number, at))

    async def find(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage:
        return await self._db.read(lambda view: tickets.page(view, where, after, limit))

    async def save(self, ticket: Ticket, *, was: Ticket) -> None:
        await self._db.write(lambda tx: tickets.save(tx, ticket, was))


class SqliteMentions:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def since(self, since: datetime) -> Sequence[Mention]:
        return await self._db.read(lambda view: mentions.since(view, micros(since)))

    async def find(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        return await self._db.read(lambda view: mentions.page(view, where, before, limit))

    async def get(self, seq: int) -> MentionRecord | None:
        return await self._db.read(lambda view: mentions.one(view, seq))


class SqliteCorrections:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, correction: Correction) -> None:
        await self._db.write(lambda tx: standing.correct(tx, correction))

    async def get(self, mention: int) -> Correction | None:
        return await self._db.read(lambda view: standing.correction(view, mention))

    async def recent(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]:
        return await self._db.read(lambda view: standing.corrections(view, limit))


class SqliteTrackedPosts:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def candidates(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        return await self._db.read(
            lambda view: tracking.untracked(view, channel, micros(since), limit)
        )

    async def save(self, items: Sequence[TrackedPost]) -> None:
        await self._db.write(lambda tx: tracking.track(tx, items))

    async def due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        return await self._db.read(lambda view: tracking.due(view, channel, micros(now), limit))

    async def get(self, mention_seq: int) -> TrackedPost | None:
        return await self._db.read(lambda view: tracking.one(view, mention_seq))


class SqliteIncidents:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, incident: Incident) -> Incident:
        return await self._db.write(lambda tx: incidents.open_one(tx, incident))

    async def save(self, incident: Incident) -> Incident:
        return await self._db.write(lambda tx: incidents.compare_and_set(tx, incident))

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        return await self._db.read(lambda view: incidents.one(view, id))

    async def find(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        return await self._db.read(lambda view: incidents.latest(view, state, limit))

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        await self._db.write(lambda tx: incidents.assign(tx, seqs, id))

    async def mentions(
        self,
        id: str,  # noqa: A002
        *,
        limit: int = 2000,
    ) -> Sequence[MentionRecord]:
        return await self._db.read(lambda view: mentions.of_incident(view, id, limit))


class SqliteAlerts:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        return await self._db.write(lambda tx: alerts.add(tx, alert, receivers))

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        return await self._db.write(lambda tx: alerts.claim(tx, receiver, limit, micros(now)))

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
        return await self._db.read(lambda view: alerts.newest(view, limit))

    async def acknowledge(self, key: str, *, by: str) -> Alert:
        return await self._db.write(lambda tx: alerts.acknowledge(tx, key, by))

    async def get(self, key: str) -> Alert | None:
        return await self._db.read(lambda view: alerts.one(view, key))

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        return await self._db.read(lambda view: alerts.live(view, limit))

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        return await self._db.write(lambda tx: alerts.change(tx, alert, receivers))

    async def mutes(self) -> Sequence[Mute]:
        return await self._db.read(standing.mutes)

    async def mute(self, silence: Mute) -> None:
        await self._db.write(lambda tx: standing.save_mute(tx, silence))

    async def unmute(self, id: str, *, by: str) -> bool:  # noqa: A002
        return await self._db.write(lambda tx: standing.end_mute(tx, id, by))


class SqlitePauses:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Pause]:
        return await self._db.read(standing.pauses)

    async def save(self, pause: Pause) -> None:
        await self._db.write(lambda tx: standing.save_pause(tx, pause))

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        return await self._db.write(lambda tx: standing.lift_pause(tx, id, by))


class SqliteArticles:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Article]:
        return await self._db.read(knowledge.articles)

    async def replace(self, articles: Sequence[Article]) -> None:
        await self._db.write(lambda tx: knowledge.replace_articles(tx, articles))


class SqliteValues:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, key: str) -> str | None:
        return await self._db.read(lambda view: knowledge.setting(view, key))

    async def set(self, key: str, value: str) -> None:
        await self._db.write(lambda tx: knowledge.set_setting(tx, key, value))


class SqliteAudit:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def note(self, *, who: str, what: str, about: str) -> AuditEntry:
        return await self._db.write(lambda tx: people.note(tx, who=who, what=what, about=about))

    async def entries(self) -> Sequence[AuditEntry]:
        return await self._db.read(people.audit)


class SqliteCustomers:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def export(self, customer: str) -> Dossier:
        return await self._db.read(lambda view: people.export(view, customer))

    async def erase(self, customer: str, *, by: str) -> dict[str, int]:
        done = await self._db.write(lambda tx: people.erase(tx, customer, by))
        first = True
        while await self._db.write(partial(upkeep.merge_indexes, first=first)) or first:
            first = False
        await self._db.truncate_log()
        return done


class SqliteMaintenance:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def figures(self, now: datetime) -> Figures:
        return await self._db.read(lambda view: mentions.figures(view, micros(now)))

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        limits = {"dropped": spam, "public": raw, "private": messages}
        total = sum([await self.purge_class(which, limits[which]) for which in RETENTION_CLASSES])
        limit = micros(records)
        for step in ageing.STEPS:
            after: ageing.Place = None
            while True:
                done, after = await self._db.write(ageing.batch(step, limit, after))
                total += done
                if after is None:
                    break
        return total

    async def purge_class(self, which: RetentionClass, before: datetime) -> int:
        total, limit = 0, micros(before)
        while True:
            done = await self._db.write(lambda tx: upkeep.purge_raw(tx, limit, which))
            if done is None:
                return total
            total += done

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        path = self._db.path
        return await self._db.write(lambda tx: health.examine(tx, path, mend=mend))

    async def check(self) -> None:
        if self._db.failing:
            await self._db.write(upkeep.take_room)
            await self._db.write(upkeep.give_room_back)
            self._db.failing = False


class SqliteRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, kind: str) -> AsyncIterator[list[Row]]:
        last: Row | None = None
        while found := await self._db.read(partial(rows.read, kind=kind, after=last)):
            yield found
            last = found[-1]

    async def write(self, kind: str, found: Sequence[Row]) -> None:
        await self._db.write(lambda tx: rows.write(tx, kind, found))

    async def count(self, kind: str) -> int:
        return await self._db.read(lambda view: rows.count(view, kind))

    async def reseal(self, tell: Callable[[Progress], None]) -> int:
        total = 0
        for kind in SEALED_KINDS:
            rows, done = await self.count(kind), 0
            after: sealing.Place = None
            while True:
                looked, sealed, after = await self._db.write(_resealing(kind, after))
                done, total = done + looked, total + sealed
                tell(Progress(kind=kind, done=done, total=max(rows, done)))
                if after is None:
                    break
        await self._db.truncate_log()
        return total


def _resealing(kind: str, after: sealing.Place) -> Callable[[Tx], tuple[int, int, sealing.Place]]:
    return lambda tx: sealing.reseal(tx, kind, after)
