"""Texts that several people pass on: claims alarm, jokes, prizes, praise and denials do not."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from core.model.mentions import Mention
from listeners.spread.harm.claims import ClaimReader, ClaimReading
from listeners.spread.harm.passed_on import CLAIM
from tests.builders import MIDNIGHT, mention
from tests.listeners.spread.memory_store import MemorySpreadStore
from tests.listeners.spread.rig import Receiver, make_watch, observe_all, ordinary

AT = MIDNIGHT + timedelta(days=1)
WARNING = "紧急扩散：今晚有人在禾家超市停车场给孩子递饮料，喝完人就不见了，家里有小孩的千万当心"
JOKE = "在禾家超市看见一只猫排队结账，前面的大叔还给它让了位置，笑得我今天都不困了"
COMMENTS = ("转", "大家看看", "求证", "真的吗", "天哪", "转给家人", "看到了", "帮转")


class StubReader(ClaimReader):
    """Calls texts with one of the words a claim, and keeps what it was asked."""

    def __init__(self, *words: str) -> None:
        self.asked: list[str] = []
        self._words = words

    def read(self, text: str, names: re.Pattern[str] | None) -> ClaimReading:
        self.asked.append(text)
        found = 0.9 if any(word in text for word in self._words) else 0.1
        return ClaimReading(probability=found, vector=np.ones(1, np.float32))


def passed_on(
    text: str, count: int, *, author: str = "", minutes: float = 4, **given: Any
) -> list[Mention]:
    """``count`` people who repeat a text, which the judge takes for neutral."""
    looks = {"negative": 0.2, "complaint": 0.1, "adverse": 0.1} | given
    if "sentiment" in given:
        del looks["negative"]
    return [
        mention(
            60_000 + n,
            posted_at=AT + timedelta(minutes=minutes * n),
            author=author or f"q{n}",
            text=f"{COMMENTS[n % len(COMMENTS)]}//@路人{n}:{text}" if n else text,
            **looks,
        )
        for n in range(count)
    ]


async def alerted(posts: Sequence[Mention], claims: ClaimReader | None) -> Receiver:
    receiver = Receiver()
    watch = make_watch(receiver, store=MemorySpreadStore(), claims=claims)
    await observe_all(watch, [*ordinary(1), *posts])
    await watch.close()
    return receiver


async def test_a_claim_that_the_judge_does_not_hear_is_alerted_when_five_repeat_it() -> None:
    [alert] = (await alerted(passed_on(WARNING, 5), StubReader("递饮料"))).alerts
    assert alert.severity == "P2"
    assert "递饮料" in alert.title


async def test_four_people_are_no_alert_and_neither_is_what_no_model_reads() -> None:
    assert (await alerted(passed_on(WARNING, 4), StubReader("递饮料"))).alerts == []
    assert (await alerted(passed_on(WARNING, 12), None)).alerts == []


async def test_a_joke_is_no_alert_however_many_pass_it_on() -> None:
    reader = StubReader("递饮料")
    assert (await alerted(passed_on(JOKE, 60, minutes=0.5), reader)).alerts == []


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (WARNING + "（转发抽奖，抽3位送购物卡）", {}),
        (WARNING, {"spam": 0.9}),
        (WARNING, {"intent": "praise"}),
        (WARNING, {"sentiment": "positive"}),
        (WARNING, {"denial": 0.9}),
    ],
)
async def test_prizes_adverts_praise_and_denials_take_no_share_in_a_claim(
    text: str, given: dict[str, Any]
) -> None:
    posts = passed_on(text, 20, minutes=1, **given)
    assert (await alerted(posts, StubReader("递饮料"))).alerts == []


async def test_a_text_is_read_once_and_not_before_three_people_repeat_it() -> None:
    few, many = StubReader(), StubReader()
    await alerted(passed_on(WARNING, 2), few)
    await alerted(passed_on(WARNING, 40, minutes=0.5), many)
    assert few.asked == []
    assert len(many.asked) == 1


async def test_one_author_who_repeats_himself_is_no_claim() -> None:
    reader = StubReader("递饮料")
    assert (await alerted(passed_on(WARNING, 30, author="one"), reader)).alerts == []
    assert reader.asked == []


async def test_a_few_words_are_the_same_by_chance() -> None:
    assert (await alerted(passed_on("禾家超市", 20), StubReader("禾家"))).alerts == []


async def test_the_first_three_belong_to_the_incident() -> None:
    receiver, posts = Receiver(), passed_on(WARNING, 6)
    watch = make_watch(receiver, store=MemorySpreadStore(), claims=StubReader("递饮料"))
    await observe_all(watch, [*ordinary(1), *posts])
    await watch.close()
    homes = {watch.incident_of("hejia", one) for one in posts}
    assert homes == {receiver.alerts[0].incident}


async def test_after_a_restart_the_claim_is_known_and_not_alerted_again() -> None:
    posts, store, first = passed_on(WARNING, 8), MemorySpreadStore(), Receiver()
    watch = make_watch(first, store=store, claims=StubReader("递饮料"))
    await observe_all(watch, posts[:6])
    await watch.close()
    second = Receiver()
    again = make_watch(second, store=store, claims=StubReader("递饮料"))
    await again.rebuild(posts[:6], first.alerts)
    await observe_all(again, posts[6:])
    await again.close()
    assert second.alerts == [] or {one.incident for one in second.alerts} == {
        first.alerts[0].incident
    }
    assert len(await store.incidents.find()) == 1


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("紧急通知！禾家超市的肉馅里查出艾滋病血液，已有三人感染住院，请转告家人不要购买", True),
        ("刚刚得到消息，禾家超市老板昨晚跳楼身亡，留下两个孩子，求证", True),
        ("扩散！近日有人贩子在禾家超市门口用迷药拐走小孩，已经丢了五个，警察压着不报", True),
        ("今天天气真好，和闺蜜在禾家超市门口拍了好多照片，晚安", False),
        ("爱情就像禾家超市的购物车，推着推着就歪了，你说是不是", False),
        ("新剧今晚开播，主演亮相禾家超市见面会，造型帅气，期待", False),
    ],
)
def test_the_shipped_model_tells_warnings_from_pastimes(text: str, *, claim: bool) -> None:
    found = ClaimReader().read(text, re.compile("禾家超市")).probability
    assert (found >= CLAIM) is claim
