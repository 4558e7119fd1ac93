import json
import random
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.model.events import Author, Metrics
from core.model.mentions import Mention
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.cascades.post_lane import FINAL_SECONDS, KEY, PostLane
from tests.builders import MIDNIGHT
from tests.listeners.spread.memory_store import MemorySpreadStore
from tests.listeners.spread.rig import Receiver, chain, make_watch


def viral(*, followers: int = 10, negative: bool = True, native: str = "0") -> Mention:
    one = chain(1, positive=not negative)[0]
    author = Author(id="u", followers=followers)
    event = replace(one.event, id=native, author=author, metrics=Metrics(reposts=5))
    return replace(one, event=event)


def growing(minutes: float, reposts: int) -> list[tuple[datetime, int]]:
    """Polls every five minutes."""
    steps = round(minutes / 5)
    return [
        (MIDNIGHT + timedelta(minutes=5 * n), reposts * n // steps) for n in range(1, steps + 1)
    ]


async def test_a_viral_post_is_alerted_by_its_polled_figures() -> None:
    receiver = Receiver()
    watch = make_watch(receiver)
    await watch.engaged(viral(followers=200_000), growing(30, 900))
    [alert] = receiver.alerts
    assert alert.severity == "P2"
    assert "其中一条预计七天内被转发约" in alert.body
    [(language, line)] = [
        (one.language, text)
        for one in alert.wordings
        for text in one.body.splitlines()
        if "passed on about" in text
    ]
    assert language == "en", line
    await watch.engaged(viral(followers=200_000), growing(30, 900))
    assert len(receiver.calls) == 1
    await watch.close()


async def test_a_post_that_does_not_spread_is_not_alerted() -> None:
    receiver = Receiver()
    await make_watch(receiver).engaged(viral(followers=200_000), growing(600, 12))
    assert receiver.alerts == []


@pytest.mark.parametrize(
    "polls",
    [[], [(MIDNIGHT + timedelta(seconds=30), 500)], [(MIDNIGHT + timedelta(hours=1), 3)]],
)
async def test_too_few_figures_give_no_alert(polls: list[tuple[datetime, int]]) -> None:
    receiver = Receiver()
    await make_watch(receiver).engaged(viral(followers=10**6), polls)
    assert receiver.alerts == []


async def test_praise_that_spreads_is_not_alerted() -> None:
    receiver = Receiver()
    await make_watch(receiver).engaged(
        viral(negative=False), [(MIDNIGHT + timedelta(hours=1), 5000)]
    )
    assert receiver.alerts == []


async def test_a_viral_post_of_an_incident_updates_its_alert() -> None:
    receiver = Receiver()
    watch = make_watch(receiver)
    posts = chain(8)
    for one in posts:
        await watch.observe(one)
    await watch.engaged(posts[0], growing(30, 3000))
    await watch.close()
    assert len(receiver.alerts) == 1
    [expected] = re.findall("预计七天内被转发约 ([0-9,]+) 次", receiver.alerts[0].body)
    assert int(expected.replace(",", "")) > 3000
    assert receiver.alerts[0].severity == "P2"


async def test_the_larger_of_both_forecasts_is_shown() -> None:
    receiver = Receiver()
    watch = make_watch(receiver)
    posts = chain(40)
    await watch.engaged(posts[0], growing(600, 12))
    for one in posts:
        await watch.observe(one)
    await watch.close()
    assert "预计七天内约" in receiver.calls[-1].body
    assert "其中一条" not in receiver.calls[-1].body


async def test_a_lower_forecast_does_not_replace_a_higher_one() -> None:
    receiver = Receiver()
    watch = make_watch(receiver)
    await watch.engaged(viral(), growing(30, 3000))
    far = receiver.calls[-1].body
    await watch.engaged(viral(), growing(300, 3000))
    assert receiver.calls[-1].body == far


async def forecasts(lane: PostLane, posts: int, *, factor: float, first: int = 0) -> Forecast:
    """The forecast after posts whose outcome is ``factor`` times their size after an hour."""
    rng = random.Random(1)
    for n in range(first, first + posts):
        early = growing(60, rng.randrange(50, 500))
        end = (MIDNIGHT + timedelta(seconds=FINAL_SECONDS), round(early[-1][1] * factor))
        await lane.reach(viral(native=str(n)), [*early, end])
    found = await lane.reach(viral(native="last"), growing(60, 200))
    assert found is not None
    return found


async def test_the_interval_is_calibrated_by_outcomes_and_stored() -> None:
    before = await forecasts(PostLane(MemorySpreadStore().values), 0, factor=1)
    store = MemorySpreadStore()
    after = await forecasts(PostLane(store.values), 40, factor=60)
    assert after.high > before.high * 1.2
    assert after.low == pytest.approx(before.low, rel=0.35)
    again = await PostLane(store.values).reach(viral(native="last"), growing(60, 200))
    assert again == after


async def test_an_outcome_is_learned_from_once() -> None:
    store = MemorySpreadStore()
    once = await forecasts(PostLane(store.values), 5, factor=60)
    assert await forecasts(PostLane(store.values), 5, factor=60) == once
    assert len(json.loads(await store.values.get(KEY) or "")["learned"]) == 5


@pytest.mark.parametrize(
    "stored", ["", "{", "[]", '{"bands": [[1]]}', '{"bands": [["x", "y", 1, 2]]}']
)
async def test_an_unreadable_stored_value_is_dropped(stored: str) -> None:
    store = MemorySpreadStore()
    expected = await forecasts(PostLane(MemorySpreadStore().values), 0, factor=1)
    await store.values.set(KEY, stored)
    assert await forecasts(PostLane(store.values), 0, factor=1) == expected


async def test_stored_calibrations_are_clamped() -> None:
    store = MemorySpreadStore()
    await store.values.set(KEY, '{"bands": [["weibo", 3600, 1e9, -5]]}')
    found = await forecasts(PostLane(store.values), 0, factor=1)
    assert 0 <= found.low <= found.final <= found.high < 1e6
