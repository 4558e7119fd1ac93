import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.records import Alert
from core.types import Author, Mention, Metrics, Sentiment
from listeners.spread.brand_lane import BrandLane
from listeners.spread.event_time import EventTime
from listeners.spread.watch import SpreadWatch
from tests.listeners.making import START, judgement, mention

NOW = START + timedelta(days=30)
MOULD = "禾家超市朝阳店的面包发霉了，孩子吃了以后上吐下泻，店长居然说是正常现象"
PROMOTION = "禾家超市周年庆全场满一百减五十，转发抽奖送购物卡，快来参加吧"


class Receiver:
    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.failures = 0
        self.calls = 0

    async def raise_alert(self, alert: Alert) -> bool:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise StoreError("disk full")
        known = any(alert.key == one.key for one in self.alerts)
        if not known:
            self.alerts.append(alert)
        return not known


def watching(receiver: Receiver, *, language: str = "zh", now: datetime = NOW) -> SpreadWatch:
    return SpreadWatch(
        receiver,
        clock=ManualClock(now),
        names={"hejia": "禾家超市"},
        terms={"hejia": ["禾家"]},
        language="en" if language == "en" else "zh",
    )


def said(
    count: int,
    text: str = MOULD,
    *,
    at: datetime = START,
    seq: int = 0,
    minutes: float = 3,
    **more: object,
) -> list[Mention]:
    made = []
    for n in range(count):
        one = mention(
            seq + n,
            at=at + timedelta(minutes=minutes * n),
            author=str(more.get("author", f"u{seq + n}")),
            text=f"第{seq + n}次转发//@甲:{text}" if n else text,
            sentiment="positive" if more.get("positive") else "negative",
            risk=("food_poisoning",) if more.get("ill") else (),
        )
        made.append(one)
    return made


async def after(mentions: Sequence[Mention], *, language: str = "zh") -> list[Alert]:
    receiver = Receiver()
    watch = watching(receiver, language=language)
    for one in mentions:
        await watch.observe(one)
    return receiver.alerts


async def test_five_authors_who_say_the_same_within_an_hour_are_told_of_once() -> None:
    assert await after(said(4)) == []
    alerts = await after(said(9))
    assert [alert.severity for alert in alerts] == ["P2"]
    alert = alerts[0]
    assert alert.brand == "hejia"
    assert alert.incident is not None
    assert "禾家超市" in alert.title
    assert "5" in alert.title
    assert "发霉" in alert.body
    assert "一小时内不同作者 5 位" in alert.body


async def test_one_person_is_not_five() -> None:
    assert await after(said(30, author="the same")) == []


async def test_five_authors_in_a_day_are_not_enough() -> None:
    assert await after(said(12, minutes=90)) == []


async def test_a_promotion_is_no_crisis() -> None:
    assert await after(said(300, PROMOTION, minutes=0.2, positive=True)) == []


async def test_two_who_tell_of_illness_are_enough_for_p1() -> None:
    alerts = await after(said(2, ill=True))
    assert [alert.severity for alert in alerts] == ["P1"]
    assert "food_poisoning" in alerts[0].body


async def test_what_becomes_worse_is_told_again_and_what_does_not_is_not() -> None:
    alerts = await after([*said(6), *said(2, seq=6, at=START + timedelta(minutes=30), ill=True)])
    assert [alert.severity for alert in alerts] == ["P2", "P1"]
    assert alerts[0].incident == alerts[1].incident


async def test_a_second_wave_is_told_again() -> None:
    later = said(6, seq=100, at=START + timedelta(hours=12))
    alerts = await after([*said(6), *later])
    assert len(alerts) == 2
    assert alerts[0].incident == alerts[1].incident
    assert alerts[0].key != alerts[1].key


async def test_the_forecast_is_told_once_enough_is_known() -> None:
    receiver = Receiver()
    watch = watching(receiver, language="en")
    slow = said(8, minutes=40)
    fast = said(40, seq=8, at=START + timedelta(minutes=300), minutes=0.5)
    for one in [*slow, *fast]:
        await watch.observe(one)
    assert "within seven days (four times in five between" in receiver.alerts[-1].body
    assert "authors say the same thing" in receiver.alerts[0].title


