"""Records to put into a store."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from core.model.alerts import Alert
from core.model.conversations import Conversation
from core.model.events import Author, Event, EventCounts, EventKind, Page, Receipt, Received
from core.model.incidents import Incident
from core.model.judgement import Judgement
from core.model.mentions import Mention, TrackedPost
from core.model.outbox import Reply, ReplyState, Target
from core.model.outcomes import Outcome
from core.model.tickets import Ticket
from core.repositories import Store
from storage.mongo.store import MongoStore
from tests import builders
from tests.builders import plan

NOW = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)
LONE = "\ud83d\ude00"
"""Two surrogates that are no pair in Python, but would be one in UTF-16."""
HOSTILE = f"a\x00b {LONE} \udcff\u202e<script>alert('x')</script> \U0001f600 面包"


CHAT = {"channel": "chat", "conversation": "c1"}
Values = dict[str, object]


def event(native: str = "e1", **given: object) -> Event:
    """A private message of 李雷."""
    values: Values = {
        "kind": EventKind.MESSAGE,
        "author": Author(id="u1", name="李雷"),
        "text": "面包发霉了，要退款",
        "posted_at": NOW,
        "solicited": True,
    }
    return builders.event(native, **(CHAT | values | given))


def post(native: str, **given: object) -> Event:
    values: Values = {"kind": EventKind.POST, "solicited": False}
    return event(native, **(values | given))


def judgement(**given: object) -> Judgement:
    """A complaint with something in every field."""
    values: Values = {
        "sentiment": "negative",
        "complaint": 0.95,
        "category": "food_safety",
        "intent": "complaint",
        "risk": ("food",),
        "evidence": ("发霉",),
        "model": "test 1",
    }
    return builders.judgement(**(values | given))


def mention(item: Received, **given: object) -> Mention:
    values: Values = {
        "event": item.event,
        "brands": ("lehui",),
        "judgement": judgement(),
        "masked_text": item.event.text,
    }
    return builders.mention(item.seq, **(values | given))


def ticket(number: str = "T-1001", **given: object) -> Ticket:
    values: Values = {
        "brand": "lehui",
        "customer": "u1",
        "subject": "面包发霉了，要退款",
        "severity": "P2",
        "created_at": NOW,
        "due_at": NOW + timedelta(hours=1),
    }
    return builders.ticket(number, **(CHAT | values | given))


def reply(key: str = "r1", **given: object) -> Reply:
    values: Values = {
        "target": Target(channel="chat", conversation="c1", reply_to="e1", author="u1"),
        "text": "已收到",
        "state": ReplyState.PENDING,
        "created_at": NOW,
    }
    return builders.reply(key, **(values | given))


def conversation(**given: object) -> Conversation:
    values: Values = {"channel": "chat", "customer": "u1", "updated_at": NOW}
    return builders.conversation(**(values | given))


def alert(key: str = "a1", **given: object) -> Alert:
    values: Values = {"brand": None, "created_at": NOW}
    return builders.alert(key, **(values | given))


def incident(key: str = "lehui:mould", **given: object) -> Incident:
    values: Values = {"brand": "lehui", "first_at": NOW, "last_at": NOW}
    return builders.incident(key, **(values | given))


def tracked(seq: int, **given: object) -> TrackedPost:
    values: Values = {"channel": "chat", "posted_at": NOW, "next_at": NOW}
    return builders.tracked(seq, **(values | given))


async def put(store: Store, *events: Event, cursor: str | None = None) -> Receipt:
    """Accept events as one page of the connector ``feed``."""
    return await store.events.accept("feed", Page(events=events, cursor=cursor))


async def take(store: Store, *events: Event) -> list[Received]:
    """Accept events and claim everything that is pending."""
    await put(store, *events)
    return list(await store.events.claim(1000))


async def heard(store: Store, *events: Event, **changes: object) -> list[Mention]:
    """Accept events and record each as a mention."""
    found = []
    for item in await take(store, *events):
        found.append(mention(item, **changes))
        await store.events.record([Outcome(seq=item.seq, mention=found[-1], plan=plan())])
    return found


def adds_up(counts: EventCounts) -> bool:
    """True where every event received is in exactly one place."""
    rest = counts.done + counts.pending + counts.dead + sum(counts.dropped.values())
    return counts.received == rest


def texts(mentions: Sequence[Mention]) -> list[str]:
    return [each.event.text for each in mentions]


def has_transactions(store: Store) -> bool:
    """False for a MongoDB server that stands alone: there a batch is safe by its order."""
    return not isinstance(store, MongoStore) or store._db.transactions
