"""Made-up posts and what was judged of them, for benchmarks of the store."""

import random
from datetime import UTC, datetime, timedelta

from core.model.decisions import Action, Decision
from core.model.events import Author, Event, EventKind, Received
from core.model.judgement import Judgement, Probabilities
from core.model.mentions import Mention
from core.model.outcomes import Outcome, Plan
from core.model.tickets import Ticket, TicketState
from core.taxonomy import Sentiment

START = datetime(2025, 1, 1, tzinfo=UTC)
WORDS = (
    *("面包", "牛奶", "鸡蛋", "排队", "收银", "态度", "退款", "发霉", "新鲜", "便宜"),
    *("会员", "配送", "超市", "门店", "周末", "促销", "酸奶", "水果", "榴莲", "海鲜"),
    *("过期", "包装", "小票", "发票", "停车", "客服", "电话", "等了", "很久", "不错"),
    *("喜欢", "失望", "生气", "推荐", "再也", "不来", "今天", "昨天", "晚上", "queue"),
    *(
        "fresh",
        "refund",
        "mouldy",
        "checkout",
        "delivery",
        "member",
        "cheap",
        "parking",
        "great",
        "never",
    ),
    *("again"),
)
CATEGORIES = ("food_safety", "service", "price", "delivery", "membership", "other")
SENTIMENTS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")


def event(n: int, rng: random.Random, *, total: int) -> Event:
    """A made-up post; a year of them whatever ``total`` is."""
    return Event(
        channel=("weibo", "xiaohongshu", "douyin")[n % 3],
        id=f"p{n}",
        kind=EventKind.POST,
        author=Author(id=f"u{rng.randrange(200_000)}", name="某位顾客"),
        text="".join(rng.choices(WORDS, k=rng.randint(6, 24))) + f" {n}",
        posted_at=START + timedelta(seconds=31_536_000 * n / total),
        conversation=f"p{n}",
    )


def outcome(item: Received, rng: random.Random) -> Outcome:
    """A judged mention; one in two hundred opens a ticket."""
    sentiment = rng.choices(SENTIMENTS, (2, 5, 3))[0]
    mention = Mention(
        seq=item.seq,
        event=item.event,
        brands=(rng.choices(("lehui", "hema"), (9, 1))[0],),
        judgement=Judgement(
            language="zh",
            sentiment=sentiment,
            probabilities=Probabilities(negative=0.6, neutral=0.3, positive=0.1),
            complaint=0.5,
            category=rng.choice(CATEGORIES),
        ),
        masked_text=item.event.text,
    )
    ticket = None
    if item.seq % 200 == 0:
        ticket = Ticket(
            number=f"T-{1000 + item.seq}",
            brand="lehui",
            channel=item.event.channel,
            conversation=item.event.conversation,
            customer=item.event.author.id,
            subject=item.event.text[:40],
            category="service",
            severity="P3",
            state=TicketState.OPEN if item.seq % 4000 == 0 else TicketState.RESOLVED,
            language="zh",
            created_at=item.event.posted_at,
            due_at=item.event.posted_at + timedelta(hours=4),
            mention=item.seq,
        )
    decision = Decision(action=Action.IGNORE, rule="benchmark", reason="made up")
    return Outcome(seq=item.seq, mention=mention, plan=Plan(decision=decision, ticket=ticket))
