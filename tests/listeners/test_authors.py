import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.records import Alert
from core.types import Mention
from listeners.authors import AuthorsLane
from tests.listeners.making import START, mention

NOW = START + timedelta(days=30)


class Receiver:
    """Keeps alerts as the store does; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.alerts: dict[str, Alert] = {}
        self.failures = failures

    async def raise_alert(self, alert: Alert) -> bool:
        if self.failures:
            self.failures -= 1
            raise StoreError("disk full")
        known = alert.key in self.alerts
        self.alerts.setdefault(alert.key, alert)
        return not known


def lane(receiver: Receiver, *, language: str = "zh", floor: int = 8) -> AuthorsLane:
    return AuthorsLane(
        receiver,
        clock=ManualClock(NOW),
        names={"hejia": "禾家超市"},
        floor=floor,
        language="en" if language == "en" else "zh",
    )


async def watch(mentions: Iterable[Mention], *, language: str = "zh") -> list[Alert]:
    receiver = Receiver()
    watching = lane(receiver, language=language)
    for one in mentions:
        await watching.observe(one)
    return list(receiver.alerts.values())


def crowd(size: int, *, at: datetime = START, seq: int = 0, minutes: float = 3) -> list[Mention]:
    return [
        mention(seq + n, at=at + timedelta(minutes=minutes * n), author=f"u{n}")
        for n in range(size)
    ]


def stream(
    seed: int, *, hours: int, rate: float, negative: float, at: datetime = START, seq: int = 0
) -> list[Mention]:
    chance = random.Random(seed)
    times = sorted(chance.random() * hours for _ in range(round(hours * rate)))
    return [
        mention(
            seq + n,
            at=at + timedelta(hours=time),
            author=f"s{chance.randrange(10**6)}",
            sentiment="negative" if chance.random() < negative else "positive",
        )
        for n, time in enumerate(times)
    ]


def merged(*streams: list[Mention]) -> list[Mention]:
    return sorted((one for part in streams for one in part), key=lambda one: one.event.posted_at)


async def test_the_eighth_author_within_the_hour_raises_one_alert() -> None:
    assert await watch(crowd(7)) == []
    (alert,) = await watch(crowd(30))
    assert alert.key == "authors:hejia:20260302T000000Z"
    assert (alert.kind, alert.severity, alert.brand) == ("incident", "P2", "hejia")
    assert alert.created_at == NOW


async def test_one_person_writing_often_is_no_crowd() -> None:
    one = [mention(n, at=START + timedelta(minutes=n), author="same") for n in range(50)]
    assert await watch(one) == []


async def test_authors_too_far_apart_are_no_crowd() -> None:
    assert await watch(crowd(40, minutes=10)) == []


async def test_a_complaint_in_calm_words_counts() -> None:
    calm = [
        mention(n, at=START, author=f"u{n}", sentiment="neutral", complaint=0.8) for n in range(8)
    ]
    assert len(await watch(calm)) == 1


async def test_praise_does_not_count() -> None:
    happy = [mention(n, at=START, author=f"u{n}", sentiment="positive") for n in range(100)]
    assert await watch(happy) == []


@pytest.mark.parametrize(
    ("language", "title", "line"),
    [
        ("zh", "禾家超市：60 分钟内有 8 位不同作者发出负面内容", "最早 2026-03-02 00:00 UTC"),
        ("en", "禾家超市: 8 different authors of negative mentions within 60 min", "First 2026-03"),
    ],
)
async def test_the_alert_carries_its_evidence(language: str, title: str, line: str) -> None:
    mentions = [
        mention(
            n,
            at=START + timedelta(minutes=n),
            author=f"u{n}",
            text=f"第{n}条 {'长' * 500}",
            risk=("food_poisoning",) if n > 4 else (),
        )
        for n in range(8)
    ]
    (alert,) = await watch(mentions, language=language)
    assert alert.title.startswith(title)
    assert line in alert.body
    assert "food_poisoning" in alert.body
    assert "第7条" in alert.body
    assert "第1条" not in alert.body
    assert len(alert.body) < 1500
    assert alert.severity == "P1"


async def test_one_grave_voice_alone_does_not_make_it_p1() -> None:
    voices = crowd(8)
    voices[3] = mention(3, at=START, author="u3", risk=("injury",))
    (alert,) = await watch(voices)
    assert alert.severity == "P2"


async def test_each_brand_is_counted_by_itself() -> None:
    shared = [
        mention(n, at=START, author=f"u{n}", brands=("hejia", "pine") if n < 8 else ("pine",))
        for n in range(9)
    ]
    assert [alert.brand for alert in await watch(shared[:8])] == ["hejia", "pine"]
    assert await watch(shared[:7]) == []


async def test_an_episode_raises_once_and_again_only_after_quiet() -> None:
    going_on = stream(1, hours=12, rate=20, negative=1)
    assert len(await watch(going_on)) == 1
    pause = START + timedelta(hours=12)
    soon = crowd(20, at=pause + timedelta(hours=5), seq=1000)
    assert len(await watch(going_on + soon)) == 1
    later = crowd(20, at=pause + timedelta(hours=30), seq=1000)
    assert len(await watch(going_on + later)) == 2


async def test_a_loud_brand_has_its_ordinary_days() -> None:
    ordinary = stream(2, hours=24 * 7, rate=60, negative=0.25)
    assert await watch(ordinary) == []
    crisis = stream(3, hours=4, rate=80, negative=1, at=START + timedelta(days=5), seq=10**6)
    (alert,) = await watch(merged(ordinary, crisis))
    assert alert.key.startswith("authors:hejia:20260306T23") or "20260307T00" in alert.key
    quiet_brand = await watch(stream(3, hours=4, rate=80, negative=1))
    assert len(quiet_brand) == 1


async def test_a_promotion_brings_grumblers_but_no_crisis() -> None:
    ordinary = stream(4, hours=24 * 5, rate=10, negative=0.15)
    promotion = stream(5, hours=6, rate=300, negative=0.15, at=START + timedelta(days=3), seq=10**6)
    assert await watch(merged(ordinary, promotion)) == []
    assert await watch(promotion) == []


async def test_the_order_of_arrival_does_not_matter() -> None:
    (alert,) = await watch(crowd(8))
    for seed in range(5):
        shuffled = crowd(8)
        random.Random(seed).shuffle(shuffled)
        assert [found.key for found in await watch(shuffled)] == [alert.key]


async def test_repeats_change_nothing() -> None:
    assert await watch([*crowd(7), *crowd(7), *crowd(7)]) == []


async def test_wrong_dates_neither_raise_nor_hide() -> None:
    ahead = NOW + timedelta(days=3650)
    past = START - timedelta(days=3650)
    wrong = [mention(100 + n, at=ahead, author=f"w{n}") for n in range(3)]
    wrong += [mention(200 + n, at=past, author=f"w{n}") for n in range(3)]
    calm = stream(6, hours=24, rate=4, negative=0.1)
    assert await watch([*calm[:40], *wrong, *calm[40:]]) == []
    later = crowd(10, at=START + timedelta(days=1), seq=300)
    assert len(await watch([*wrong, *calm, *wrong, *later])) == 1


async def test_a_crowd_in_the_far_future_is_not_believed() -> None:
    ahead = crowd(20, at=NOW + timedelta(days=365), seq=10**6, minutes=0.1)
    calm = stream(6, hours=48, rate=4, negative=0.1)
    mixed = [one for pair in zip(calm[:40:2], ahead, strict=True) for one in pair]
    assert await watch([*calm[40:], *mixed]) == []


async def test_a_feed_that_lies_in_the_future_as_a_whole_is_believed() -> None:
    assert len(await watch(crowd(8, at=NOW + timedelta(days=100)))) == 1


async def test_a_first_wrong_date_does_not_deafen() -> None:
    first = mention(999, at=NOW + timedelta(days=3650), author="w")
    assert len(await watch([first, *crowd(8)])) == 1


async def test_memory_is_bounded_whatever_the_dates_are() -> None:
    chance = random.Random(7)
    receiver = Receiver()
    watching = lane(receiver)
    for n in range(5000):
        at = START + timedelta(minutes=chance.randrange(60 * 24 * 400))
        await watching.observe(mention(n, at=at, author=f"u{n}"))
    counts = watching._brands["hejia"].counts
    assert len(counts._slots) <= 33
    assert len(counts._figures) <= 14 * 24 * 4 + 1
    assert len(watching._brands["hejia"].episodes) <= 50


async def test_one_slot_does_not_take_everybody_in() -> None:
    watching = lane(Receiver())
    for n in range(11_000):
        await watching.observe(mention(n, at=START, author=f"u{n}"))
    (slot,) = watching._brands["hejia"].counts._slots.values()
    assert len(slot.people) == 10_000
    assert len(slot.marks) == 2_000


async def test_a_restart_in_the_middle_raises_the_same_key() -> None:
    everything = stream(8, hours=3, rate=30, negative=1)
    for cut in (5, 20, 60):
        receiver = Receiver()
        before, after = lane(receiver), lane(receiver)
        for one in everything[:cut]:
            await before.observe(one)
        await after.rebuild(everything[:cut])
        for one in everything[cut:]:
            await after.observe(one)
        assert len(receiver.alerts) == 1


async def test_a_crash_before_the_alert_was_stored_loses_nothing() -> None:
    receiver = Receiver()
    await lane(receiver).rebuild(crowd(8))
    assert list(receiver.alerts) == ["authors:hejia:20260302T000000Z"]


async def test_what_is_long_over_is_not_raised_at_a_restart() -> None:
    receiver = Receiver()
    after = stream(9, hours=48, rate=3, negative=0, at=START + timedelta(hours=1), seq=100)
    await lane(receiver).rebuild([*crowd(8), *after])
    assert receiver.alerts == {}


async def test_known_alerts_are_not_raised_under_another_key() -> None:
    receiver = Receiver()
    before = lane(receiver)
    for one in crowd(30):
        await before.observe(one)
    (alert,) = receiver.alerts.values()
    foreign = Alert(
        key="silence:weibo",
        kind="silence",
        severity="P3",
        title="",
        body="",
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    again = lane(receiver)
    # The first mentions were withdrawn since: by themselves the others begin a later episode.
    await again.rebuild(crowd(30)[4:], (alert, foreign))
    assert list(receiver.alerts) == [alert.key]
    await again.observe(mention(99, at=START + timedelta(hours=2), author="z"))
    assert list(receiver.alerts) == [alert.key]


async def test_an_alert_that_could_not_be_stored_is_tried_again() -> None:
    receiver = Receiver(failures=2)
    watching = lane(receiver)
    for one in crowd(7):
        await watching.observe(one)
    for n in (7, 8):
        with pytest.raises(StoreError):
            await watching.observe(mention(n, at=START, author=f"u{n}"))
    assert receiver.alerts == {}
    await watching.observe(mention(9, at=START, author="u9", sentiment="positive"))
    assert len(receiver.alerts) == 1
