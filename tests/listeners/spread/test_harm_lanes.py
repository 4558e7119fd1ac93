"""The lanes on flat news, questions, lotteries, other shops' faults and denials."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from core.model.mentions import Mention
from tests.builders import MIDNIGHT, mention
from tests.listeners.spread.memory_store import MemorySpreadStore
from tests.listeners.spread.rig import Receiver, make_watch, observe_all, ordinary, receiver_after

AT = MIDNIGHT + timedelta(days=2)
FLAT = (
    "禾家酸奶结块",
    "#禾家酸奶结块#",
    "禾家超市酸奶有异味",
    "禾家超市酸奶结块？",
    "禾家酸奶结块 图",
    "今天在禾家超市 酸奶 结块",
    "禾家酸奶 结块 视频",
    "禾家超市酸奶结块[图片]",
    "禾家 酸奶 结块 真的吗",
    "禾家超市酸奶结块 现场",
)
NEWS = (
    "禾家超市鸡蛋抽检不合格",
    "市监局通报：禾家超市鸡蛋检出兽药超标",
    "禾家超市所售鸡蛋兽药残留不合格",
    "通报！禾家鸡蛋抽检不合格被罚",
    "禾家超市回应鸡蛋抽检不合格",
)


def said(texts: Iterable[str], *, minutes: float = 2, **given: Any) -> list[Mention]:
    """The texts, each by somebody else, one after the other."""
    return [
        mention(
            50_000 + n,
            posted_at=AT + timedelta(minutes=minutes * n),
            author=f"p{n}",
            text=text,
            **given,
        )
        for n, text in enumerate(texts)
    ]


def flat(texts: Iterable[str]) -> list[Mention]:
    return said(texts, adverse=0.85, negative=0.3, complaint=0.4, category="food_safety")


@pytest.mark.parametrize("past", [0, 1])
@pytest.mark.parametrize("texts", [FLAT * 3, NEWS * 6])
async def test_thirty_people_in_flat_words_are_one_alert(texts: Sequence[str], past: float) -> None:
    receiver, posts = Receiver(), flat(texts)
    watch = make_watch(receiver, store=MemorySpreadStore())
    before = [one for one in ordinary(2) if one.event.posted_at < AT] if past else []
    await observe_all(watch, [*before, *posts])
    await watch.close()
    [alert] = receiver.alerts
    assert alert.severity in ("P1", "P2")
    inside = [one for one in posts if watch.incident_of("hejia", one) == alert.incident]
    assert len(inside) >= 20


@pytest.mark.parametrize("intent", ["question", "order_status"])
async def test_the_same_question_by_twelve_people_is_no_alert(intent: str) -> None:
    asked = said(["你们营业时间是几点到几点"] * 12, negative=0.6, complaint=0.3, intent=intent)
    assert (await receiver_after(asked)).alerts == []


async def test_a_lottery_is_no_alert_however_people_long_for_the_prize() -> None:
    draw = "//@禾家超市:转发抽奖！关注并转发，抽3位送购物卡，差一点就错过了"
    wishes = ("让我中一次吧，哭了", "我不信我中不了", "从来没中过，气死", "转发微博")
    texts = [wishes[n % len(wishes)] + draw for n in range(160)]
    posts = said(texts, minutes=0.3, negative=0.76, complaint=0.77)
    past = [one for one in ordinary(2) if one.event.posted_at < AT]
    assert (await receiver_after([*past, *posts])).alerts == []


async def test_a_fault_of_another_shop_is_no_alert() -> None:
    texts = ["万客来的牛奶又结块，还是禾家好", "孩子喝了万客来的牛奶拉肚子，以后改去禾家"]
    ill = said(texts * 10, negative=0.9, complaint=0.95, risk=("food_poisoning",))
    assert (await receiver_after(ill)).alerts == []


async def test_denials_count_for_no_alert() -> None:
    text = "辟谣：网传禾家超市鸡蛋抽检不合格不属实"
    denied = said([text] * 30, adverse=0.9, denial=0.9, negative=0.3)
    assert (await receiver_after(denied)).alerts == []


async def test_denials_are_counted_and_shown_with_the_incident() -> None:
    receiver, store = Receiver(), MemorySpreadStore()
    watch = make_watch(receiver, store=store)
    rumour = flat(["禾家超市的鸡蛋抽检不合格"] * 10)
    denied = [
        mention(
            60_000 + n,
            posted_at=AT + timedelta(minutes=21 + n / 10),
            author=f"d{n}",
            text="警方通报：禾家超市的鸡蛋抽检不合格系谣言",
            adverse=0.9,
            denial=0.95,
            category="food_safety",
        )
        for n in range(40)
    ]
    await observe_all(watch, [*rumour, *denied])
    await watch.close()
    [alert] = receiver.alerts
    [incident] = await store.incidents.find()
    assert (incident.mentions, incident.denials) == (50, 40)
    assert incident.severity == alert.severity == "P2", "denials by forty make it no worse"
    for text in (alert.body, "\n".join(incident.reasons)):
        assert "条在辟谣" in text
    assert "40 of them deny it" in incident.localized("en").body
