"""A watch, a receiver of its alerts, and mentions to feed it with."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cli.catalogue import shipped_catalogue
from core.clock import Clock, ManualClock
from core.errors import StoreError
from core.model.alerts import Alert
from core.model.mentions import Mention
from core.taxonomy import Sentiment, Severity
from listeners.judgement.embedding import Embedder
from listeners.spread.harm.claims import ClaimReader
from listeners.spread.ports import SpreadStore
from listeners.spread.watch import SpreadWatch
from tests.builders import MIDNIGHT, mention
from tests.listeners.spread.memory_store import MemorySpreadStore

NOW = MIDNIGHT + timedelta(days=30)
MOULD = "禾家超市朝阳店的面包发霉了，孩子吃了以后上吐下泻，店长居然说是正常现象"
QUEUE = "收银台排队排了整整一个小时还是没有人来管，气死人了"
PROMOTION = "禾家超市周年庆全场满一百减五十，转发抽奖送购物卡，快来参加吧"


class Receiver:
    """Keeps the latest alert of each key, and all calls."""

    def __init__(self) -> None:
        self.kept: dict[str, Alert] = {}
        self.calls: list[Alert] = []
        self.failures = 0
        self.handed_over: list[tuple[str, str]] = []
        self.ended: list[str] = []

    @property
    def alerts(self) -> list[Alert]:
        return list(self.kept.values())

    @property
    def rises(self) -> list[Severity]:
        """The severity of every alert that was new, or more severe than the one before it."""
        before: dict[str, Severity] = {}
        found: list[Severity] = []
        for alert in self.calls:
            if alert.severity < before.get(alert.key, "P9"):
                found.append(alert.severity)
                before[alert.key] = alert.severity
        return found

    def end(self, incident: str) -> None:
        self.ended.append(incident)

    async def merge(self, gone: str, kept: str) -> None:
        self.handed_over.append((gone, kept))

    async def raise_alert(self, alert: Alert) -> bool:
        if self.failures:
            self.failures -= 1
            raise StoreError("disk full")
        self.calls.append(alert)
        new = alert.key not in self.kept
        self.kept[alert.key] = alert
        return new


def make_watch(
    receiver: Receiver,
    *,
    language: str = "zh",
    now: datetime = NOW,
    store: SpreadStore | None = None,
    clock: Clock | None = None,
    embedder: Embedder | None = None,
    claims: ClaimReader | None = None,
) -> SpreadWatch:
    return SpreadWatch(
        receiver,
        store=store or MemorySpreadStore(),
        clock=clock or ManualClock(now),
        catalogue=shipped_catalogue(),
        names={"hejia": "禾家超市"},
        terms={"hejia": ["禾家"]},
        language="en" if language == "en" else "zh",
        embedder=embedder,
        claims=claims,
    )


def chain(
    count: int,
    text: str = MOULD,
    *,
    at: datetime = MIDNIGHT,
    seq: int = 0,
    minutes: float = 3,
    author: str = "",
    positive: bool = False,
    ill: bool = False,
) -> list[Mention]:
    """``count`` posts: ``text``, and reposts of it by different authors."""
    return [
        mention(
            seq + n,
            posted_at=at + timedelta(minutes=minutes * n),
            author=author or f"u{seq + n}",
            text=f"第{seq + n}次转发//@甲:{text}" if n else text,
            sentiment="positive" if positive else "negative",
            complaint=0.05 if positive else 0.9,
            risk=("food_poisoning",) if ill else (),
        )
        for n in range(count)
    ]


def ordinary(days: float, *, seed: int = 3) -> list[Mention]:
    """One unrelated post every five minutes; one in ten is negative."""
    rng = random.Random(seed)
    made = []
    for n in range(round(days * 24 * 12)):
        text = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(20))
        at = MIDNIGHT + timedelta(minutes=5 * n + rng.uniform(0, 5))
        mood: Sentiment = "negative" if rng.random() < 0.1 else "neutral"
        made.append(mention(n, posted_at=at, author=f"o{n}", text=text, sentiment=mood))
    return made


def in_category(one: Mention, category: str = "food_safety") -> Mention:
    return replace(one, judgement=replace(one.judgement, category=category))


def late_post(seq: int, text: str, *, bad: bool = True) -> Mention:
    at = MIDNIGHT + timedelta(days=1, hours=6, minutes=25)
    return in_category(chain(1, text, at=at, seq=seq, positive=not bad)[0])


def unrelated_complaints(at: datetime, *, seq: int = 10_000, minutes: float = 30) -> list[Mention]:
    """Sixty complaints within so many minutes, each about something else."""
    rng = random.Random(seq)
    return [
        mention(
            seq + n,
            posted_at=at + timedelta(minutes=n * minutes / 60),
            author=f"x{n}",
            text="".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(20)),
            sentiment="negative",
            complaint=0.9,
        )
        for n in range(60)
    ]


async def observe_all(watch: SpreadWatch, mentions: Sequence[Mention]) -> None:
    """Observe mentions in order of time."""
    for one in sorted(mentions, key=lambda one: one.event.posted_at):
        await watch.observe(one)


async def receiver_after(mentions: Sequence[Mention], *, language: str = "zh") -> Receiver:
    """The receiver of a new watch that observed the mentions."""
    receiver = Receiver()
    watch = make_watch(receiver, language=language)
    await observe_all(watch, mentions)
    await watch.close()
    return receiver
