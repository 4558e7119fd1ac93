"""Offence and spam are judged apart from the complaint."""

from pathlib import Path

import pytest

from core.model.judgement import Judgement
from listeners.judgement.judge import MAX_EVIDENCE, TextJudge
from listeners.judgement.offence import MODEL_FILE, load_offence, shipped_model
from listeners.judgement.sentiment import models as sentiment
from listeners.judgement.topic_features import offer_signals, topic_features
from tests.listeners.judgement.test_judge import Undecided
from tests.work import calls


@pytest.fixture(scope="module")
def judge() -> TextJudge:
    return TextJudge(sentiment.load("linear"))


def judged(judge: TextJudge, text: str) -> Judgement:
    (found,) = judge.judge_now([text])
    return found


@pytest.mark.parametrize(
    "text",
    [
        "你们这帮傻逼，面包发霉了还卖，退钱",
        "面包发霉了，你们是人渣吗，退款！",
        "My milk was off and your cashier laughed, you fucking idiots, refund me",
    ],
)
def test_an_abusive_complaint_is_still_a_complaint(judge: TextJudge, text: str) -> None:
    found = judged(judge, text)
    assert found.offensive >= 0.5
    assert found.complaint >= 0.5
    assert found.intent == "complaint"
    assert found.spam < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "面包发霉了，要退款",
        "卧槽太好吃了",
        "this is fucking delicious",
        "质量真垃圾，再也不买了",
        "I feel like the queue was very long",
        "",
    ],
)
def test_swearing_and_anger_are_not_offensive(judge: TextJudge, text: str) -> None:
    assert judged(judge, text).offensive < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "加微信abc123领福利，刷单日结",
        "兼职日入过万，加V详聊",
        "Earn $500 a day from home, DM me",
        "Free gift card, click the link https://x.example",
    ],
)
def test_spam(judge: TextJudge, text: str) -> None:
    found = judged(judge, text)
    assert found.spam >= 0.5
    assert found.intent == "spam"
    assert found.complaint < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "你们有会员群吗，怎么加？",
        "小程序的链接点不开，优惠券也领不到，退钱",
        "How do I use the promo code from your email?",
        "今天草莓很新鲜，点赞",
    ],
)
def test_shoppers_texts_are_not_spam(judge: TextJudge, text: str) -> None:
    assert judged(judge, text).spam < 0.5


def test_signals_of_an_offer() -> None:
    assert offer_signals("看 https://x.example") == ("link",)
    assert offer_signals("微信：abc12345") == ("contact",)
    assert offer_signals("www.x.example，加v") == ("link", "contact")
    assert offer_signals("微信支付付不了款") == ()


def test_the_model_is_small_and_the_same_after_it_was_written(tmp_path: Path) -> None:
    seen = topic_features("你是不是傻逼", Undecided().probabilities([""])[0])
    shipped_model().save(tmp_path / "copy.npz")
    assert load_offence(tmp_path / "copy.npz").probability(seen) == shipped_model().probability(
        seen
    )
    assert MODEL_FILE.stat().st_size < 250_000


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("<script>alert(1)</script>", "statement"),
        ("<b>test</b>", "statement"),
        ("嗯嗯", "statement"),
    ],
)
def test_a_text_that_asks_for_nothing_is_a_statement(
    judge: TextJudge, text: str, intent: str
) -> None:
    found = judged(judge, text)
    assert found.intent == intent
    assert found.complaint < 0.5


@pytest.mark.parametrize(
    "text", ["牛奶味道怪怪的", "面包有点馊", "牛奶有异味", "The milk smells sour", "虾不新鲜了"]
)
def test_a_terse_fault_is_a_complaint(judge: TextJudge, text: str) -> None:
    assert judged(judge, text).complaint >= 0.5


def test_decisive_words_are_evidence_and_bounded(judge: TextJudge) -> None:
    found = judged(
        judge, "包装漂亮但是味道太差了，虾也不新鲜，客服还骂人，等了三个小时，退钱！" * 3
    )
    assert found.sentiment == "negative"
    assert 3 <= len(found.evidence) <= MAX_EVIDENCE
    assert len(set(found.evidence)) == len(found.evidence)
    assert "怪怪" in "".join(judged(judge, "牛奶味道怪怪的").evidence)


def test_numbers_and_names_are_no_evidence(judge: TextJudge) -> None:
    found = judged(judge, "@王小明 电话13812345678，太差了，真恶心，垃圾店")
    assert found.evidence
    assert not any("138" in word or "王小明" in word for word in found.evidence)


@pytest.mark.parametrize("unit", ["真是太好了！", "垃圾 ", "👍"])
def test_documents_are_neutral_and_not_read(judge: TextJudge, unit: str) -> None:
    long = calls(lambda: judged(judge, unit * 20_000))
    assert calls(lambda: judged(judge, unit * 80_000)) <= long + 50
    found = judged(judge, unit * 20_000)
    assert found.sentiment == "neutral"
    assert max(found.probabilities.negative, found.probabilities.positive) < 0.5


def test_a_sign_of_anger_alone_is_neutral(judge: TextJudge) -> None:
    found = judged(judge, "😡")
    assert found.sentiment == "neutral"
    assert max(found.probabilities.negative, found.probabilities.positive) < 0.5
