"""Fills a store with what the console shows, by the ways that the pipeline uses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.model.alerts import Alert
from core.model.conversations import Conversation, ConversationState
from core.model.decisions import Action, Decision
from core.model.events import Author, Event, EventKind, Metrics, Page, Reject
from core.model.incidents import Incident, TimelineEntry
from core.model.judgement import Judgement, Probabilities
from core.model.mentions import Mention
from core.model.outbox import Reply, ReplyState, Target
from core.model.outcomes import Outcome, Plan
from core.model.tickets import Ticket, TicketState
from core.taxonomy import Sentiment
from storage.sqlite.store import SqliteStore

NOW = datetime(2025, 11, 21, 12, 0, tzinfo=UTC)
FIRST_AUTHOR = Author(id="m", name="妈妈小林", followers=300)

SHARES: dict[Sentiment, tuple[float, float, float]] = {
    "negative": (0.91, 0.07, 0.02),
    "neutral": (0.1, 0.8, 0.1),
    "positive": (0.02, 0.08, 0.9),
}


def event(name: str, text: str, **changes: object) -> Event:
    """A post on weibo, with what is given changed."""
    plain = Event(
        channel="weibo",
        id=name,
        kind=EventKind.POST,
        author=Author(id=f"author-{name}", name=f"顾客{name}", followers=1200),
        text=text,
        posted_at=NOW,
        conversation=f"conversation-{name}",
        url=f"https://weibo.example/{name}",
        metrics=Metrics(likes=3, reposts=1),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


def judgement(sentiment: Sentiment = "negative", **changes: object) -> Judgement:
    """A judgement of that sentiment, with what is given changed."""
    negative, neutral, positive = SHARES[sentiment]
    plain = Judgement(
        language="zh",
        sentiment=sentiment,
        probabilities=Probabilities(negative=negative, neutral=neutral, positive=positive),
        complaint=0.9 if sentiment == "negative" else 0.05,
        category="freshness",
        intent="complaint" if sentiment == "negative" else "statement",
        model="test-1",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


async def add_mention(
    store: SqliteStore,
    what: Event,
    *,
    judged: Judgement | None = None,
    decision: Decision | None = None,
    ticket: Ticket | None = None,
    replies: tuple[Reply, ...] = (),
    flags: tuple[str, ...] = (),
) -> Mention:
    """The event accepted, claimed and recorded as a mention."""
    await store.events.accept(what.channel, Page(events=(what,)))
    (item,) = await store.events.claim(10)
    mention = Mention(
        seq=item.seq,
        event=what,
        brands=("fresh",),
        judgement=judged or judgement(),
        flags=flags,
        masked_text=what.text,
    )
    plan = Plan(
        decision=decision
        or Decision(
            action=Action.TICKET, rule="complaint", reason="投诉由人来回复", confidence=0.4
        ),
        conversation=Conversation(
            channel=what.channel,
            id=what.conversation,
            customer=what.author.id,
            language="zh",
            state=ConversationState.HUMAN if ticket else ConversationState.BOT,
            updated_at=what.posted_at,
            ticket=ticket.number if ticket else None,
        ),
        ticket=replace(ticket, mention=item.seq) if ticket else None,
        replies=tuple(replace(reply, mention=item.seq) for reply in replies),
    )
    await store.events.record([Outcome(seq=item.seq, mention=mention, plan=plan)])
    return mention


def ticket(number: str, what: Event, **changes: object) -> Ticket:
    """An open ticket about the event, due in half an hour."""
    plain = Ticket(
        number=number,
        brand="fresh",
        channel=what.channel,
        conversation=what.conversation,
        customer=what.author.name or what.author.id,
        subject=what.text[:60],
        category="freshness",
        severity="P2",
        state=TicketState.OPEN,
        language="zh",
        created_at=what.posted_at,
        due_at=what.posted_at + timedelta(minutes=30),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


def reply(key: str, what: Event, text: str, **changes: object) -> Reply:
    """A draft that answers the event."""
    plain = Reply(
        key=key,
        target=Target(channel=what.channel, conversation=what.conversation, reply_to=what.id),
        text=text,
        state=ReplyState.DRAFT,
        language="zh",
        by="bot",
        created_at=what.posted_at,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


async def add_alert(store: SqliteStore, key: str, **changes: object) -> Alert:
    """A firing alert about an incident."""
    plain = Alert(
        key=key,
        kind="incident",
        severity="P1",
        title="面包发霉：8 位顾客",
        body="60 分钟内 8 位不同作者\n负面 91%",
        created_at=NOW,
        brand="fresh",
        incident="INC-104",
    )
    alert = replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields
    assert await store.alerts.add(alert, ())
    return alert


async def add_dead_letters(store: SqliteStore) -> None:
    """One input that was no event, and one event that failed too often."""
    broken = Reject(channel="weibo", id="line-7", raw=b'{"id": \xff<b>', reason="not JSON")
    await store.events.accept("weibo", Page(events=(event("dead", "坏掉的"),), rejects=(broken,)))
    for _ in range(5):
        items = await store.events.claim(10)
        for item in items:
            await store.events.fail(item.seq, "ValueError: <script>alert(1)</script>", tries=1)


async def add_incident(store: SqliteStore, key: str = "k", **changes: object) -> Incident:
    """An open incident, numbered by the store."""
    plain = Incident(
        id="",
        key=key,
        brand="fresh",
        title="面包发霉",
        category="freshness",
        severity="P1",
        state="open",
        first_at=NOW,
        last_at=NOW,
        mentions=12,
        authors=9,
        channels=("weibo",),
        forecast=120.0,
        low=80.0,
        high=200.0,
        reasons=("一小时内 9 位作者",),
        timeline=(TimelineEntry(at=NOW, by="bot", what="opened"),),
    )
    return await store.incidents.open(replace(plain, **changes))  # type: ignore[arg-type]  # the caller names real fields


async def add_incident_posts(store: SqliteStore, incident: Incident, posts: int = 6) -> list[int]:
    """A first post, a repost, a reply and rewordings, all assigned to the incident."""
    texts = (
        "禾家的吐司发霉了，孩子差点吃下去",
        "太可怕了//@妈妈小林: 禾家的吐司发霉了，孩子差点吃下去",
        "禾家的吐司真的发霉了，太恶心",
        "同样的吐司发霉了，店员态度恶劣不理人",
        "Hejia bread is mouldy, never again!",
    )
    seqs = []
    for number in range(posts):
        what = event(
            f"p{number}",
            texts[number % len(texts)],
            author=FIRST_AUTHOR if number == 0 else Author(id=f"a{number}", name=f"顾客{number}"),
            posted_at=NOW - timedelta(minutes=10 * (posts - number)),
            kind=EventKind.REPOST if number % 5 == 1 else EventKind.POST,
            reply_to="p0" if number == 2 else None,
        )
        judged = judgement(
            "negative" if number else "neutral", language="en" if number == 4 else "zh"
        )
        owed = ticket(await store.tickets.reserve_number(), what) if number == 0 else None
        seqs.append((await add_mention(store, what, judged=judged, ticket=owed)).seq)
    await store.incidents.assign(seqs, incident.id)
    return seqs
