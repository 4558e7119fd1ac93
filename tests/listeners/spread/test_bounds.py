"""Memory stays bounded whatever comes, and what is quiet is forgotten."""

import random
import tracemalloc
from datetime import timedelta

import pytest

from core.mentions import Mention
from listeners.spread.activity import Activity, heard
from listeners.spread.baseline import Loudness
from listeners.spread.relevance import Profile, Usual, words_of
from listeners.spread.watch import SpreadWatch
from tests.listeners.making import START, mention
from tests.listeners.spread.watching import Receiver, hear, said, watching


def noise(count: int, *, seed: int, per_minute: float) -> list[Mention]:
    """Posts that have nothing in common; one in three is bad."""
    rng = random.Random(seed)
    return [
        mention(
            seed * 1_000_000 + n,
            at=START + timedelta(hours=seed * 2, minutes=n / per_minute),
            author=f"{seed}-{n}",
            text="".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(24)),
            sentiment="negative" if n % 3 == 0 else "neutral",
        )
        for n in range(count)
    ]


async def held(watch: SpreadWatch, seed: int) -> int:
    await hear(watch, noise(900, seed=seed, per_minute=9))
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.slow
async def test_what_one_person_said_is_forgotten_after_some_hours() -> None:
    watch = watching(Receiver())
    tracemalloc.start()
    try:
        sizes = [await held(watch, seed) for seed in range(8)]
    finally:
        tracemalloc.stop()
    early, late = sizes[3] - sizes[2], sizes[7] - sizes[6]
    assert late < early * 1.5
    assert len(watch._book) < 1800


async def test_what_is_long_quiet_is_forgotten() -> None:
    watch = watching(Receiver())
    await hear(watch, said(6))
    await hear(watch, said(60, "完全不同的另一件事情发生了", seq=100, at=START + timedelta(days=5)))
    assert len(watch._grouper) == 60
    assert len(watch._book) == 1
    assert watch._book.loose == 0
    await watch.close()


def test_a_matter_remembers_no_more_than_two_thousand_posts() -> None:
    activity = Activity()
    for n in range(5000):
        one = mention(n, at=START, author=f"a{n}")
        activity.add(heard("hejia", one, 1e9 + n), quiet=3600)
    assert len(activity.posts()) == len(activity.times()) == 2000
    assert (activity.count, len(activity.authors)) == (5000, 5000)


def test_rare_words_are_forgotten_first() -> None:
    usual = Usual()
    for n in range(12_000):
        usual.learn({"often", *(f"w{n}-{k}" for k in range(8))}, category="x", bad=False, at=n)
    assert usual.share("often") > 0.9
    assert len(usual._words) < 85_000


def test_a_wording_counts_once_however_often_it_is_passed_on() -> None:
    usual, profile = Usual(), Profile()
    for n in range(200):
        usual.learn({f"w{n}", "bread"}, category="x", bad=False, at=n)
    words = words_of("面包发霉了 mouldy bread", None)
    assert profile.learn(words)
    assert not profile.learn(words)
    assert not profile.learn(frozenset())
    assert profile.likeness(words_of("面包都发霉了", None), usual) > 5
    assert profile.likeness(words_of("bread", None), usual) < 1
    assert profile.likeness(words_of("完全无关", None), usual) == 0


def test_loud_is_what_is_louder_than_busy() -> None:
    loud = Loudness()
    assert loud.times_usual(0) == 1
    for hour in range(48):
        for n in range(20):
            loud.add(1e9 + hour * 3600 + n * 180)
    assert loud.times_usual(0) == 1
    for n in range(400):
        loud.add(1e9 + 48 * 3600 + n * 9)
    assert 3 < loud.times_usual(0) <= 9
    assert loud.times_usual(400) == 1
