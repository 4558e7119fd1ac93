"""The contract of storage: one repository an aggregate, all of them behind one ``Store``.

Each operation is described here and nowhere else; ``storage.sqlite`` and ``storage.mongo``
implement it, and ``tests/contracts`` holds both to it. Every writing call is one transaction,
durable on return; on a MongoDB server without transactions its changes are ordered so that
repeating the call completes them. Any call raises StoreError where the store cannot do what was
asked, StoreFull where there is no room; nothing of the call is stored then.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from core.model.alerts import Alert, Mute
from core.model.articles import Article
from core.model.audit import AuditEntry
from core.model.conversations import Conversation, ConversationLine
from core.model.customers import Dossier
from core.model.events import DeadLetter, EventCounts, Page, Receipt, Received
from core.model.figures import Figures
from core.model.health import Finding
from core.model.incidents import Incident
from core.model.mentions import (
    CorrectedMention,
    Correction,
    Mention,
    MentionFilter,
    MentionPage,
    MentionRecord,
    TrackedPost,
)
from core.model.outbox import Reply, ReplyResult
from core.model.outcomes import Outcome
from core.model.pauses import Pause
from core.model.tickets import Ticket, TicketFilter, TicketPage


class Events(Protocol):
    """The durable queue between connectors and the pipeline, with its dead letters."""

    async def accept(self, connector: str, page: Page) -> Receipt:
        """Store the events, the rejects and the cursor of a page.

        An event whose (channel, id, revision) is known counts as a duplicate and is not stored.
        """
        ...

    async def cursor(self, connector: str) -> str | None:
        """The cursor stored last for a connector; ``None`` before the first."""
        ...

    async def claim(self, limit: int) -> Sequence[Received]:
        """Up to ``limit`` pending events, oldest first, that no other living process holds.

        Fewer only where no more are due. Releases what dead processes held. After a StoreError of
        this process its own claims may be claimed again.
        """
        ...

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Store the ends of events and everything their decisions cause, all or nothing.

        An event that has ended already is left as it is. Where a batch fails, record its outcomes
        one by one, so that only the one at fault fails.
        """
        ...

    async def withdraw(self, item: Received) -> None:
        """End a DELETE event: hide its mention and cancel the replies that were not sent yet."""
        ...

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        """Count a failed try of a pending event; it waits one second longer after each.

        After ``tries`` it becomes a dead letter and True is returned. Changes nothing where the
        event has ended.
        """
        ...

    async def counts(self) -> EventCounts:
        """Number of events by state."""
        ...

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        """Events and input that could not be processed, newest first."""
        ...

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        """Make a dead letter's event pending with no tries counted.

        False for an unknown id, and for input that could not be read as an event.
        """
        ...


