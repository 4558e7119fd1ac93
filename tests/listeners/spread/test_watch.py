import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.types import Mention, Probabilities
from listeners.spread.activity import heard
from listeners.spread.brand_lane import BrandLane
from listeners.spread.event_time import EventTime
from tests.listeners.making import START, judgement, mention
from tests.listeners.spread.watching import (
    MOULD,
    PROMOTION,
    QUEUE,
    Receiver,
    after,
    hear,
    ordinary,
    said,
    watching,
)


class JumpingClock(ManualClock):
    """Shows whatever time it is set to."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.at = start

    def now(self) -> datetime:
        return self.at


async def test_five_authors_who_say_the_same_within_an_hour_are_told_of_once() -> None:
    assert (await after(said(4))).alerts == []
    receiver = await after(said(9))
    [alert] = receiver.alerts
    assert receiver.rises == ["P2"]
    assert alert.key == f"incident:{alert.incident}"
    assert (alert.brand, alert.channel, alert.kind) == ("hejia", "weibo", "incident")
    assert "禾家超市" in alert.title
    assert "面包发霉了" in alert.title
    assert "一小时内不同作者" in alert.body


async def test_one_person_is_not_five() -> None:
    assert (await after(said(30, author="the same"))).alerts == []


async def test_five_authors_in_a_day_are_not_enough() -> None:
    assert (await after(said(12, minutes=90))).alerts == []


async def test_a_promotion_is_no_crisis() -> None:
    assert (await after(said(300, PROMOTION, minutes=0.2, positive=True))).alerts == []


async def test_five_who_are_hardly_sure_that_anything_is_wrong_are_no_crisis() -> None:
    mild = [
        replace(one, judgement=replace(one.judgement, complaint=0.3))
        for one in said(5, "禾家的购物车还是那个老款，推着有点响")
    ]
    assert (await after(mild)).alerts == []


async def test_two_who_tell_of_illness_are_enough_for_p1() -> None:
    [alert] = (await after(said(2, ill=True))).alerts
    assert alert.severity == "P1"
    assert "食物中毒" in alert.body


async def test_harm_that_ended_well_is_no_harm() -> None:
    text = "娃在禾家走丢了五分钟，店员帮着广播很快找到了，谢谢你们"
    assert (await after(said(6, text, ill=True, positive=True))).alerts == []


async def test_harm_in_posts_that_are_hardly_negative_is_no_p1() -> None:
    doubtful = [
        replace(
            one,
            judgement=replace(
                one.judgement,
                probabilities=Probabilities(negative=0.45, neutral=0.5, positive=0.05),
            ),
        )
        for one in said(3, "奶奶过敏，禾家的瑞士卷含坚果吗", ill=True)
    ]
    assert (await after(doubtful)).alerts == []


async def test_what_becomes_worse_is_the_same_alert_and_severer() -> None:
    receiver = await after([*said(6), *said(2, seq=6, at=START + timedelta(minutes=30), ill=True)])
    assert len(receiver.alerts) == 1
    assert receiver.rises == ["P2", "P1"]


async def test_what_goes_on_is_brought_up_to_date_once_a_minute() -> None:
    receiver = await after(said(120, minutes=0.5))
    assert len(receiver.alerts) == 1
    assert 50 <= len(receiver.calls) <= 62
    assert "共 1" in receiver.alerts[0].body


async def test_a_second_wave_is_told_again_under_the_same_key() -> None:
    receiver = Receiver()
    watch = watching(receiver)
    await hear(watch, said(6))
    before = len(receiver.calls)
    await hear(watch, said(6, seq=100, at=START + timedelta(hours=12)))
    assert len(receiver.calls) > before
    assert len(receiver.alerts) == 1


async def test_the_forecast_is_told_once_enough_is_known() -> None:
    slow = said(8, minutes=40)
    fast = said(40, seq=8, at=START + timedelta(minutes=300), minutes=0.5)
    receiver = await after([*slow, *fast], language="en")
    assert "within seven days (four times in five between" in receiver.alerts[0].body
    assert "people within an hour" in receiver.alerts[0].title


def hours_of_talk(negative: Sequence[int], *, an_hour: int) -> list[Mention]:
    """So many negative ones an hour among ``an_hour`` posts about one thing."""
    talk = said(an_hour * len(negative), minutes=60 / an_hour)
    return [
        one if n % an_hour < negative[n // an_hour] else replace(one, judgement=judgement())
        for n, one in enumerate(talk)
    ]


async def test_a_few_more_grumblers_than_usual_in_steady_talk_are_no_crisis() -> None:
    assert (await after(hours_of_talk([1] * 10 + [3, 1, 1], an_hour=6))).alerts == []


async def test_steady_talk_that_turns_bad_is_a_crisis() -> None:
    assert len((await after(hours_of_talk([1] * 10 + [12], an_hour=12))).alerts) == 1


async def test_the_same_mention_twice_counts_once() -> None:
    [alert] = (await after([one for one in said(5) for _ in range(3)])).alerts
    assert "共 5 条" in alert.body


async def test_an_alert_that_could_not_be_raised_is_raised_with_the_next_mention() -> None:
    receiver = Receiver()
    receiver.failures = 1
    watch = watching(receiver)
    posts = said(7)
    await hear(watch, posts[:4])
    with pytest.raises(StoreError):
        await watch.observe(posts[4])
    assert receiver.alerts == []
    await watch.observe(posts[5])
    assert receiver.rises == ["P2"]


OWN_WORDS = (
    "家里还有半袋禾家的面包，翻过来一看也发霉了，绿的黑的都有",
    "朝阳店的面包发霉了还在卖，店长居然不道歉，以后不去了",
    "看到禾家面包发霉的照片，孩子今天早上刚吃过，气死我了",
    "禾家朝阳店今天把面包柜台撤空了，应该是因为发霉被拍到",
    "我买的禾家面包也是发霉的，店长说是正常现象，太过分了",
    "朝阳店面包发霉这事，孩子上吐下泻，店长还嘴硬",
)


async def test_one_matter_in_many_words_is_one_alert() -> None:
    base = [one for one in ordinary(2) if one.event.posted_at < START + timedelta(days=2)]
    at = START + timedelta(days=1, hours=6)
    crisis = [
        *said(8, seq=50_000, at=at),
        *(
            one
            for n, text in enumerate(OWN_WORDS)
            for one in said(6, text, seq=60_000 + 100 * n, at=at + timedelta(minutes=20 + 3 * n))
        ),
    ]
    receiver = await after([*base, *crisis])
    assert len(receiver.alerts) == 1


async def in_a_crisis(more: Sequence[Mention]) -> list[str | None]:
    """The incident of each of ``more``, and that of the crisis, which they come in the midst of."""
    watch = watching(Receiver())
    at = START + timedelta(days=1, hours=6)
    crisis = [
        one
        for n, text in enumerate((MOULD, *OWN_WORDS))
        for one in said(6, text, seq=60_000 + 100 * n, at=at + timedelta(minutes=n), minutes=1)
    ]
    everything = [*ordinary(1.2), *(in_category(one) for one in crisis), *more]
    await hear(watch, everything)
    await watch.close()
    return [watch.incident_of("hejia", one) for one in (*more, crisis[0])]


def in_category(one: Mention) -> Mention:
    return replace(one, judgement=replace(one.judgement, category="food_safety"))


def late(seq: int, text: str, *, bad: bool = True) -> Mention:
    at = START + timedelta(days=1, hours=6, minutes=25)
    return in_category(said(1, text, at=at, seq=seq, positive=not bad)[0])


async def test_a_post_in_its_own_words_belongs_to_the_matter() -> None:
    same, other, crisis = await in_a_crisis(
        [
            late(90_000, "今天去禾家一看，朝阳店那批发霉的面包居然还摆着，孩子都知道不能吃"),
            replace(
                late(90_001, "停车场收费乱来，多扣了我二十块，客服电话打不通"),
                judgement=judgement("negative", complaint=0.9),
            ),
        ]
    )
    assert same == crisis
    assert crisis is not None
    assert other is None


async def test_praise_in_the_words_of_a_matter_does_not_belong_to_it() -> None:
    praise, crisis = await in_a_crisis(
        [late(90_000, "禾家朝阳店的面包好吃，孩子每天早上都要吃", bad=False)]
    )
    assert praise is None
    assert crisis is not None


async def test_another_language_and_category_in_a_great_crisis_is_no_second_alert() -> None:
    at = START + timedelta(days=1, hours=6)
    great = [in_category(one) for one in said(60, seq=50_000, at=at, minutes=0.5)]
    english = [
        replace(one, judgement=replace(one.judgement, category="refund"))
        for one in said(
            7,
            "Threw out my loaf, the underside had green spots. I want my money back",
            seq=60_000,
            at=at + timedelta(minutes=35),
        )
    ]
    assert len((await after([*ordinary(1.2), *great, *english])).alerts) == 1
    chinese = [
        replace(one, judgement=replace(one.judgement, category="refund"))
        for one in said(12, QUEUE, seq=60_000, at=at + timedelta(minutes=35))
    ]
    assert len((await after([*ordinary(1.2), *great, *chinese])).alerts) == 2


async def test_two_matters_at_a_time_are_two_alerts() -> None:
    base = ordinary(2)
    at = START + timedelta(days=1, hours=6)
    mould = said(12, seq=50_000, at=at)
    queue = [
        replace(one, judgement=replace(one.judgement, category="checkout"))
        for one in said(12, QUEUE, seq=60_000, at=at + timedelta(minutes=5))
    ]
    receiver = await after([*base, *mould, *queue])
    assert len(receiver.alerts) == 2


async def test_a_loud_day_needs_more_grumblers() -> None:
    base = [
        one
        for day in range(2)
        for one in said(
            200, "今天天气不错", at=START + timedelta(days=day), minutes=7, seq=day * 200
        )
    ]
    base = [replace(one, judgement=judgement("positive")) for one in base]
    at = START + timedelta(days=1, hours=23)
    crowd = [
        replace(one, judgement=judgement("positive"))
        for one in said(500, PROMOTION, at=at, seq=10_000, minutes=0.1)
    ]
    grumblers = said(6, QUEUE, at=at + timedelta(minutes=20), seq=20_000)
    assert (await after([*base, *crowd, *grumblers])).alerts == []
    assert len((await after([*base, *grumblers])).alerts) == 1


def angry_at_everything(at: datetime, *, seq: int = 10_000) -> list[Mention]:
    rng = random.Random(seq)
    return [
        mention(
            seq + n,
            at=at + timedelta(minutes=n / 2),
            author=f"x{n}",
            text="".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(20)),
            complaint=0.9,
        )
        for n in range(60)
    ]


async def test_many_negative_posts_about_many_things_are_the_brand_lanes() -> None:
    base, angry = ordinary(4), angry_at_everything(START + timedelta(days=3, hours=12))
    receiver = await after([*base, *angry])
    assert receiver.rises == ["P2"]
    assert "weibo 上的负面声量远高于平时" in receiver.alerts[0].title
    assert "Far more negative posts than usual on weibo" in receiver.alerts[0].told("en").title
    calm = [replace(one, judgement=judgement("positive")) for one in angry]
    assert (await after([*base, *calm])).alerts == []


async def test_a_burst_that_is_mostly_one_matter_is_no_second_alert() -> None:
    loud = said(90, at=START + timedelta(days=3, hours=12), seq=20_000, minutes=0.5)
    receiver = await after([*ordinary(4), *loud])
    assert len(receiver.alerts) == 1
    assert "品牌负面声量异常" in receiver.alerts[0].body


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_a_clock_that_jumps_raises_no_storm(jump: timedelta, sign: int) -> None:
    base = ordinary(6)
    half = len(base) // 2
    moved = [
        replace(one, event=replace(one.event, posted_at=one.event.posted_at + sign * jump))
        for one in base[half:]
    ]
    receiver = Receiver()
    watch = watching(receiver)
    for one in [*base[:half], *moved]:
        await watch.observe(one)
    assert receiver.alerts == []


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_a_machine_clock_that_jumps_raises_no_storm_and_hides_no_crisis(
    jump: timedelta, sign: int
) -> None:
    base = ordinary(3)
    crisis = said(12, at=START + timedelta(days=2, hours=12), seq=50_000)
    stream = sorted([*base, *crisis], key=lambda one: one.event.posted_at)
    receiver, clock = Receiver(), JumpingClock(START)
    watch = watching(receiver, clock=clock)
    for one in stream:
        late = one.event.posted_at > START + timedelta(days=1, hours=12)
        clock.at = one.event.posted_at + (sign * jump if late else timedelta())
        await watch.observe(one)
        if late and clock.at.minute == 0:
            await watch.tend()
    await watch.close()
    assert len(receiver.alerts) == 1
    assert "面包发霉" in receiver.alerts[0].title


async def test_dates_from_the_future_and_from_long_ago_are_not_believed() -> None:
    receiver = Receiver()
    watch = watching(receiver, now=START)
    await hear(watch, said(6, at=START + timedelta(days=400)))
    assert len(receiver.alerts) <= 1
    await hear(watch, ordinary(1))
    before = len(receiver.calls)
    await hear(watch, said(6, seq=900, at=START - timedelta(days=30)))
    assert len(receiver.calls) == before


async def test_a_post_about_two_brands_is_counted_for_both() -> None:
    both = [replace(one, brands=("hejia", "other")) for one in said(6)]
    assert {alert.brand for alert in (await after(both)).alerts} == {"hejia", "other"}


def test_a_few_wrong_dates_do_not_move_the_time() -> None:
    time = EventTime()
    for n in range(20):
        assert time.take(1e9 + n, clock=1e9 + n) is not None
    assert time.take(1e9 + 1e7, clock=1e9) is None
    assert time.take(1e9 + 3600, clock=0.0) is not None
    assert time.now < 1e9 + 20


def test_an_outage_is_not_a_quiet_brand() -> None:
    lane = BrandLane()

    def add(second: float) -> None:
        one = mention(1, at=START, author="a", text=MOULD)
        lane.add(heard("hejia", one, second), now=second)

    for n in range(288 * 2):
        add(1e9 + n * 300)
    bins = lane.state.bins
    add(1e9 + 288 * 7 * 300)
    assert lane.state.bins - bins <= 1
    add(1e9)
    assert lane.state.bins - bins <= 1
