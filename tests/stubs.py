"""Repositories that expect no call: every method raises NotImplementedError.

A double overrides what its test uses; a call of anything else is a fault, and fails loudly.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

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
from core.repositories import (
    Alerts,
    Articles,
    Audit,
    Conversations,
    Corrections,
    Customers,
    Events,
    Incidents,
    Maintenance,
    Mentions,
    Outbox,
    Pauses,
    Tickets,
    TrackedPosts,
    Values,
)


class StubEvents:
    async def accept(self, connector: str, page: Page) -> Receipt:
        raise NotImplementedError

    async def cursor(self, connector: str) -> str | None:
        raise NotImplementedError

    async def claim(self, limit: int) -> Sequence[Received]:
        raise NotImplementedError

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        raise NotImplementedError

    async def withdraw(self, item: Received) -> None:
        raise NotImplementedError

    async def fail(self, seq: int, error: str, *, tries: int = 5) -> bool:
        raise NotImplementedError

    async def counts(self) -> EventCounts:
        raise NotImplementedError

    async def dead_letters(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        raise NotImplementedError

    async def replay_dead_letter(self, id: int) -> bool:  # noqa: A002
        raise NotImplementedError


class StubOutbox:
    async def claim(self, channel: str, limit: int, now: datetime) -> Sequence[Reply]:
        raise NotImplementedError

    async def waiting_channels(self) -> Sequence[str]:
        raise NotImplementedError

    async def in_doubt(self, channel: str) -> Sequence[Reply]:
        raise NotImplementedError

    async def finish(self, results: Sequence[ReplyResult]) -> Sequence[Reply]:
        raise NotImplementedError

    async def add(self, reply: Reply, *, ticket: Ticket | None = None) -> bool:
        raise NotImplementedError

    async def drafts(self, *, limit: int = 50) -> Sequence[Reply]:
        raise NotImplementedError

    async def settle_draft(self, key: str, *, by: str, approve: bool, text: str) -> Reply:
        raise NotImplementedError

    async def replied_to(self, channel: str, native_id: str) -> bool:
        raise NotImplementedError


class StubConversations:
    async def get(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        raise NotImplementedError

    async def lines(
        self, channel: str, conversation: str, *, after: int = 0, limit: int = 200
    ) -> Sequence[ConversationLine]:
        raise NotImplementedError


class StubTickets:
    async def get(self, number: str) -> Ticket | None:
        raise NotImplementedError

    async def find(
        self, where: TicketFilter, *, after: str | None = None, limit: int = 50
    ) -> TicketPage:
        raise NotImplementedError

    async def save(self, ticket: Ticket, *, was: Ticket) -> None:
        raise NotImplementedError

    async def reserve_number(self) -> str:
        raise NotImplementedError

    async def late(self, now: datetime) -> Sequence[Ticket]:
        raise NotImplementedError

    async def mark_reminded(self, number: str, at: datetime) -> None:
        raise NotImplementedError


class StubMentions:
    async def get(self, seq: int) -> MentionRecord | None:
        raise NotImplementedError

    async def find(
        self, where: MentionFilter, *, before: int | None = None, limit: int = 50
    ) -> MentionPage:
        raise NotImplementedError

    async def since(self, at: datetime) -> Sequence[Mention]:
        raise NotImplementedError


class StubCorrections:
    async def get(self, mention: int) -> Correction | None:
        raise NotImplementedError

    async def recent(self, *, limit: int = 100_000) -> Sequence[CorrectedMention]:
        raise NotImplementedError

    async def save(self, correction: Correction) -> None:
        raise NotImplementedError


class StubTrackedPosts:
    async def get(self, mention: int) -> TrackedPost | None:
        raise NotImplementedError

    async def candidates(self, channel: str, *, since: datetime, limit: int) -> Sequence[Mention]:
        raise NotImplementedError

    async def due(self, channel: str, now: datetime, limit: int) -> Sequence[TrackedPost]:
        raise NotImplementedError

    async def save(self, posts: Sequence[TrackedPost]) -> None:
        raise NotImplementedError


class StubIncidents:
    async def get(self, id: str) -> Incident | None:  # noqa: A002
        raise NotImplementedError

    async def find(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        raise NotImplementedError

    async def open(self, incident: Incident) -> Incident:
        raise NotImplementedError

    async def save(self, incident: Incident) -> Incident:
        raise NotImplementedError

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        raise NotImplementedError

    async def mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        raise NotImplementedError

    async def count(self, id: str) -> int:  # noqa: A002
        raise NotImplementedError


class StubAlerts:
    async def get(self, key: str) -> Alert | None:
        raise NotImplementedError

    async def recent(self, *, limit: int = 50) -> Sequence[Alert]:
        raise NotImplementedError

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        raise NotImplementedError

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        raise NotImplementedError

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        raise NotImplementedError

    async def acknowledge(self, key: str, *, by: str) -> Alert:
        raise NotImplementedError

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        raise NotImplementedError

    async def finish(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        raise NotImplementedError

    async def mutes(self) -> Sequence[Mute]:
        raise NotImplementedError

    async def mute(self, mute: Mute) -> None:
        raise NotImplementedError

    async def unmute(self, id: str, *, by: str) -> bool:  # noqa: A002
        raise NotImplementedError


class StubPauses:
    async def all(self) -> Sequence[Pause]:
        raise NotImplementedError

    async def save(self, pause: Pause) -> None:
        raise NotImplementedError

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        raise NotImplementedError


class StubArticles:
    async def all(self) -> Sequence[Article]:
        raise NotImplementedError

    async def replace(self, articles: Sequence[Article]) -> None:
        raise NotImplementedError


class StubValues:
    async def get(self, key: str) -> str | None:
        raise NotImplementedError

    async def set(self, key: str, value: str) -> None:
        raise NotImplementedError


class StubAudit:
    async def entries(self) -> Sequence[AuditEntry]:
        raise NotImplementedError

    async def note(self, *, who: str, what: str, about: str) -> AuditEntry:
        raise NotImplementedError


class StubCustomers:
    async def export(self, customer: str) -> Dossier:
        raise NotImplementedError

    async def erase(self, customer: str, *, by: str) -> dict[str, int]:
        raise NotImplementedError


class StubMaintenance:
    async def age(
        self, *, raw: datetime, spam: datetime, messages: datetime, records: datetime
    ) -> int:
        raise NotImplementedError

    async def figures(self, now: datetime) -> Figures:
        raise NotImplementedError

    async def check(self) -> None:
        raise NotImplementedError

    async def examine(self, *, mend: bool) -> Sequence[Finding]:
        raise NotImplementedError


class MemoryValues:
    """Values that last as long as the object."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def set(self, key: str, value: str) -> None:
        self.kept[key] = value


