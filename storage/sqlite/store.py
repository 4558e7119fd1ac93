"""The embedded store: one SQLite file, safe against crashes, shared by processes of one host."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from core.alerts import Alert
from core.articles import Article
from core.conversations import Conversation, ConversationLine
from core.events import DeadLetter, EventCounts, Page, Receipt, Received
from core.figures import Figures
from core.mentions import Mention, MentionFilter, MentionPage, MentionRecord
from core.outbox import Reply, ReplyState
from core.outcomes import Outcome
from core.tickets import Ticket, TicketFilter, TicketPage
from storage.articles import Searchable, find, prepare
from storage.encoding import micros, text_of
from storage.sqlite import alerts, inbox, knowledge, mentions, outbox, outcomes, tickets
from storage.sqlite import maintenance as upkeep
from storage.sqlite.staff import SqliteStaff
from storage.sqlite.work import Tx


class SqliteStore(SqliteStaff):
    """Everything that outlives a crash.

    Each method keeps the promise of the port that names it: see ``core.ports``,
    ``responders.ports`` and ``console.ports``.
    """

    _searchable: tuple[str | None, tuple[Searchable, ...]] | None = None

    async def accept(self, connector: str, page: Page) -> Receipt:
        return await self._write(
            partial(inbox.accept, page=inbox.prepare(page, connector, self._coder))
        )

    async def cursor(self, connector: str) -> str | None:
        found = await self._read(lambda view: inbox.cursor(view, connector))
        return None if found is None else text_of(found)

    async def claim_events(self, limit: int) -> Sequence[Received]:
        path, loose = self.path, self._events_loose
        self._events_loose = False

        def work(tx: Tx) -> list[Received]:
            upkeep.release_dead(tx, path)
            if loose:
                upkeep.release_events(tx, tx.owner)
            return inbox.claim(tx, limit)

        return await self._write(work)

    async def record(self, outcome: Outcome) -> None:
        await self._write(lambda tx: outcomes.record(tx, outcome))

    async def withdraw(self, item: Received) -> None:
        await self._write(lambda tx: outcomes.withdraw(tx, item))

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        return await self._write(lambda tx: inbox.fail(tx, seq, error, tries))

    async def counts(self) -> EventCounts:
        return await self._read(inbox.counts)

    async def claim_replies(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        return await self._write(lambda tx: outbox.claim(tx, channel, limit, micros(now)))

    async def waiting_channels(self) -> Sequence[str]:
        return await self._read(outbox.waiting_channels)

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        path = self.path
        also_own = self._troubles_seen.get(channel, 0) < self._troubles
        self._troubles_seen[channel] = self._troubles

        def work(tx: Tx) -> list[Reply]:
            upkeep.release_dead(tx, path)
            return outbox.in_doubt(tx, channel, also_own=also_own)

        return await self._write(work)

    async def finish_reply(
        self,
        key: str,
        *,
        state: ReplyState,
        native_id: str | None = None,
        reason: str = "",
        not_before: datetime | None = None,
        ticket: Ticket | None = None,
        ends_conversation: bool = False,
    ) -> Reply:
        return await self._write(
            lambda tx: outbox.finish(
                tx,
                key,
                state=state,
                native_id=native_id,
                reason=reason,
                not_before=None if not_before is None else micros(not_before),
                ticket=ticket,
                ends_conversation=ends_conversation,
            )
        )

    async def conversation(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        return await self._read(lambda view: tickets.conversation(view, channel, id))

    async def replied_to(self, channel: str, native_id: str) -> bool:
        return await self._read(lambda view: outbox.replied_to(view, channel, native_id))

    async def ticket(self, number: str) -> Ticket | None:
        return await self._read(lambda view: tickets.ticket(view, number))

    async def reserve_ticket_number(self) -> str:
        return await self._write(lambda tx: tickets.reserve(tx, "T"))

    async def late_tickets(self, now: datetime) -> Sequence[Ticket]:
        return await self._read(lambda view: tickets.late(view, micros(now)))

    async def mark_reminded(self, number: str, at: datetime) -> None:
        await self._write(lambda tx: tickets.mark_reminded(tx, number, at))

    async def raise_alert(self, alert: Alert, receivers: Sequence[str]) -> bool:
        return await self._write(lambda tx: alerts.add(tx, alert, receivers))

    async def claim_deliveries(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        return await self._write(lambda tx: alerts.claim(tx, receiver, limit, micros(now)))

    async def finish_delivery(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        at = micros(retry_at)
        await self._write(
            lambda tx: alerts.finish(
                tx, key, receiver, delivered=delivered, reason=reason, retry_at=at
            )
        )

    async def mentions_since(self, since: datetime) -> Sequence[Mention]:
        return await self._read(lambda view: mentions.since(view, micros(since)))

    async def mentions(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        return await self._read(lambda view: mentions.page(view, where, before, limit))

    async def mention(self, seq: int) -> MentionRecord | None:
        return await self._read(lambda view: mentions.one(view, seq))

    async def tickets(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage:
        return await self._read(lambda view: tickets.page(view, where, after, limit))

    async def save_ticket(self, ticket: Ticket, *, was: Ticket) -> None:
        await self._write(lambda tx: tickets.save(tx, ticket, was))

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        return await self._read(
            lambda view: tickets.lines(view, channel, conversation, after, limit)
        )

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        return await self._read(lambda view: outbox.drafts(view, limit))

    async def add_reply(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        return await self._write(lambda tx: outbox.add_with_ticket(tx, reply, ticket))

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        return await self._write(
            lambda tx: outbox.settle_draft(tx, key, by=by, approve=approve, text=text)
        )

    async def alerts(self, *, limit: int = 50) -> Sequence[Alert]:
        return await self._read(lambda view: alerts.newest(view, limit))

    async def acknowledge_alert(self, key: str, *, by: str) -> Alert:
        return await self._write(lambda tx: alerts.acknowledge(tx, key, by))

    async def articles(self) -> Sequence[Article]:
        return await self._read(knowledge.articles)

    async def search_articles(self, text: str, *, limit: int = 20) -> Sequence[Article]:
        """Cuts the articles only after they have changed."""
        generation = await self.setting(knowledge.GENERATION)
        if self._searchable is None or self._searchable[0] != generation:
            everything = await self.articles()
            self._searchable = (generation, prepare(everything))
        return find(self._searchable[1], text, limit)

    async def replace_articles(self, articles: Sequence[Article]) -> None:
        """Make these all the articles there are; they are found in this order."""
        await self._write(lambda tx: knowledge.replace_articles(tx, articles))

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        return await self._read(lambda view: upkeep.dead_letters(view, limit))

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        return await self._write(lambda tx: inbox.revive(tx, id))

    async def figures(self, now: datetime) -> Figures:
        return await self._read(lambda view: mentions.figures(view, micros(now)))

    async def setting(self, key: str) -> str | None:
        """A small value kept under ``key``, or ``None``."""
        return await self._read(lambda view: knowledge.setting(view, key))

    async def set_setting(self, key: str, value: str) -> None:
        """Keep a small value under ``key``."""
        await self._write(lambda tx: knowledge.set_setting(tx, key, value))