class Outbox(Protocol):
    """The durable queue between decisions and platforms."""

    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        """Up to ``limit`` due replies of the channel, moved from pending to sending.

        Those of one conversation come in their order. None is given out while an earlier one of its
        conversation is being sent, is in doubt, or has to be tried again later.
        """
        ...

    async def waiting_channels(self) -> Sequence[str]:
        """Channels with replies that are pending or sending, in order."""
        ...

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        """Claims sends abandoned by dead processes, oldest first.

        After a StoreError of this process, its own unfinished sends are included once.
        """
        ...

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        """Move replies on from sending or unknown, all or nothing; returns them as stored.

        A result that repeats the stored state changes nothing. Raises Conflict for a reply in any
        other state, and for an unknown key.
        """
        ...

    async def add(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        """Store a reply written by staff, and ``ticket`` with it; False where the key is known."""
        ...

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        """Drafts that wait for a decision, oldest first."""
        ...

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        """Move a draft to pending with ``text``, or to cancelled; returns it as stored.

        Raises Conflict where it was settled before.
        """
        ...

    async def replied_to(self, channel: str, native_id: str) -> bool:
        """True where a reply to any revision of this event is recorded, whatever its state."""
        ...


class Conversations(Protocol):
    """Threads with one person on one channel."""

    async def get(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        """The conversation as recorded last."""
        ...

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        """Lines whose seq is greater than ``after``, oldest first."""
        ...


class Tickets(Protocol):
    """Requests that a person has to answer."""

    async def get(self, number: str) -> Ticket | None:
        """The ticket with this number."""
        ...

    async def find(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage:
        """Tickets, most urgent first; ``after`` is TicketPage.next of the page before.

        Raises InputError for an ``after`` that no page has given.
        """
        ...

    async def save(self, ticket: Ticket, *, was: Ticket) -> None:
        """Store a change; raises Conflict unless the stored ticket still equals ``was``.

        A ticket that becomes resolved gives its conversation back to the bot.
        """
        ...

    async def reserve_number(self) -> str:
        """The next number, from ``T-1001``; durable and never given twice, gaps are allowed."""
        ...

    async def late(self, now: datetime) -> Sequence[Ticket]:
        """Unanswered tickets past due_at without a reminder since then or in the last 24 hours."""
        ...

    async def mark_reminded(self, number: str, at: datetime) -> None:
        """Store when staff were reminded of a ticket."""
        ...


class Mentions(Protocol):
    """Events that concern a brand, with what was decided about them."""

    async def get(self, seq: int) -> MentionRecord | None:
        """The mention with this seq, also a withdrawn one."""
        ...

    async def find(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        """Mentions that were not withdrawn, newest first.

        ``before`` is MentionPage.next of the page above.
        """
        ...

    async def since(self, at: datetime) -> Sequence[Mention]:
        """Mentions posted at or after ``at`` that were not withdrawn, by posted_at."""
        ...


class Corrections(Protocol):
    """Labels that staff gave to mentions in place of the judge's."""

    async def get(self, mention: int) -> Correction | None:
        """The correction of a mention, by its seq."""
        ...

    async def recent(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]:
        """The newest ``limit`` corrections, oldest first, each with what was corrected."""
        ...

    async def save(self, correction: Correction) -> None:
        """Store a correction, in place of an earlier one; raises Conflict without its mention."""
        ...


class TrackedPosts(Protocol):
    """Mentions whose engagement figures are read repeatedly."""

    async def get(self, mention: int) -> TrackedPost | None:
        """The figures of a mention, by its seq."""
        ...

    async def candidates(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        """Negative public mentions posted after ``since`` without figures yet, newest first."""
        ...

    async def due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        """Posts whose next_at has come, soonest first."""
        ...

    async def save(self, posts: Sequence[TrackedPost]) -> None:
        """Store figures in place of earlier ones; skips mentions that are not stored."""
        ...


class Incidents(Protocol):
    """Posts about the same thing going wrong."""

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        """The incident with this id."""
        ...

    async def find(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        """Incidents of a state, or all; the last active first."""
        ...

    async def open(self, incident: Incident) -> Incident:
        """Store a new incident, or return the open one with the same key.

        An empty id is replaced by the next one, from ``INC-101``.
        """
        ...

    async def save(self, incident: Incident) -> Incident:
        """Store a change to ``incident.version`` and return the next version.

        Raises Conflict where another version is stored.
        """
        ...

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        """Set the incident of mentions, given by their seq; ``None`` removes it."""
        ...

    async def mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        """Mentions of an incident that were not withdrawn, by posted_at, oldest first."""
        ...

    async def count(self, id: str) -> int:  # noqa: A002
        """Number of mentions of an incident that were not withdrawn."""
        ...


class Alerts(Protocol):
    """Notices to staff, their delivery to each receiver, and mutes."""

    async def get(self, key: str) -> Alert | None:
        """The alert with this key."""
        ...

    async def recent(self, *, limit: int = 50) -> Sequence[Alert]:
        """Alerts of any state, newest first."""
        ...

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        """Alerts that are firing or acknowledged, oldest first."""
        ...

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        """Store an alert with one due delivery a receiver; False where its key is known."""
        ...

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        """Store a change to ``alert.version`` and return the next version.

        Each of ``receivers`` gets a delivery that is due now, also one that had a delivery before.
        Raises Conflict where another version is stored.
        """
        ...

    async def acknowledge(self, key: str, *, by: str) -> Alert:
        """Make ``by`` the owner of a firing alert; raises Conflict where it is not firing."""
        ...

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        """Up to ``limit`` alerts with a due delivery to the receiver, soonest due first.

        A claim that is not finished within 60 seconds is due again.
        """
        ...

    async def finish(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        """Store the outcome of a claimed delivery; a failed one is due again at ``retry_at``.

        Changes nothing where the delivery was made due again since the claim.
        """
        ...

    async def mutes(self) -> Sequence[Mute]:
        """Stored mutes, expired ones included, by ``until``."""
        ...

    async def mute(self, mute: Mute) -> None:
        """Store a mute in place of the one with its id, and write it to the audit log."""
        ...

    async def unmute(self, id: str, *, by: str) -> bool:  # noqa: A002
        """Remove a mute and write that to the audit log; False for an unknown id."""
        ...


class Pauses(Protocol):
    """Pauses of automatic replies."""

    async def all(self) -> Sequence[Pause]:
        """Every pause in force."""
        ...

    async def save(self, pause: Pause) -> None:
        """Store a pause in place of the one with its id, and write it to the audit log."""
        ...

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        """Remove a pause and write that to the audit log; False for an unknown id."""
        ...


class Articles(Protocol):
    """The knowledge base as it was loaded last."""

    async def all(self) -> Sequence[Article]:
        """Every article, in the order of ``replace``."""
        ...

    async def replace(self, articles: Sequence[Article]) -> None:
        """Make these all the articles there are."""
        ...


class Values(Protocol):
    """Small texts under a key, such as a connector's state."""

    async def get(self, key: str) -> str | None:
        """The value of a key."""
        ...

    async def set(self, key: str, value: str) -> None:
        """Store a value in place of an earlier one."""
        ...


class Audit(Protocol):
    """The log of what operators and staff did; entries are only added."""

    async def entries(self) -> Sequence[AuditEntry]:
        """Every entry, oldest first."""
        ...

    async def note(self, *, who: str, what: str, about: str) -> AuditEntry:
        """Add an entry; returns it as stored, sealed by the hash of the entry before."""
        ...


class Customers(Protocol):
    """The rights of a person to see and to erase what is stored about them."""

    async def export(self, customer: str) -> Dossier:
        """Everything stored about the customer with this Author.id."""
        ...

    async def erase(self, customer: str, *, by: str) -> dict[str, int]:
        """Forget a customer, on the disk too, and write that to the audit log.

        Returns the number of records by kind. Quotations in alerts, incidents and pauses are taken
        out; the keys of events stay, so that the platform's repeats are not taken as new.
        """
        ...


class Maintenance(Protocol):
    """Retention, and the state of the store."""

    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        """Forget what is older than these times; returns the number of records.

        ``raw``, ``spam`` and ``messages`` concern the texts of public posts, of dropped events and
        of private messages; ``records`` concerns resolved tickets, quiet conversations with their
        lines, resolved alerts, expired mutes and dead letters. Numbers, figures and the audit log
        stay. Works in small transactions and may be interrupted and repeated.
        """
        ...

    async def figures(self, now: datetime) -> Figures:
        """Numbers for the head of the console."""
        ...

    async def check(self) -> None:
        """Raise StoreError where nothing can be stored; after a failed write this is tried."""
        ...

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        """Check integrity, references, claims, counters and the audit log.

        ``mend`` repairs what is safe to repair while nothing else writes.
        """
        ...


class Store(Protocol):
    """All repositories over one database."""

    @property
    def events(self) -> Events: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def conversations(self) -> Conversations: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def mentions(self) -> Mentions: ...
    @property
    def corrections(self) -> Corrections: ...
    @property
    def tracked_posts(self) -> TrackedPosts: ...
    @property
    def incidents(self) -> Incidents: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def pauses(self) -> Pauses: ...
    @property
    def articles(self) -> Articles: ...
    @property
    def values(self) -> Values: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def maintenance(self) -> Maintenance: ...

    async def close(self) -> None:
        """Release what this process holds and disconnect; may be called twice."""
        ...
