"""What the responder tests share: mentions by a few words, and a store that remembers plans."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from core.alerts import Alert, Mute
from core.conversations import Conversation
from core.decisions import Action, Decision
from core.errors import Conflict
from core.events import EventKind
from core.mentions import Mention, MentionRecord
from core.outbox import Reply, Target
from core.outcomes import Plan
from core.tickets import Ticket
from tests import builders
from tests.builders import START
from tests.stubs import (
    StubAlerts,
    StubConversations,
    StubMentions,
    StubOutbox,
    StubStore,
    StubTickets,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "supermarket" / "knowledge"


def mention(
    text: str = "你们几点关门",
    *,
    seq: int = 1,
    native_id: str = "",
    author: str = "u1",
    masked: str | None = None,
    **given: object,
) -> Mention:
    """A message to the brand in the web chat; keywords as in ``tests.builders.mention``."""
    values: dict[str, object] = {
        "id": native_id or f"m{seq}",
        "kind": EventKind.MESSAGE,
        "channel": "webchat",
        "conversation": f"c-{author}",
        "solicited": True,
        "complaint": 0.05,
        "masked_text": text if masked is None else masked,
    }
    return builders.mention(seq, text=text, author=author, **(values | given))


def ticket(number: str = "T-1001", **given: object) -> Ticket:
    """A ticket of that conversation."""
    where = {"channel": "webchat", "conversation": "c-u1", "customer": "u1"}
    return builders.ticket(number, **(where | given))


def reply(
    *, seq: int | None = None, of_ticket: str | None = None, author: str | None = "u1"
) -> Reply:
    """A reply in that conversation."""
    return builders.reply(
        target=Target(channel="webchat", conversation="c-u1", author=author),
        mention=seq,
        ticket=of_ticket,
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


class Memory(StubStore):
    """A store that keeps what plans say, as the real one does."""

    def __init__(
        self,
        *,
        conversations: dict[tuple[str, str], Conversation] | None = None,
        tickets: dict[str, Ticket] | None = None,
        mentions: dict[int, Mention] | None = None,
    ) -> None:
        self.talks = MemoryConversations(conversations or {})
        self.matters = MemoryTickets(tickets or {})
        self.sent = MemoryOutbox()
        super().__init__(
            conversations=self.talks,
            tickets=self.matters,
            mentions=MemoryMentions(mentions or {}),
            outbox=self.sent,
        )

    def record(self, plan: Plan) -> Plan:
        if plan.conversation is not None:
            self.talks.kept[plan.conversation.channel, plan.conversation.id] = plan.conversation
        if plan.ticket is not None:
            self.matters.kept[plan.ticket.number] = plan.ticket
        self.sent.kept |= {one.key: one for one in plan.replies}
        return plan


@dataclass
class Deliveries(StubAlerts):
    """Alerts with one delivery a receiver, as the real stores keep them."""

    due: dict[tuple[str, str], datetime] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    laid_down: list[Mute] = field(default_factory=list)
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
        return self.laid_down

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
