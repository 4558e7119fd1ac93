"""One matter told in many words is one incident with one alert, on day one and later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pytest

from core.model.mentions import Mention
from tests.builders import MIDNIGHT, mention
from tests.listeners.spread.memory_store import MemorySpreadStore
from tests.listeners.spread.rig import Receiver, make_watch, observe_all, ordinary

AT = MIDNIGHT + timedelta(days=2)
MATTERS: Final[dict[str, Sequence[str]]] = {
    "fire": (
        "禾家超市后门的仓库烧起来了，黑烟滚滚",
        "消防车来了四辆，禾家那边全封了",
        "禾家起火，里面的人都跑出来了",
        "刚路过禾家，二楼窗户在冒火",
        "听见爆炸声，一看是禾家的配电房",
        "Huge fire behind the Hejia supermarket, everyone is being evacuated",
    ),
    "mould": (
        "禾家的吐司打开一面是绿的",
        "面包上一层毛，昨天才在禾家买的",
        "早饭差点吃下发霉的切片，禾家怎么验货的",
        "禾家烘焙柜台的东西别买，长霉",
        "霉斑藏在包装袋背面，到家才看见，禾家",
        "Green fuzz all over the loaf I got at Hejia this morning",
    ),
    "overcharged": (
        "禾家自助收银把一瓶水扫了两遍",
        "对了一下小票，禾家多算了我三十块",
        "标签写九块九，结账变十九块九，禾家",
        "会员价根本没生效，禾家的收银台骗人",
        "禾家的价签和系统对不上，柜台说算我倒霉",
        "Hejia charged me twice for the same bag of rice",
    ),
    "guard": (
        "禾家的保安当众翻我妈的包",
        "出门被拦下搜身，禾家凭什么",
        "亲眼看见禾家保安推倒一个老人",
        "说我偷东西，查完监控连句道歉都没有，禾家",
        "禾家门口围了一圈人，保安在骂一个学生",
        "A security guard at Hejia dragged a teenager across the floor",
    ),
    "meat": (
        "禾家的五花肉一股臭味，冰柜是坏的吧",
        "排骨下锅才发现是酸的，禾家",
        "禾家冷柜的灯灭了一晚上，肉照卖",
        "猪肉发绿还贴着今天的日期，禾家真敢",
        "买的牛腩滑腻腻的，拿去退禾家不认",
        "The pork from Hejia smelled rotten the minute I opened it",
    ),
    "leak": (
        "禾家会员系统把我的手机号漏出去了",
        "刚在禾家办卡，骗子就打来报出我的名字和地址",
        "群里好多人说禾家的订单信息被卖了",
        "陌生人知道我在禾家买过什么，太可怕",
        "禾家的小程序能看到别人的收货地址",
        "Scammers called me with the exact details of my Hejia order",
    ),
}
CATEGORIES = ("food_safety", "quality", "other", "staff")


def told(
    name: str,
    *,
    at: datetime = AT,
    times: int = 4,
    minutes: float = 15,
    categories: Sequence[str] = CATEGORIES,
) -> list[Mention]:
    """Each wording of a matter by so many people, in turn; categories are judged unevenly."""
    texts = [text for _ in range(times) for text in MATTERS[name]]
    return [
        mention(
            70_000 + 1_000 * list(MATTERS).index(name) + n,
            posted_at=at + timedelta(minutes=minutes * n / len(texts)),
            author=f"{name}{n}",
            text=text if n < len(MATTERS[name]) else f"转//@某人{n}:{text}",
            adverse=0.8,
            complaint=0.6,
            category=categories[n % len(MATTERS[name]) % len(categories)],
        )
        for n, text in enumerate(texts)
    ]


async def watched(posts: Sequence[Mention]) -> tuple[Receiver, list[str | None]]:
    """The receiver, and the stored incident of each post."""
    receiver = Receiver()
    watch = make_watch(receiver, store=MemorySpreadStore())
    await observe_all(watch, posts)
    await watch.close()
    return receiver, [watch.incident_of("hejia", one) for one in posts]


@pytest.mark.parametrize("name", MATTERS)
@pytest.mark.parametrize("past", [0, 2])
async def test_one_matter_in_six_wordings_is_one_alert(name: str, past: float) -> None:
    posts = told(name)
    receiver, found = await watched([*ordinary(past), *posts])
    [alert] = receiver.alerts
    assert alert.severity in ("P1", "P2")
    assert found[-len(posts) :].count(alert.incident) >= 20


@pytest.mark.parametrize("name", MATTERS)
async def test_a_matter_told_for_a_quarter_of_an_hour_by_two_hundred(name: str) -> None:
    receiver, found = await watched(told(name, times=34))
    assert len(receiver.alerts) == 1
    assert found.count(receiver.alerts[0].incident) >= 200


@pytest.mark.parametrize("names", [("mould", "guard"), ("overcharged", "fire"), ("leak", "meat")])
async def test_another_matter_an_hour_later_is_another_alert(names: tuple[str, str]) -> None:
    first, second = names
    later = AT + timedelta(hours=1)
    posts = told(first, categories=["quality", "food_safety"])
    more = told(second, at=later, times=8, minutes=30, categories=["staff", "privacy"])
    receiver, _ = await watched([*ordinary(2), *posts, *more])
    assert len(receiver.alerts) == 2


async def test_one_post_and_its_reposts_are_one_matter() -> None:
    text = "禾家朝阳店的凉皮吃得全家上吐下泻，孩子还在医院"
    remarks = ("转给有娃的", "太恶心了", "必须查", "以后不去了", "转发微博", "就这质检？")
    posts = [
        mention(
            n,
            posted_at=AT + timedelta(seconds=20 * n),
            author=f"r{n}",
            text=f"{remarks[n % 6]}//@一位爸爸:{text}" if n else text,
            complaint=0.9 if n % 3 else 0.4,
            adverse=0.9,
            risk=("food_poisoning", "child") if n % 2 else (),
            category=CATEGORIES[n % 4],
        )
        for n in range(31)
    ]
    receiver, found = await watched(posts)
    [alert] = receiver.alerts
    assert alert.severity == "P1"
    assert found == [alert.incident] * 31


async def test_four_people_who_fell_ill_within_minutes_are_one_p1() -> None:
    texts = (
        "禾家的盖饭吃完半夜去挂急诊",
        "中午禾家便当，下午办公室倒了三个",
        "我妈吃了禾家的卤菜一直吐",
        "医生问吃了什么，说来说去只有禾家的熟食",
    )
    posts = [
        mention(
            n,
            posted_at=AT + timedelta(minutes=3 * n),
            author=f"i{n}",
            text=text,
            complaint=0.95,
            risk=("food_poisoning",),
            category=CATEGORIES[n % 2],
        )
        for n, text in enumerate(texts)
    ]
    receiver, _ = await watched(posts)
    [alert] = receiver.alerts
    assert alert.severity == "P1"
