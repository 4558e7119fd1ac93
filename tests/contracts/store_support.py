"""Records to put into a store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from core.alerts import Alert
from core.articles import Article
from core.conversations import Conversation, ConversationState
from core.decisions import Action, Decision
from core.events import Author, Event, EventCounts, EventKind, Page, Receipt, Received
from core.incidents import Incident
from core.judgement import Judgement, Probabilities
from core.mentions import Mention, TrackedPost
from core.outbox import Reply, ReplyState, Target
from core.outcomes import Outcome, Plan
from core.repositories import Store
from core.tickets import Ticket, TicketState
from storage.mongo.store import MongoStore

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NOW = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)
LONE = "\ud83d\ude00"
"""Two surrogates that are no pair in Python, but would be one in UTF-16."""
HOSTILE = f"a\x00b {LONE} \udcff\u202e<script>alert('x')</script> \U0001f600 面包"


T = TypeVar("T", bound="DataclassInstance")


def _changed(base: T, changes: dict[str, object]) -> T:
    """The dataclass with other values, which its own types check at run time."""
    return replace(base, **cast("dict[str, Any]", changes))


def event(native: str = "e1", **changes: object) -> Event:
    base = Event(
        channel="chat",
        id=native,
        kind=EventKind.MESSAGE,
        author=Author(id="u1", name="李雷"),
        text="面包发霉了，要退款",
        posted_at=NOW,
        conversation="c1",
        solicited=True,
    )
    return _changed(base, changes)


def post(native: str, **changes: object) -> Event:
    settled: dict[str, object] = {"kind": EventKind.POST, "solicited": False}
    return event(native, **(settled | changes))


def judgement(**changes: object) -> Judgement:
    base = Judgement(
        language="zh",
        sentiment="negative",
        probabilities=Probabilities(negative=0.9, neutral=0.07, positive=0.03),
        complaint=0.95,
        category="food_safety",
        intent="complaint",
        risk=("food",),
        evidence=("发霉",),
        model="test 1",
    )
    return _changed(base, changes)


def mention(item: Received, **changes: object) -> Mention:
    base = Mention(
        seq=item.seq,
        event=item.event,
        brands=("lehui",),
        judgement=judgement(),
        masked_text=item.event.text,
    )
    return _changed(base, changes)


def ticket(number: str = "T-1001", **changes: object) -> Ticket:
    base = Ticket(
        number=number,
        brand="lehui",
        channel="chat",
        conversation="c1",
        customer="u1",
        subject="面包发霉了，要退款",
        category="food_safety",
        severity="P2",
        state=TicketState.OPEN,
        language="zh",
        created_at=NOW,
        due_at=NOW + timedelta(hours=1),
    )
    return _changed(base, changes)


def reply(key: str = "r1", **changes: object) -> Reply:
    base = Reply(
        key=key,
        target=Target(channel="chat", conversation="c1", reply_to="e1", author="u1"),
        text="已收到",
        state=ReplyState.PENDING,
        language="zh",
        by="bot",
        created_at=NOW,
    )
    return _changed(base, changes)


def conversation(**changes: object) -> Conversation:
    base = Conversation(
        channel="chat",
        id="c1",
        customer="u1",
        language="zh",
        state=ConversationState.HUMAN,
        updated_at=NOW,
        ticket="T-1001",
    )
    return _changed(base, changes)


def plan(**changes: object) -> Plan:
    base = Plan(decision=Decision(action=Action.TICKET, rule="complaint", reason="发霉"))
    return _changed(base, changes)


def alert(key: str = "a1", **changes: object) -> Alert:
    base = Alert(key=key, kind="incident", severity="P1", title="发霉", body="8 人", created_at=NOW)
    return _changed(base, changes)


def incident(key: str = "lehui:mould", **changes: object) -> Incident:
    base = Incident(
        id="",
        key=key,
        brand="lehui",
        title="面包发霉",
        category="food_safety",
        severity="P1",
        state="open",
        first_at=NOW,
        last_at=NOW,
        mentions=8,
        authors=8,
    )
    return _changed(base, changes)


def tracked(seq: int, **changes: object) -> TrackedPost:
    base = TrackedPost(mention=seq, channel="chat", native_id=f"p{seq}", posted_at=NOW, next_at=NOW)
    return _changed(base, changes)


def article(native: str, **changes: object) -> Article:
    base = Article(id=native, language="zh", title="营业时间", body="每天早八点到晚十点")
    return _changed(base, changes)


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
