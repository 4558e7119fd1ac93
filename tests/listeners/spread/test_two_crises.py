"""A small crisis is heard beside a great one, and is not taken for it."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.mentions import Mention
from listeners.spread.unkept import MemorySpreadStore
from listeners.spread.watch import SpreadWatch
from tests.listeners.making import START
from tests.listeners.spread.watching import (
    MOULD,
    QUEUE,
    Receiver,
    hear,
    ordinary,
    said,
    watching,
)

AT = START + timedelta(days=1, hours=6)
WORDINGS = (
    MOULD,
    "刚拆开的吐司背面一片绿色的霉斑，闻着就反胃，禾家这是把过期面包翻出来卖吗",
    "给孩子做早饭发现面包长毛，朝阳店的店员让我自己看生产日期",
    "发霉面包还摆在货架最外面，看一眼都想吐，这家店没人检查吗",
)


def about(posts: Sequence[Mention], category: str) -> list[Mention]:
    return [replace(one, judgement=replace(one.judgement, category=category)) for one in posts]


def great(at: datetime = AT, *, hours: float = 2, an_hour: int = 300) -> list[Mention]:
    """So many people an hour about one thing, some of them judged to be about another."""
    rng = random.Random(5)
    posts: list[Mention] = []
    share = len(WORDINGS)
    for n, text in enumerate(WORDINGS):
        count = round(hours * an_hour / share)
        posts += said(count, text, at=at, seq=100_000 * (n + 1), minutes=60 * share / an_hour)
    return [
        about([one], "food_safety" if rng.random() < 0.97 else rng.choice(("staff", "refund")))[0]
        for one in posts
    ]


def small(text: str, at: datetime = AT + timedelta(minutes=50)) -> list[Mention]:
    """Eight people an hour."""
    return about(said(12, text, at=at, seq=900_000, minutes=7.5), "checkout")


@pytest.mark.slow
async def test_a_small_crisis_beside_a_great_one_is_heard() -> None:
    receiver, store = Receiver(), MemorySpreadStore()
    watch = watching(receiver, store=store)
    second = small(QUEUE)
    await hear(watch, [*ordinary(2), *great(), *second])
    await watch.close()
    assert len(receiver.alerts) == 2
    assert len({alert.incident for alert in receiver.alerts}) == 2
    assert {watch.incident_of("hejia", one) for one in second} <= {
        alert.incident for alert in receiver.alerts if QUEUE[:5] in alert.title
    }
    assert len(await store.incidents.find()) == 2


async def test_without_the_great_one_it_is_heard_as_well() -> None:
    receiver = Receiver()
    watch = watching(receiver)
    await hear(watch, [*ordinary(2), *small(QUEUE)])
    await watch.close()
    assert len(receiver.alerts) == 1


@pytest.mark.slow
async def test_it_is_heard_as_soon_as_without_the_great_one() -> None:
    when = []
    for more in ([], great()):
        receiver = Receiver()
        watch = watching(receiver)
        stream = sorted([*ordinary(2), *more, *small(QUEUE)], key=lambda one: one.event.posted_at)
        for one in stream:
            await watch.observe(one)
            if any("收银" in alert.title for alert in receiver.alerts):
                when.append(one.event.posted_at)
                break
        await watch.close()
    alone, beside = when
    assert beside - alone <= timedelta(minutes=8)


async def seconds_a_post(watch: SpreadWatch, posts: Sequence[Mention]) -> float:
    began = time.process_time()
    await hear(watch, posts)
    return (time.process_time() - began) / len(posts)


@pytest.mark.slow
async def test_a_great_matter_is_judged_anew_once_a_minute_and_for_every_risk() -> None:
    receiver, store = Receiver(), MemorySpreadStore()
    watch = watching(receiver, store=store)
    posts = sorted(great(hours=0.5, an_hour=2_400), key=lambda one: one.event.posted_at)
    last = posts[-1].event.posted_at
    ill = said(2, WORDINGS[0], at=last, seq=800_000, minutes=0.01, ill=True)
    slow = said(5, WORDINGS[0], at=last + timedelta(minutes=30), seq=810_000, minutes=30)
    await hear(watch, [one for one in ordinary(2) if one.event.posted_at < AT])
    spent = [
        await seconds_a_post(watch, some) for some in (posts[:100], posts[100:200], posts[200:])
    ]
    assert spent[2] < 1.8 * spent[1], (
        "a post of a great matter costs hardly more than one of a small"
    )
    assert 20 <= len(receiver.calls) <= 40
    await hear(watch, ill)
    await watch.close()
    [kept] = await store.incidents.find()
    assert "食物中毒" in kept.reasons[0]
    before = len(receiver.calls)
    await hear(watch, slow)
    assert len(receiver.calls) == before + len(slow)
    await watch.close()
    [kept] = await store.incidents.find()
    assert kept.mentions == len(posts) + len(ill) + len(slow)
