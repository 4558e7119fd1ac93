import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from core.model.judgement import Judgement, Probabilities
from core.taxonomy import CATEGORIES, INTENTS, RISKS
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment.models import load


class Undecided:
    """A sentiment model that leaves the decision to the words, and notes its thread."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.calls = 0

    @property
    def name(self) -> str:
        return "undecided-1"

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        self.threads.add(threading.get_ident())
        self.calls += 1
        return [Probabilities(negative=0.3, neutral=0.4, positive=0.3) for _ in texts]


@cache
def shipped() -> TextJudge:
    return TextJudge(load("linear"))


def judged(text: str) -> Judgement:
    (found,) = shipped().judge_now([text])
    return found


@pytest.mark.parametrize(
    ("text", "intent", "category"),
    [
        ("面包发霉了，要退款", "complaint", "food_safety"),
        ("你们几点关门", "question", "environment"),
        ("What time do you close?", "question", "environment"),
        ("找人工", "human", "other"),
        ("I want to speak to a human", "human", "other"),
        ("Where is my order?", "order_status", "delivery"),
        ("我的订单到哪了", "order_status", "delivery"),
        ("再不处理我就打12315", "threat", "other"),
        ("My lawyer will be in touch", "threat", "other"),
        ("建议多开几个收银台", "suggestion", "checkout"),
        ("收银员态度太差了，要投诉", "complaint", "staff"),
        (
            "Hi, the milk I bought has gone off. Could you please refund me?",
            "complaint",
            "food_safety",
        ),
        ("加微信领福利，刷单日结", "spam", "other"),
        ("今天的草莓很新鲜，点赞", "praise", "freshness"),
        ("路过", "statement", "other"),
    ],
)
def test_intent_and_category(text: str, intent: str, category: str) -> None:
    found = judged(text)
    assert (found.intent, found.category) == (intent, category)
    assert found.intent in INTENTS
    assert found.category in CATEGORIES


@pytest.mark.parametrize(
    "text",
    [
        "面包发霉了，要退款",
        "你好，我昨天在你们店买的酸奶盖子鼓起来了，麻烦核实一下，谢谢",
        "The bread I bought yesterday was mouldy, I would like a refund please",
        "麵包發霉了，要退款",
        "排队排了半小时，收银员还爱答不理",
    ],
)
def test_a_polite_complaint_is_a_complaint(text: str) -> None:
    assert judged(text).complaint >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "你们几点关门",
        "What time do you close?",
        "如果买的东西坏了可以退吗",
        "How do I return something if it is broken?",
        "I fucking love this store",
        "今天人真多",
        "",
    ],
)
def test_questions_and_praise_are_not_complaints(text: str) -> None:
    assert judged(text).complaint < 0.5


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("孩子吃了你们的蛋糕上吐下泻", "food_poisoning"),
        ("孩子吃了你们的蛋糕上吐下泻", "child"),
        ("I ate your sushi and spent the night vomiting", "food_poisoning"),
        ("标签上没写有花生，我吃完浑身起疹子", "allergy"),
        ("My son had an allergic reaction", "allergy"),
        ("老人在门口滑倒摔断了腿", "injury"),
        ("老人在门口滑倒摔断了腿", "frail"),
        ("店里的充电宝冒烟了", "fire"),
        ("The kettle I bought here started smoking", "fire"),
        ("我是电视台的记者，想采访一下", "press"),
        ("I'm a reporter with the local news", "press"),
        ("保安说残疾人不让进", "discrimination"),
        ("Your guard followed me around because I am black", "discrimination"),
        ("再不处理我就打12315", "regulator"),
        ("等着收律师函吧", "legal"),
        ("不想活了", "self_harm"),
        ("I want to kill myself", "self_harm"),
        ("吃死人了你们管不管", "death"),
        ("小 朋 友 被 夹 伤 了", "child"),
        ("我在你们店被保安打骨折了", "injury"),
        ("踩到水摔了一跤，手腕骨折", "injury"),
    ],
)
def test_risks_are_found(text: str, kind: str) -> None:
    assert kind in judged(text).risk
    assert set(judged(text).risk) <= set(RISKS)


@pytest.mark.parametrize(
    "text",
    [
        "火锅底料好香",
        "儿童节活动真不错",
        "这个促销太火爆了",
        "这家的蛋糕 to die for",
        "宝宝很喜欢吃你们的米饼",
        "My kids love your cookies",
        "笑死我了",
        "禾家今天骨折价，冲",
        "路过禾家，全场打骨折！",
        "年货节价格打到骨折，囤了三箱",
        "这家店直接打骨折，太爽了",
        "坚果骨折促销，手慢无",
        "姐妹们打骨折了快去",
        "海鲜放血价，今晚最后一天",
        "你们几点关门",
        "",
    ],
)
def test_harmless_expressions_are_no_risk(text: str) -> None:
    assert judged(text).risk == ()


def test_decisive_words_are_evidence() -> None:
    found = judged("麵包發霉了，要退款")
    assert {"发霉", "要退款"} <= set(found.evidence)
    assert found.model.startswith("linear-")


@pytest.mark.parametrize("text", ["", "。", "😀" * 50, "\x00\ud800", "好" * 100_000, "<b>" * 9999])
def test_any_text_gets_a_judgement(text: str) -> None:
    found = judged(text)
    assert found.sentiment == "neutral"
    assert found.complaint < 0.5
    assert found.risk == ()


async def test_a_batch_is_judged_in_one_call_in_another_thread() -> None:
    model = Undecided()
    with ThreadPoolExecutor(1) as executor:
        judge = TextJudge(model, executor=executor)
        found = await judge.judge(["面包发霉了，要退款", "几点关门", ""])
    assert [one.intent for one in found] == ["complaint", "question", "statement"]
    assert model.calls == 1
    assert threading.get_ident() not in model.threads


async def test_no_texts_start_no_thread() -> None:
    model = Undecided()
    assert await TextJudge(model).judge([]) == ()
    assert model.calls == 0


async def test_judging_does_not_block_the_loop() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    await TextJudge(Undecided()).judge(["面包发霉了，要退款"] * 2000)
    ticking.cancel()
    assert ticks > 3


MIXED = (
    "面包发霉了，太恶心，要退款",
    "",
    "!!!",
    "味道不错，下次还来",
    "转发微博 //@某人:收银员态度太差了",
    "说得对 //@某人:这家店的水果很新鲜",
    "The bread was not bad at all, but the staff were rude",
    "> the milk was off\nI had the same",
    "😡😡",
    "好" * 5_000,
    "服务也太好了吧，等了两个小时没人理",
)


def test_texts_are_judged_together_as_alone() -> None:
    judge = TextJudge(load("linear"), encoder=None)
    together = judge.judge_now(MIXED * 7)
    for text, found in zip(MIXED * 7, together, strict=True):
        assert found == judge.judge_now([text])[0]
