from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import StoreError
from core.model.judgement import Probabilities
from core.model.mentions import Mention
from tests.builders import MIDNIGHT, judgement
from tests.listeners.spread.rig import (
    PROMOTION,
    Receiver,
    chain,
    make_watch,
    observe_all,
    receiver_after,
)


async def test_five_discontented_authors_within_an_hour_are_one_alert() -> None:
    assert (await receiver_after(chain(4))).alerts == []
    receiver = await receiver_after(chain(9))
    [alert] = receiver.alerts
    assert receiver.rises == ["P2"]
    assert alert.key == f"incident:{alert.incident}"
    assert (alert.brand, alert.channel, alert.kind) == ("hejia", "weibo", "incident")
    assert "禾家超市" in alert.title
    assert "面包发霉了" in alert.title
    assert "一小时内不同作者" in alert.body


async def test_thirty_posts_of_one_author_are_not_alerted() -> None:
    assert (await receiver_after(chain(30, author="the same"))).alerts == []


async def test_authors_spread_over_a_day_are_not_alerted() -> None:
    assert (await receiver_after(chain(12, minutes=90))).alerts == []


async def test_a_promotion_is_not_alerted() -> None:
    assert (await receiver_after(chain(300, PROMOTION, minutes=0.2, positive=True))).alerts == []


async def test_mildly_discontented_authors_are_not_alerted() -> None:
    mild = [
        replace(one, judgement=replace(one.judgement, complaint=0.3))
        for one in chain(5, "禾家的购物车还是那个老款，推着有点响")
    ]
    assert (await receiver_after(mild)).alerts == []


async def test_two_reports_of_illness_are_p1() -> None:
    [alert] = (await receiver_after(chain(2, ill=True))).alerts
    assert alert.severity == "P1"
    assert "食物中毒" in alert.body


async def test_harm_in_positive_posts_is_not_alerted() -> None:
    text = "娃在禾家走丢了五分钟，店员帮着广播很快找到了，谢谢你们"
    assert (await receiver_after(chain(6, text, ill=True, positive=True))).alerts == []


async def test_harm_named_in_a_question_is_not_p1() -> None:
    doubtful = [
        replace(
            one,
            judgement=replace(
                one.judgement,
                probabilities=Probabilities(negative=0.6, neutral=0.35, positive=0.05),
                complaint=0.3,
                intent="question",
            ),
        )
        for one in chain(3, "奶奶过敏，禾家的瑞士卷含坚果吗", ill=True)
    ]
    assert (await receiver_after(doubtful)).alerts == []


async def test_a_worsening_incident_raises_the_severity_of_its_alert() -> None:
    receiver = await receiver_after(
        [*chain(6), *chain(2, seq=6, at=MIDNIGHT + timedelta(minutes=30), ill=True)]
    )
    assert len(receiver.alerts) == 1
    assert receiver.rises == ["P2", "P1"]


async def test_an_alert_is_updated_once_a_minute() -> None:
    receiver = await receiver_after(chain(120, minutes=0.5))
    assert len(receiver.alerts) == 1
    assert 50 <= len(receiver.calls) <= 62
    assert "共 1" in receiver.alerts[0].body


async def test_a_second_wave_is_alerted_again_under_the_same_key() -> None:
    receiver = Receiver()
    watch = make_watch(receiver)
    await observe_all(watch, chain(6))
    before = len(receiver.calls)
    await observe_all(watch, chain(6, seq=100, at=MIDNIGHT + timedelta(hours=12)))
    assert len(receiver.calls) > before
    assert len(receiver.alerts) == 1


async def test_the_forecast_is_in_the_alert_once_enough_is_known() -> None:
    slow = chain(8, minutes=40)
    fast = chain(40, seq=8, at=MIDNIGHT + timedelta(minutes=300), minutes=0.5)
    receiver = await receiver_after([*slow, *fast], language="en")
    assert "within seven days (four times in five between" in receiver.alerts[0].body
    assert "people within an hour" in receiver.alerts[0].title


def hours_of_talk(negative: Sequence[int], *, an_hour: int) -> list[Mention]:
    """``an_hour`` posts about one thing, of which ``negative[hour]`` are negative."""
    talk = chain(an_hour * len(negative), minutes=60 / an_hour)
    return [
        one if n % an_hour < negative[n // an_hour] else replace(one, judgement=judgement())
        for n, one in enumerate(talk)
    ]


async def test_slightly_more_discontent_in_steady_talk_is_not_alerted() -> None:
    assert (await receiver_after(hours_of_talk([1] * 10 + [3, 1, 1], an_hour=6))).alerts == []


async def test_steady_talk_that_turns_negative_is_alerted() -> None:
    assert len((await receiver_after(hours_of_talk([1] * 10 + [12], an_hour=12))).alerts) == 1


async def test_the_same_mention_twice_counts_once() -> None:
    [alert] = (await receiver_after([one for one in chain(5) for _ in range(3)])).alerts
    assert "共 5 条" in alert.body


async def test_a_failed_alert_is_raised_with_the_next_mention() -> None:
    receiver = Receiver()
    receiver.failures = 1
    watch = make_watch(receiver)
    posts = chain(7)
    await observe_all(watch, posts[:4])
    with pytest.raises(StoreError):
        await watch.observe(posts[4])
    assert receiver.alerts == []
    await watch.observe(posts[5])
    assert receiver.rises == ["P2"]