class StubStore:
    """A Store of repositories that expect no call; pass those that the test uses."""

    def __init__(
        self,
        *,
        events: Events | None = None,
        outbox: Outbox | None = None,
        conversations: Conversations | None = None,
        tickets: Tickets | None = None,
        mentions: Mentions | None = None,
        corrections: Corrections | None = None,
        tracked_posts: TrackedPosts | None = None,
        incidents: Incidents | None = None,
        alerts: Alerts | None = None,
        pauses: Pauses | None = None,
        articles: Articles | None = None,
        values: Values | None = None,
        audit: Audit | None = None,
        customers: Customers | None = None,
        maintenance: Maintenance | None = None,
    ) -> None:
        self.events: Events = events or StubEvents()
        self.outbox: Outbox = outbox or StubOutbox()
        self.conversations: Conversations = conversations or StubConversations()
        self.tickets: Tickets = tickets or StubTickets()
        self.mentions: Mentions = mentions or StubMentions()
        self.corrections: Corrections = corrections or StubCorrections()
        self.tracked_posts: TrackedPosts = tracked_posts or StubTrackedPosts()
        self.incidents: Incidents = incidents or StubIncidents()
        self.alerts: Alerts = alerts or StubAlerts()
        self.pauses: Pauses = pauses or StubPauses()
        self.articles: Articles = articles or StubArticles()
        self.values: Values = values or StubValues()
        self.audit: Audit = audit or StubAudit()
        self.customers: Customers = customers or StubCustomers()
        self.maintenance: Maintenance = maintenance or StubMaintenance()

    async def close(self) -> None:
        return None
