"""Comparisons are judged for the brand in question."""

from collections.abc import Sequence

import pytest

from core.settings import BrandSettings
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment import models as sentiment
from listeners.judgement.sentiment.comparison import is_set_against_another, resolve_comparison
from listeners.matching.matcher import BrandMatcher

OURS = BrandSettings(id="ours", name="禾家", terms=("禾家", "Hejia"))
THEIRS = BrandSettings(id="theirs", name="永辉", terms=("永辉", "Walmart"))
BRANDS = BrandMatcher((OURS, THEIRS), channel_brands={}, default=None)


@pytest.fixture(scope="module")
def judge() -> TextJudge:
    return TextJudge(sentiment.load("linear"), brands_in=BRANDS.brands_in)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("禾家比永辉便宜多了", "positive"),
        ("永辉比禾家便宜多了", "negative"),
        ("禾家的菜比永辉家的新鲜", "positive"),
        ("永辉的服务比禾家还差", "positive"),
        ("禾家还不如永辉", "negative"),
        ("永辉还不如禾家", "positive"),
        ("禾家没有永辉新鲜", "negative"),
        ("禾家没有永辉那么贵", "positive"),
        ("禾家比不上永辉", "negative"),
        ("Hejia is better than Walmart", "positive"),
        ("Walmart is cheaper than Hejia", "negative"),
        ("Hejia is not as good as Walmart", "negative"),
        ("Walmart is more expensive than Hejia", "positive"),
    ],
)
def test_sentiment_of_a_comparison_is_about_the_brand_in_question(
    judge: TextJudge, text: str, sign: str
) -> None:
    (found,) = judge.judge_now([text])
    assert found.sentiment == sign
    assert any(
        word in shown for shown in found.evidence for word in ("比", "不如", "没有", "than", "as ")
    )


def test_inserted_words_are_no_evidence(judge: TextJudge) -> None:
    found = judge.judge_now(["永辉比禾家便宜多了", "Walmart is cheaper than Hejia"])
    assert all("很差" not in word and "terrible" not in word for f in found for word in f.evidence)


def test_a_brand_named_alone_is_the_brand_in_question() -> None:
    theirs = BrandMatcher((THEIRS,), channel_brands={}, default=None)
    found = resolve_comparison("比永辉便宜多了", theirs.brands_in)
    assert found is not None
    assert "很差" in found.text
    assert found.evidence == ("比永辉便宜多了",)


@pytest.mark.parametrize(
    "text",
    [
        "禾家比昨天便宜",
        "禾家的比赛真好看，和永辉一起办的",
        "比某某便宜多了",
        "还不如自己做",
        "没有面包好吃",
        "Hejia is better than yesterday",
        "rather than wait, I left Hejia",
        "",
        "İ than Hejia",
    ],
)
def test_comparisons_without_a_brand_are_not_resolved(text: str) -> None:
    assert resolve_comparison(text, BRANDS.brands_in) is None


def test_a_text_without_a_comparison_is_not_searched_for_brands() -> None:
    def never(_: str) -> Sequence[str]:
        raise AssertionError("nothing to compare")

    assert resolve_comparison("禾家的面包真好吃", never) is None


def test_several_comparisons_each_once() -> None:
    found = resolve_comparison("禾家比永辉便宜，但是没有永辉新鲜", BRANDS.brands_in)
    assert found is not None
    assert found.evidence == ("比永辉便宜", "没有永辉新鲜")


@pytest.mark.parametrize(
    "text",
    [
        "百川的面包发霉了，还是禾家好",
        "百川的面包又发霉，以后只去禾家",
        "孩子吃了百川的发霉面包拉肚子，以后改去禾家",
        "百川发霉面包不给退，隔壁禾家就给退",
        "百川面包长毛还卖，禾家从来没有这种事",
        "百川店员骂人，禾家的态度好多了",
        "百川的鸡蛋全碎了，下次去禾家买",
        "百川排队两小时，转头去了禾家",
        "楼下小店的虾臭了，还是禾家新鲜",
        "那家生鲜店缺斤少两，果然还是禾家靠谱",
        "别的超市菜都蔫了，幸好有禾家",
        "外卖吃出虫子，以后只去禾家买",
        "Baichuan bread was mouldy. Hejia never.",
        "Got sick from Baichuan sushi, switching to Hejia",
        "Unlike Baichuan, Hejia refunded me at once after their mistake",
        "The Baichuan staff were rude, Hejia is so much nicer",
        "Found a bug in the salad from the other shop, only shopping at Hejia from now on",
        "My eggs from Baichuan came broken. Thank goodness for Hejia",
    ],
)
def test_a_fault_told_to_praise_us_is_another_shops(text: str, judge: TextJudge) -> None:
    (found,) = judge.judge_now([text])
    assert is_set_against_another(text, BRANDS.brands_in)
    assert (found.complaint < 0.5, found.adverse < 0.4, found.risk) == (True, True, ())
    assert found.intent not in {"complaint", "threat"}


@pytest.mark.parametrize(
    "text",
    [
        "禾家的面包发霉了，还是别家好",
        "面包发霉，以后再也不去禾家了",
        "禾家从来不回消息",
        "禾家客服态度差，比隔壁差多了",
        "禾家还是那么好，就是贵",
        "I went to Hejia and got sick",
        "Hejia never answers my emails",
        "还是禾家好",
        "在禾家摔倒了，还是百川好",
        "以后不去禾家了，面包都长毛",
        "以后还去禾家吗？面包发霉了",
        "我改去禾家买，结果禾家的也发霉",
        "Never going back to Hejia, mouldy bread",
    ],
)
def test_a_fault_of_ours_stays_ours(text: str) -> None:
    assert not is_set_against_another(text, BRANDS.brands_in)
