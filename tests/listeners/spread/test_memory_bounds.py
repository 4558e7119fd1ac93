"""Memory is bounded, and quiet incidents are evicted."""

import random
import tracemalloc
from datetime import timedelta

import pytest

from core.model.mentions import Mention
from listeners.spread.activity import Activity, brand_post
from listeners.spread.brand_lane import BackgroundVolume
from listeners.spread.grouping.relevance import BackgroundLanguage, IncidentWords
from listeners.spread.grouping.vocabulary import content_words
from listeners.spread.watch import SpreadWatch
from tests.builders import MIDNIGHT, mention
from tests.listeners.spread.rig import Receiver, chain, make_watch, observe_all


def noise(count: int, *, seed: int, per_minute: float) -> list[Mention]:
    """Posts that have nothing in common; one in three is negative."""
    rng = random.Random(seed)
    return [
        mention(
            seed * 1_000_000 + n,
            posted_at=MIDNIGHT + timedelta(hours=seed * 2, minutes=n / per_minute),
            author=f"{seed}-{n}",
            text="".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(24)),
            sentiment="negative" if n % 3 == 0 else "neutral",
        )
        for n in range(count)
    ]


async def memory_after(watch: SpreadWatch, seed: int) -> int:
    await observe_all(watch, noise(900, seed=seed, per_minute=9))
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.slow
async def test_incidents_of_one_author_are_evicted_after_hours() -> None:
    watch = make_watch(Receiver())
    tracemalloc.start()
    try:
        sizes = [await memory_after(watch, seed) for seed in range(8)]
    finally:
        tracemalloc.stop()
    early, late = sizes[3] - sizes[2], sizes[7] - sizes[6]
    assert late < early * 1.5
    assert len(watch._index) < 1800


async def test_quiet_incidents_are_evicted_after_days() -> None:
    watch = make_watch(Receiver())
    await observe_all(watch, chain(6))
    await observe_all(
        watch, chain(60, "完全不同的另一件事情发生了", seq=100, at=MIDNIGHT + timedelta(days=5))
    )
    assert len(watch._grouper) == 60
    assert len(watch._index) == 1
    assert watch._index.unassigned == 0
    await watch.close()


def test_an_incident_keeps_two_thousand_posts() -> None:
    activity = Activity()
    for n in range(5000):
        one = mention(n, posted_at=MIDNIGHT, author=f"a{n}", sentiment="negative")
        activity.add(brand_post("hejia", one, 1e9 + n, names=None), quiet=3600)
    assert len(activity.posts()) == len(activity.times()) == 2000
    assert (activity.count, len(activity.authors)) == (5000, 5000)


def test_rare_words_are_evicted_first() -> None:
    usual = BackgroundLanguage()
    for n in range(12_000):
        usual.learn({"often", *(f"w{n}-{k}" for k in range(8))}, category="x", adverse=False, at=n)
    assert usual.share("often") > 0.9
    assert len(usual._words) < 85_000


def test_a_wording_counts_once_however_often_it_is_reposted() -> None:
    usual, words_of_incident = BackgroundLanguage(), IncidentWords()
    for n in range(200):
        usual.learn({f"w{n}", "bread"}, category="x", adverse=False, at=n)
    words = content_words("面包发霉了 mouldy bread", None)
    assert words_of_incident.learn(words)
    assert not words_of_incident.learn(words)
    assert not words_of_incident.learn(frozenset())
    assert words_of_incident.log_odds(content_words("面包都发霉了", None), usual) > 5
    assert words_of_incident.log_odds(content_words("bread", None), usual) < 1
    assert words_of_incident.log_odds(content_words("完全无关", None), usual) == 0


def test_an_hour_is_loud_only_above_a_busy_hour() -> None:
    loud = BackgroundVolume()
    assert loud.ratio(0) == 1
    for hour in range(48):
        for n in range(20):
            loud.add(1e9 + hour * 3600 + n * 180)
    assert loud.ratio(0) == 1
    for n in range(400):
        loud.add(1e9 + 48 * 3600 + n * 9)
    assert 3 < loud.ratio(0) <= 9
    assert loud.ratio(400) == 1
