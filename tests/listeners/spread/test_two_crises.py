"""A small crisis is alerted beside a large one, and not merged into it."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from core.model.mentions import Mention
from listeners.spread.harm.claims import ClaimReader, ClaimReading
from listeners.spread.watch import SpreadWatch
from tests.builders import MIDNIGHT
from tests.listeners.spread.memory_store import MemorySpreadStore
from tests.listeners.spread.rig import (
    MOULD,
    QUEUE,
    Receiver,
    chain,
    make_watch,
    observe_all,
    ordinary,
)
from tests.work import counted_calls

AT = MIDNIGHT + timedelta(days=1, hours=6)
WORDINGS = (
    MOULD,
    "刚拆开的吐司背面一片绿色的霉斑，闻着就反胃，禾家这是把过期面包翻出来卖吗",
    "给孩子做早饭发现面包长毛，朝阳店的店员让我自己看生产日期",
    "发霉面包还摆在货架最外面，看一眼都想吐，这家店没人检查吗",
)


def in_category(posts: Sequence[Mention], category: str) -> list[Mention]:
    return [replace(one, judgement=replace(one.judgement, category=category)) for one in posts]


def large(at: datetime = AT, *, hours: float = 2, an_hour: int = 300) -> list[Mention]:
    """One incident with ``an_hour`` authors, of whom a few are judged to be of another category."""
    rng = random.Random(5)
    posts: list[Mention] = []
    share = len(WORDINGS)
    for n, text in enumerate(WORDINGS):
        count = round(hours * an_hour / share)
        posts += chain(count, text, at=at, seq=100_000 * (n + 1), minutes=60 * share / an_hour)
    return [
        in_category(
            [one], "food_safety" if rng.random() < 0.97 else rng.choice(("staff", "refund"))
        )[0]
        for one in posts
    ]


def small(text: str, at: datetime = AT + timedelta(minutes=50)) -> list[Mention]:
    """Eight authors an hour."""
    return in_category(chain(12, text, at=at, seq=900_000, minutes=7.5), "checkout")


@pytest.mark.slow
async def test_a_small_crisis_beside_a_large_one_is_alerted() -> None:
    receiver, store = Receiver(), MemorySpreadStore()
    watch = make_watch(receiver, store=store)
    second = small(QUEUE)
    await observe_all(watch, [*ordinary(2), *large(), *second])
    await watch.close()
    assert len(receiver.alerts) == 2
    assert len({alert.incident for alert in receiver.alerts}) == 2
    assert {watch.incident_of("hejia", one) for one in second} <= {
        alert.incident for alert in receiver.alerts if QUEUE[:5] in alert.title
    }
    assert len(await store.incidents.find()) == 2


async def test_the_small_crisis_alone_is_alerted() -> None:
    receiver = Receiver()
    watch = make_watch(receiver)
    await observe_all(watch, [*ordinary(2), *small(QUEUE)])
    await watch.close()
    assert len(receiver.alerts) == 1


@pytest.mark.slow
async def test_the_small_crisis_is_alerted_as_soon_as_alone() -> None:
    when = []
    for more in ([], large()):
        receiver = Receiver()
        watch = make_watch(receiver)
        stream = sorted([*ordinary(2), *more, *small(QUEUE)], key=lambda one: one.event.posted_at)
        for one in stream:
            await watch.observe(one)
            if any("收银" in alert.title for alert in receiver.alerts):
                when.append(one.event.posted_at)
                break
        await watch.close()
    alone, beside = when
    assert beside - alone <= timedelta(minutes=8)


async def calls_a_post(watch: SpreadWatch, posts: Sequence[Mention]) -> float:
    with counted_calls() as made:
        await observe_all(watch, posts)
    return made.count / len(posts)


@pytest.mark.slow
async def test_a_large_incident_is_assessed_once_a_minute_and_for_every_risk() -> None:
    receiver, store = Receiver(), MemorySpreadStore()
    watch = make_watch(receiver, store=store)
    posts = sorted(large(hours=0.5, an_hour=2_400), key=lambda one: one.event.posted_at)
    last = posts[-1].event.posted_at
    ill = chain(2, WORDINGS[0], at=last, seq=800_000, minutes=0.01, ill=True)
    slow = chain(5, WORDINGS[0], at=last + timedelta(minutes=30), seq=810_000, minutes=30)
    await observe_all(watch, [one for one in ordinary(2) if one.event.posted_at < AT])
    spent = [await calls_a_post(watch, some) for some in (posts[:100], posts[100:200], posts[200:])]
    assert spent[2] < 1.5 * spent[1], (
        "a post of a large incident costs hardly more than one of a small"
    )
    assert 20 <= len(receiver.calls) <= 40
    await observe_all(watch, ill)
    await watch.close()
    [kept] = await store.incidents.find()
    assert "食物中毒" in kept.reasons[0]
    before = len(receiver.calls)
    await observe_all(watch, slow)
    assert len(receiver.calls) == before + len(slow)
    await watch.close()
    [kept] = await store.incidents.find()
    assert kept.mentions == len(posts) + len(ill) + len(slow)


class StoryReader(ClaimReader):
    """Knows two stories, of mould and of queues, which have nothing in common."""

    def __init__(self) -> None:
        pass

    def read(self, text: str, names: re.Pattern[str] | None) -> ClaimReading:
        queue = 0.0 if "霉" in text or "毛" in text else 1.0
        return ClaimReading(probability=0.9, vector=np.array([queue, 1 - queue], np.float32))


async def of_one_category(text: str, *, minutes: float) -> tuple[int, bool]:
    """The number of alerts, and whether both texts are one incident after twenty of each."""
    receiver = Receiver()
    watch = make_watch(receiver, store=MemorySpreadStore(), claims=StoryReader())
    first = in_category(chain(20, MOULD, at=AT, seq=910_000, minutes=1), "quality")
    later = AT + timedelta(minutes=minutes)
    second = in_category(chain(20, text, at=later, seq=920_000, minutes=1), "quality")
    await observe_all(watch, [*ordinary(1), *first, *second])
    await watch.close()
    homes = [{watch.incident_of("hejia", one) for one in part} for part in (first, second)]
    return len({alert.incident for alert in receiver.alerts}), homes[0] == homes[1]


@pytest.mark.parametrize("minutes", [0.5, 5, 12])
async def test_two_stories_of_one_category_within_a_quarter_of_an_hour_are_two(
    minutes: float,
) -> None:
    assert await of_one_category(QUEUE, minutes=minutes) == (2, False)


@pytest.mark.parametrize("minutes", [0.5, 5, 12])
async def test_another_wording_of_the_same_story_is_joined(minutes: float) -> None:
    assert await of_one_category(WORDINGS[2], minutes=minutes) == (1, True)