async def test_what_goes_on_is_raised_once_and_not_asked_for_again() -> None:
    receiver = Receiver()
    watch = watching(receiver)
    for one in said(60, minutes=1):
        await watch.observe(one)
    assert receiver.calls == len(receiver.alerts)


def hours_of_talk(negative: Sequence[int], *, an_hour: int) -> list[Mention]:
    """So many negative ones an hour among ``an_hour`` posts about one thing."""
    talk = said(an_hour * len(negative), minutes=60 / an_hour)
    return [
        one if n % an_hour < negative[n // an_hour] else replace(one, judgement=judgement())
        for n, one in enumerate(talk)
    ]


async def test_a_few_more_grumblers_than_usual_in_steady_talk_are_no_crisis() -> None:
    assert await after(hours_of_talk([1] * 10 + [3, 1, 1], an_hour=6)) == []


async def test_steady_talk_that_turns_bad_is_a_crisis() -> None:
    assert len(await after(hours_of_talk([1] * 10 + [12], an_hour=12))) == 1


async def test_the_same_mention_twice_counts_once() -> None:
    alerts = await after([one for one in said(5) for _ in range(3)])
    assert len(alerts) == 1
    assert "共 5 条" in alerts[0].body


async def test_an_alert_that_could_not_be_raised_is_raised_with_the_next_mention() -> None:
    receiver = Receiver()
    receiver.failures = 1
    watch = watching(receiver)
    posts = said(7)
    for one in posts[:4]:
        await watch.observe(one)
    with pytest.raises(StoreError):
        await watch.observe(posts[4])
    assert receiver.alerts == []
    await watch.observe(posts[5])
    assert [alert.severity for alert in receiver.alerts] == ["P2"]


async def test_a_restart_in_the_middle_of_an_incident_continues_it() -> None:
    posts = said(8)
    expected = await after(posts)
    for cut in range(1, 8):
        receiver = Receiver()
        before = watching(receiver)
        for one in posts[:cut]:
            await before.observe(one)
        again = watching(receiver)
        await again.rebuild(posts[:cut], tuple(receiver.alerts))
        for one in posts[cut:]:
            await again.observe(one)
        assert [alert.key for alert in receiver.alerts] == [alert.key for alert in expected]


async def test_what_was_over_before_the_start_is_not_raised_by_it() -> None:
    receiver = Receiver()
    watch = watching(receiver)
    calm = [
        replace(one, seq=500 + n, event=replace(one.event, id=f"calm{n}"))
        for n, one in enumerate(said(40, "别的事情", at=START + timedelta(days=2), positive=True))
    ]
    await watch.rebuild([*said(8), *calm])
    assert receiver.alerts == []
    fresh = Receiver()
    await watching(fresh).rebuild(said(8))
    assert len(fresh.alerts) == 1
    empty = watching(fresh)
    strange = replace(fresh.alerts[0], key="other:key")
    await empty.rebuild([], [strange, replace(strange, key="spread:odd")])
    assert len(fresh.alerts) == 1


async def test_two_incidents_that_become_one_are_not_told_of_twice() -> None:
    receiver = Receiver()
    watch = watching(receiver)
    one = said(6)
    two = said(6, "收银台排队排了整整一个小时还是没有人来管，气死人了", seq=50)
    for post in sorted([*one, *two], key=lambda post: post.event.posted_at):
        await watch.observe(post)
    first, second = (alert.incident for alert in receiver.alerts)
    assert first is not None
    assert second is not None
    watch.grouper.merge(first, second)
    await watch.observe(said(7, two[0].event.text, seq=80, at=START + timedelta(minutes=20))[0])
    assert len(receiver.alerts) == 2
    watch.grouper.merge(first, "never seen")


def ordinary(days: float, *, seed: int = 3) -> list[Mention]:
    rng = random.Random(seed)
    made = []
    for n in range(round(days * 24 * 12)):
        text = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(20))
        at = START + timedelta(minutes=5 * n + rng.uniform(0, 5))
        mood: Sentiment = "negative" if rng.random() < 0.1 else "neutral"
        made.append(mention(n, at=at, author=f"o{n}", text=text, sentiment=mood))
    return made


