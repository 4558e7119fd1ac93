"""The SQLite store's figures: group commit against one commit an insert, and a large store.

Usage: python benchmarks/storage.py [--mentions N] [--folder DIR] [--mongodb URL]

``--mongodb`` fills and asks a MongoDB instead; a ``large.db`` in DIR is asked as it is. Everything
runs on one machine in one run; only ratios of figures of one run say anything.
"""

import argparse
import asyncio
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.made_up import START, event, outcome
from core.clock import SystemClock
from core.model.alerts import Alert
from core.model.events import Event, Metrics, Page
from core.model.mentions import Correction, MentionFilter, MetricsSample, TrackedPost
from core.model.tickets import TicketFilter
from storage.factory import AnyStore, open_store
from storage.sqlite.store import SqliteStore


async def inserts(folder: Path) -> None:
    """One commit an insert, then 200 callers at once, each waiting for its own durable insert."""
    store = await SqliteStore.open(folder / "inserts.db", clock=SystemClock())
    rng, made = random.Random(1), iter(range(10**9))

    async def one() -> None:
        await store.events.accept("bench", Page(events=(event(next(made), rng, total=10**5),)))

    async def caller(until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            await one()
            done += 1
        return done

    alone = await caller(time.perf_counter() + 3) / 3
    together = sum(await asyncio.gather(*(caller(time.perf_counter() + 3) for _ in range(200)))) / 3
    await store.close()
    print(f"one commit an insert      {alone:>10,.0f} /s")
    print(f"200 callers, group commit {together:>10,.0f} /s   {together / alone:.1f} times")


async def fill(store: AnyStore, total: int) -> None:
    """Put in ``total`` mentions, in pages of 500, and print the rate as the store grows."""
    rng = random.Random(2)
    numbers = iter(range(total))
    first = 0.0
    step = max(1, total // 10 // 500) * 500
    while True:
        started, done = time.perf_counter(), 0
        for page in _pages(numbers, rng, total, step):
            await store.events.accept("bench", Page(events=page))
            items = await store.events.claim(500)
            await asyncio.gather(*(store.events.record([outcome(item, rng)]) for item in items))
            done += len(items)
        if not done:
            return
        rate = done / (time.perf_counter() - started)
        first = first or rate
        stored = (await store.events.counts()).done
        print(f"at {stored:>9,} mentions       {rate:>10,.0f} /s   {rate / first:.0%} of empty")


def _pages(
    numbers: Iterator[int], rng: random.Random, total: int, step: int
) -> Iterator[tuple[Event, ...]]:
    for _ in range(step // 500):
        page = tuple(event(n, rng, total=total) for _, n in zip(range(500), numbers, strict=False))
        if page:
            yield page


async def in_turns(large: AnyStore, folder: Path) -> None:
    """The same inserts into the large store and into an empty one, in turns, median of seven.

    Whatever else the machine does meets both alike.
    """
    small = await SqliteStore.open(folder / "small.db", clock=SystemClock())
    rng, numbers = random.Random(3), iter(range(10**8, 10**9))
    ratios = []
    for _ in range(7):
        seconds = []
        for store in (small, large):
            started = time.perf_counter()
            for page in _pages(numbers, rng, 10**9, 10_000):
                await store.events.accept("bench", Page(events=page))
                items = await store.events.claim(500)
                await asyncio.gather(*(store.events.record([outcome(item, rng)]) for item in items))
            seconds.append(time.perf_counter() - started)
        ratios.append(seconds[0] / seconds[1])
    await small.close()
    print(f"inserts beside an empty one {statistics.median(ratios):>8.0%} of its rate")


async def settle(store: AnyStore, total: int) -> None:
    """Add what staff and the watch over spread do: an incident, alerts, corrections, figures."""
    end = START + timedelta(days=365)
    for n in range(2_000):
        alert = Alert(
            key=f"a{n}",
            kind="incident",
            severity="P3",
            title="面包发霉",
            body="made up",
            created_at=START + timedelta(hours=4 * n),
            state="firing" if n % 10 == 0 else "resolved",
        )
        await store.alerts.add(alert, ("log",))
    seqs = [total - 50 * n for n in range(1, min(2_001, total // 50))]
    await store.incidents.assign(seqs, "INC-101")
    for seq in seqs:
        await store.corrections.save(
            Correction(mention=seq, sentiment="neutral", by="bench", at=end)
        )
    figures = MetricsSample(at=end, metrics=Metrics(likes=5, comments=2))
    followed = [
        TrackedPost(
            mention=total - n,
            channel="weibo",
            native_id=f"p{total - n}",
            posted_at=end,
            samples=(figures,) * 20,
            next_at=end + timedelta(seconds=n),
        )
        for n in range(min(20_000, total // 2))
    ]
    for start in range(0, len(followed), 500):
        await store.tracked_posts.save(followed[start : start + 500])


async def ask(store: AnyStore, total: int) -> None:
    """Every query of the console: median and 95th percentile, of time and of work alone."""
    day = START + timedelta(days=180)
    end = day + timedelta(days=7)
    filters = {
        "all": MentionFilter(),
        "brand": MentionFilter(brand="hema"),
        "channel, sentiment": MentionFilter(channel="weibo", sentiment="negative"),
        "category, sentiment, brand": MentionFilter(
            category="price", sentiment="positive", brand="hema"
        ),
        "a week": MentionFilter(since=day, until=end),
        "a week, negative": MentionFilter(sentiment="negative", since=day, until=end),
        "an hour long ago": MentionFilter(since=day, until=day + timedelta(hours=1)),
        "word 面包": MentionFilter(text="面包"),
        "character 霉": MentionFilter(text="霉"),
        "words 发霉 refund": MentionFilter(text="发霉 refund"),
        "rare word": MentionFilter(text=str(total // 2)),
        "word and filters": MentionFilter(text="榴莲", brand="hema", sentiment="negative"),
        "word in a week": MentionFilter(text="发霉", since=day, until=end),
        "words that never meet": MentionFilter(text="面包发霉牛奶 nothing"),
        "an incident": MentionFilter(incident="INC-101"),
        "a word in an incident": MentionFilter(incident="INC-101", text="面包"),
    }
    queries: dict[str, Callable[[], Awaitable[object]]] = {
        name: partial(store.mentions.find, where) for name, where in filters.items()
    }
    queries |= {
        "a page in the middle": lambda: store.mentions.find(MentionFilter(), before=total // 2),
        "a mention": lambda: store.mentions.get(total // 3),
        "tickets, unresolved": lambda: store.tickets.find(TicketFilter(state="unresolved")),
        "tickets, 退款": lambda: store.tickets.find(TicketFilter(text="退款")),
        "figures": lambda: store.maintenance.figures(START + timedelta(days=300)),
        "counts": store.events.counts,
        "drafts": store.outbox.drafts,
        "alerts": store.alerts.recent,
        "dead letters": store.events.dead_letters,
        "late tickets": lambda: store.tickets.late(START + timedelta(days=300)),
        "live alerts": store.alerts.live,
        "an incident's mentions": lambda: store.incidents.mentions("INC-101", limit=200),
        "untracked, three days": lambda: store.tracked_posts.candidates(
            "weibo", since=START + timedelta(days=362), limit=100
        ),
        "tracked and due": lambda: store.tracked_posts.due(
            "weibo", START + timedelta(days=366), 100
        ),
        "corrections, newest 200": lambda: store.corrections.recent(limit=200),
        "freezes": store.pauses.all,
        "silences": store.alerts.mutes,
    }
    for name, query in queries.items():
        times, busy = [], []
        for _ in range(40):
            started, worked = time.perf_counter(), time.process_time()
            await query()
            busy.append((time.process_time() - worked) * 1000)
            times.append((time.perf_counter() - started) * 1000)
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        cpu = statistics.quantiles(busy, n=20)[-1]
        print(f"{name:<28} p50 {p50:>6.1f} ms   p95 {p95:>6.1f} ms   p95 of CPU {cpu:>6.1f} ms")


def size_of(path: Path) -> int:
    return path.stat().st_size


async def main(total: int, folder: Path, mongodb: str | None) -> None:
    if mongodb is not None:
        other = await open_store(mongodb, clock=SystemClock())
        await fill(other, total)
        await settle(other, total)
        await ask(other, total)
        await other.close()
        return
    await inserts(folder)
    store = await SqliteStore.open(folder / "large.db", clock=SystemClock())
    if not (await store.events.counts()).done:
        await fill(store, total)
    size = size_of(folder / "large.db")
    print(f"bytes a mention           {size / total:>10,.0f}")
    await in_turns(store, folder)
    await settle(store, total)
    await ask(store, total)
    await store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory               {peak:>10,.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--mongodb", metavar="URL")
    arguments = parser.parse_args()
    if arguments.folder:
        asyncio.run(main(arguments.mentions, arguments.folder, arguments.mongodb))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            asyncio.run(main(arguments.mentions, Path(temporary), arguments.mongodb))
