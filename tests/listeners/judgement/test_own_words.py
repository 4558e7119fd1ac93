"""Own words are judged apart from quoted ones."""

import pytest

from core.model.judgement import Judgement
from listeners.judgement.judge import TextJudge
from listeners.judgement.sentiment import models as sentiment
from listeners.text.quotations import split_quoted, with_quotes_last, without_attribution

SICK = "禾家的面包发霉了，孩子吃了拉肚子，要退款"


@pytest.fixture(scope="module")
def judge() -> TextJudge:
    return TextJudge(sentiment.load("linear"))


def judged(judge: TextJudge, text: str) -> Judgement:
    (found,) = judge.judge_now([text])
    return found


@pytest.mark.parametrize(
    ("text", "own", "passed_on"),
    [
        ("太过分了//@小张:面包发霉了", "太过分了", " 面包发霉了"),
        ("转发微博//@小张: 面包发霉了", "", "  面包发霉了"),
        ("轉發//@小張：麵包", "", " 麵包"),
        ("[怒]//@a:甲//@b:乙", "[怒]", " 甲 乙"),
        ("so true RT @shop: mouldy bread", "so true ", "  mouldy bread"),
        ("没有转发任何东西", "没有转发任何东西", ""),
        ("a@b.example//c", "a@b.example//c", ""),
    ],
)
def test_split(text: str, own: str, passed_on: str) -> None:
    mine, theirs = split_quoted(text)
    assert (mine, without_attribution(theirs)) == (own, passed_on)


def test_quoted_lines_go_to_the_end() -> None:
    assert split_quoted(
        with_quotes_last("> the bread was mouldy\n> again\nthat never happened to me")
    ) == (
        "that never happened to me ",
        "//@quoted:the bread was mouldy again",
    )
    assert with_quotes_last("价格 > 质量") == "价格 > 质量"
    assert with_quotes_last("a\n>\nb") == "a\n>\nb"


@pytest.mark.parametrize("own", ["", "转发微博", "转发", "Repost"])
def test_a_quotation_alone_has_a_topic_and_is_no_complaint(judge: TextJudge, own: str) -> None:
    direct, repost = judged(judge, SICK), judged(judge, f"{own}//@小张:{SICK}")
    assert direct.complaint >= 0.5
    assert repost.complaint < 0.5
    assert repost.intent == "statement"
    assert repost.category == direct.category
    assert {"child", "food_poisoning"} <= set(repost.risk)


def test_own_words_decide_on_complaint_and_intent(judge: TextJudge) -> None:
    praise = judged(judge, "谢谢你们处理得这么快，点赞//@小张:面包发霉了，要退款")
    assert praise.complaint < 0.5
    assert praise.intent == "praise"
    question = judged(judge, "请问几点关门？//@店:禾家会员日全场八折")
    assert (question.intent, question.complaint < 0.5) == ("question", True)
    angry = judged(judge, "我买的也发霉了，退钱//@店:会员日快乐，感谢大家支持")
    assert angry.complaint >= 0.5
    assert angry.intent == "complaint"


def test_a_risk_in_a_quotation_counts(judge: TextJudge) -> None:
    found = judged(judge, "天哪//@小张:孩子吃了禾家的蛋糕上吐下泻")
    assert "food_poisoning" in found.risk
    assert found.category == "food_safety"


@pytest.mark.parametrize("own", ["太过分了", "这也太离谱了", "恶心"])
def test_a_comment_without_topic_takes_that_of_its_quotation(judge: TextJudge, own: str) -> None:
    assert judged(judge, f"{own}//@小张: {SICK}").category == "food_safety"
    assert judged(judge, f"服务真的差//@小张: {SICK}").category == "staff"


def test_a_quotation_without_letters_changes_nothing(judge: TextJudge) -> None:
    found = judged(judge, "面包发霉了，要退款//@a:。。。")
    assert found.complaint >= 0.5
    assert judged(judge, "//@a:。。。").language == "other"
