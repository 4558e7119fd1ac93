"""Repositories in memory that behave as the real ones in what these tests use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.errors import Conflict
from core.model.alerts import Alert, Mute
from core.model.conversations import Conversation
from core.model.decisions import Action, Decision
from core.model.mentions import Mention, MentionRecord
from core.model.outbox import Reply
from core.model.outcomes import Plan
from core.model.pauses import Pause
from core.model.tickets import Ticket
from tests.builders import START
from tests.stubs import (
    StubAlerts,
    StubConversations,
    StubMentions,
    StubOutbox,
    StubPauses,
    StubStore,
    StubTickets,
)


@dataclass
class MemoryConversations(StubConversations):
    kept: dict[tuple[str, str], Conversation] = field(default_factory=dict)
    reads: int = 0

    async def get(self, channel: str, id: str) -> Conversation | None:  # noqa: A002
        self.reads += 1
        return self.kept.get((channel, id))


@dataclass
class MemoryTickets(StubTickets):
    kept: dict[str, Ticket] = field(default_factory=dict)
    number: int = 1000

    async def get(self, number: str) -> Ticket | None:
        return self.kept.get(number)

    async def reserve_number(self) -> str:
        self.number += 1
        return f"T-{self.number}"


@dataclass
class MemoryMentions(StubMentions):
    kept: dict[int, Mention] = field(default_factory=dict)

    async def get(self, seq: int) -> MentionRecord | None:
        found = self.kept.get(seq)
        if found is None:
            return None
        decision = Decision(action=Action.IGNORE, rule="r", reason="")
        return MentionRecord(
            mention=found, decision=decision, ticket=None, replies=(), withdrawn=False
        )


@dataclass
class MemoryOutbox(StubOutbox):
    kept: dict[str, Reply] = field(default_factory=dict)

    async def replied_to(self, channel: str, native_id: str) -> bool:
        return f"{channel}:{native_id}:auto" in self.kept


class MemoryStore(StubStore):
    """A store that keeps what plans say, as the real one does."""

    def __init__(
        self,
        *,
        conversations: dict[tuple[str, str], Conversation] | None = None,
        tickets: dict[str, Ticket] | None = None,
        mentions: dict[int, Mention] | None = None,
    ) -> None:
        self.conversation_rows = MemoryConversations(conversations or {})
        self.ticket_rows = MemoryTickets(tickets or {})
        self.sent = MemoryOutbox()
        super().__init__(
            conversations=self.conversation_rows,
            tickets=self.ticket_rows,
            mentions=MemoryMentions(mentions or {}),
            outbox=self.sent,
        )

    def record(self, plan: Plan) -> Plan:
        if plan.conversation is not None:
            self.conversation_rows.kept[plan.conversation.channel, plan.conversation.id] = (
                plan.conversation
            )
        if plan.ticket is not None:
            self.ticket_rows.kept[plan.ticket.number] = plan.ticket
        self.sent.kept |= {one.key: one for one in plan.replies}
        return plan


@dataclass
class MemoryAlerts(StubAlerts):
    """Alerts with one delivery a receiver, as the real stores keep them."""

    due: dict[tuple[str, str], datetime] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    stored_mutes: list[Mute] = field(default_factory=list)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    now: Callable[[], datetime] = lambda: START

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        if alert.key in self.alerts:
            return False
        self.alerts[alert.key] = alert
        self.due |= {(alert.key, name): self.now() for name in receivers}
        return True

    async def get(self, key: str) -> Alert | None:
        return self.alerts.get(key)

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        live = [alert for alert in self.alerts.values() if alert.state != "resolved"]
        return sorted(live, key=lambda one: one.created_at)[:limit]

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        if self.alerts[alert.key].version != alert.version:
            raise Conflict("changed")
        self.alerts[alert.key] = replace(alert, version=alert.version + 1)
        for name in receivers:
            self.due[alert.key, name] = self.now()
            self.claimed.discard((alert.key, name))
        return self.alerts[alert.key]

    async def mutes(self) -> Sequence[Mute]:
        return self.stored_mutes

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        found = [pair for pair, at in self.due.items() if pair[1] == receiver and at <= now]
        self.claimed |= set(found[:limit])
        return [self.alerts[key] for key, _ in found[:limit]]

    async def finish(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        if (key, receiver) not in self.claimed:
            return
        self.claimed.discard((key, receiver))
        if delivered:
            del self.due[key, receiver]
        else:
            self.due[key, receiver] = retry_at
            self.reasons.append(reason)


@dataclass
class MemoryPauses(StubPauses):
    """The pauses of automatic replies."""

    kept: dict[str, Pause] = field(default_factory=dict)

    async def all(self) -> Sequence[Pause]:
        return list(self.kept.values())

    async def save(self, pause: Pause) -> None:
        self.kept[pause.id] = pause

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        assert by == "bot"
        return self.kept.pop(id, None) is not None
