"""One incident in many words is one alert; two incidents are two."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.model.mentions import Mention
from tests.builders import MIDNIGHT, judgement
from tests.listeners.spread.rig import (
    MOULD,
    PROMOTION,
    QUEUE,
    Receiver,
    chain,
    in_category,
    late_post,
    make_watch,
    observe_all,
    ordinary,
    receiver_after,
    unrelated_complaints,
)

OWN_WORDS = (
    "家里还有半袋禾家的面包，翻过来一看也发霉了，绿的黑的都有",
    "朝阳店的面包发霉了还在卖，店长居然不道歉，以后不去了",
    "看到禾家面包发霉的照片，孩子今天早上刚吃过，气死我了",
    "禾家朝阳店今天把面包柜台撤空了，应该是因为发霉被拍到",
    "我买的禾家面包也是发霉的，店长说是正常现象，太过分了",
    "朝阳店面包发霉这事，孩子上吐下泻，店长还嘴硬",
)


async def test_one_incident_in_many_words_is_one_alert() -> None:
    base = [one for one in ordinary(2) if one.event.posted_at < MIDNIGHT + timedelta(days=2)]
    at = MIDNIGHT + timedelta(days=1, hours=6)
    crisis = [
        *chain(8, seq=50_000, at=at),
        *(
            one
            for n, text in enumerate(OWN_WORDS)
            for one in chain(6, text, seq=60_000 + 100 * n, at=at + timedelta(minutes=20 + 3 * n))
        ),
    ]
    receiver = await receiver_after([*base, *crisis])
    assert len(receiver.alerts) == 1


async def in_a_crisis(more: Sequence[Mention]) -> list[str | None]:
    """The incident of each of ``more``, posted during a crisis, and last that of the crisis."""
    watch = make_watch(Receiver())
    at = MIDNIGHT + timedelta(days=1, hours=6)
    crisis = [
        one
        for n, text in enumerate((MOULD, *OWN_WORDS))
        for one in chain(6, text, seq=60_000 + 100 * n, at=at + timedelta(minutes=n), minutes=1)
    ]
    everything = [*ordinary(1.2), *(in_category(one) for one in crisis), *more]
    await observe_all(watch, everything)
    await watch.close()
    return [watch.incident_of("hejia", one) for one in (*more, crisis[0])]


async def test_a_post_in_other_words_belongs_to_the_incident() -> None:
    same, other, crisis = await in_a_crisis(
        [
            late_post(90_000, "今天去禾家一看，朝阳店那批发霉的面包居然还摆着，孩子都知道不能吃"),
            replace(
                late_post(90_001, "停车场收费乱来，多扣了我二十块，客服电话打不通"),
                judgement=judgement(sentiment="negative", complaint=0.9),
            ),
        ]
    )
    assert same == crisis
    assert crisis is not None
    assert other is None


async def test_praise_in_the_words_of_an_incident_does_not_belong_to_it() -> None:
    praise, crisis = await in_a_crisis(
        [late_post(90_000, "禾家朝阳店的面包好吃，孩子每天早上都要吃", bad=False)]
    )
    assert praise is None
    assert crisis is not None


async def test_another_language_in_a_large_crisis_is_not_a_second_alert() -> None:
    at = MIDNIGHT + timedelta(days=1, hours=6)
    large = [in_category(one) for one in chain(60, seq=50_000, at=at, minutes=0.5)]
    english = [
        replace(one, judgement=replace(one.judgement, category="refund"))
        for one in chain(
            7,
            "Threw out my loaf, the underside had green spots. I want my money back",
            seq=60_000,
            at=at + timedelta(minutes=35),
        )
    ]
    assert len((await receiver_after([*ordinary(1.2), *large, *english])).alerts) == 1
    chinese = [
        replace(one, judgement=replace(one.judgement, category="refund"))
        for one in chain(12, QUEUE, seq=60_000, at=at + timedelta(minutes=35))
    ]
    assert len((await receiver_after([*ordinary(1.2), *large, *chinese])).alerts) == 2


async def test_two_incidents_at_a_time_are_two_alerts() -> None:
    base = ordinary(2)
    at = MIDNIGHT + timedelta(days=1, hours=6)
    mould = chain(12, seq=50_000, at=at)
    queue = [
        replace(one, judgement=replace(one.judgement, category="checkout"))
        for one in chain(12, QUEUE, seq=60_000, at=at + timedelta(minutes=5))
    ]
    receiver = await receiver_after([*base, *mould, *queue])
    assert len(receiver.alerts) == 2


async def test_a_loud_day_needs_more_authors() -> None:
    base = [
        one
        for day in range(2)
        for one in chain(
            200, "今天天气不错", at=MIDNIGHT + timedelta(days=day), minutes=7, seq=day * 200
        )
    ]
    base = [replace(one, judgement=judgement(sentiment="positive")) for one in base]
    at = MIDNIGHT + timedelta(days=1, hours=23)
    crowd = [
        replace(one, judgement=judgement(sentiment="positive"))
        for one in chain(500, PROMOTION, at=at, seq=10_000, minutes=0.1)
    ]
    discontented = chain(6, QUEUE, at=at + timedelta(minutes=20), seq=20_000)
    assert (await receiver_after([*base, *crowd, *discontented])).alerts == []
    assert len((await receiver_after([*base, *discontented])).alerts) == 1


async def test_many_negative_posts_about_many_things_are_a_burst() -> None:
    at = MIDNIGHT + timedelta(days=3, hours=12)
    base, angry = ordinary(4), unrelated_complaints(at, minutes=120)
    receiver = await receiver_after([*base, *angry])
    assert receiver.rises == ["P2"]
    assert "weibo 上的负面声量远高于平时" in receiver.alerts[0].title
    assert "Far more negative posts than usual on weibo" in receiver.alerts[0].localized("en").title
    calm = [replace(one, judgement=judgement(sentiment="positive")) for one in angry]
    assert (await receiver_after([*base, *calm])).alerts == []


async def test_a_burst_that_is_mostly_one_incident_is_not_a_second_alert() -> None:
    loud = chain(90, at=MIDNIGHT + timedelta(days=3, hours=12), seq=20_000, minutes=0.5)
    receiver = await receiver_after([*ordinary(4), *loud])
    assert len(receiver.alerts) == 1
    assert "品牌负面声量异常" in receiver.alerts[0].body
