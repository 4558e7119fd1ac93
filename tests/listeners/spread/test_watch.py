from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import StoreError
from core.judgement import Probabilities
from core.mentions import Mention
from tests.listeners.making import START, judgement
from tests.listeners.spread.rig import (
    PROMOTION,
    Receiver,
    after,
    hear,
    said,
    watching,
)


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