async def test_many_negative_posts_about_many_things_are_the_brand_lanes() -> None:
    base = ordinary(4)
    rng = random.Random(9)
    angry = []
    for n in range(60):
        text = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(20))
        at = START + timedelta(days=3, hours=12, minutes=n / 2)
        angry.append(mention(10_000 + n, at=at, author=f"x{n}", text=text))
    everything = sorted([*base, *angry], key=lambda one: one.event.posted_at)
    alerts = await after(everything)
    assert [alert.severity for alert in alerts] == ["P2"]
    assert alerts[0].incident is None
    assert "weibo" in alerts[0].title
    calm = [replace(one, judgement=judgement("positive")) for one in angry]
    assert await after(sorted([*base, *calm], key=lambda one: one.event.posted_at)) == []


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_a_clock_that_jumps_raises_no_storm(jump: timedelta, sign: int) -> None:
    base = ordinary(6)
    half = len(base) // 2
    moved = [
        replace(one, event=replace(one.event, posted_at=one.event.posted_at + sign * jump))
        for one in base[half:]
    ]
    assert await after([*base[:half], *moved]) == []


async def test_dates_from_the_future_and_from_long_ago_are_not_believed() -> None:
    receiver = Receiver()
    watch = watching(receiver, now=START)
    for one in said(6, at=START + timedelta(days=400)):
        await watch.observe(one)
    assert len(receiver.alerts) <= 1
    for one in ordinary(1):
        await watch.observe(one)
    before = len(receiver.alerts)
    for one in said(6, seq=900, at=START - timedelta(days=30)):
        await watch.observe(one)
    assert len(receiver.alerts) == before


async def test_what_is_long_quiet_is_forgotten() -> None:
    receiver = Receiver()
    watch = watching(receiver)
    for one in said(6):
        await watch.observe(one)
    for one in said(60, "完全不同的另一件事情发生了", seq=100, at=START + timedelta(days=5)):
        await watch.observe(one)
    assert len(watch.grouper) == 60
    assert len(watch._activities) == 1


def viral(*, followers: int = 10, risk: bool = False, negative: bool = True) -> Mention:
    one = said(1, ill=risk, positive=not negative)[0]
    author = Author(id="u", followers=followers)
    return replace(one, event=replace(one.event, author=author, metrics=Metrics(reposts=5)))


async def test_a_post_is_told_of_from_its_polled_figures() -> None:
    receiver = Receiver()
    watch = watching(receiver)
    polls = [(START + timedelta(minutes=5 * n), 150 * n) for n in range(1, 7)]
    await watch.engaged(viral(followers=200_000), polls)
    assert [alert.severity for alert in receiver.alerts] == ["P2"]
    assert "预计七天内" in receiver.alerts[0].body
    await watch.engaged(viral(followers=200_000), polls)
    assert len(receiver.alerts) == 1


@pytest.mark.parametrize(
    "polls",
    [[], [(START + timedelta(seconds=30), 500)], [(START + timedelta(hours=1), 3)]],
)
async def test_too_few_figures_say_nothing(polls: list[tuple[datetime, int]]) -> None:
    receiver = Receiver()
    await watching(receiver).engaged(viral(followers=10**6), polls)
    assert receiver.alerts == []


async def test_praise_that_spreads_is_no_crisis() -> None:
    receiver = Receiver()
    polls = [(START + timedelta(hours=1), 5000)]
    await watching(receiver).engaged(viral(negative=False), polls)
    assert receiver.alerts == []


async def test_a_post_about_two_brands_is_counted_for_both() -> None:
    both = [replace(one, brands=("hejia", "other")) for one in said(6)]
    assert {alert.brand for alert in await after(both)} == {"hejia", "other"}


def test_a_few_wrong_dates_do_not_move_the_time() -> None:
    time = EventTime()
    for n in range(20):
        assert time.take(1e9 + n, clock=1e9 + n) is not None
    assert time.take(1e9 + 1e7, clock=1e9) is None
    assert time.take(1e9 + 3600, clock=0.0) is not None
    assert time.now < 1e9 + 20


def test_an_outage_is_not_a_quiet_brand() -> None:
    lane = BrandLane()
    for n in range(288 * 2):
        lane.add(1e9 + n * 300, 1.0, now=1e9 + n * 300)
    bins = lane.state.bins
    lane.add(1e9 + 288 * 7 * 300, 1.0, now=1e9 + 288 * 7 * 300)
    assert lane.state.bins - bins <= 1
    lane.add(1e9, 1.0, now=1e9)
    assert lane.state.bins - bins <= 1
