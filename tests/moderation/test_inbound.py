"""Inbound moderation drops only certain spam, and never a concern."""

import pytest

from core.model.events import Event, EventKind, Quoted
from core.model.judgement import Judgement
from moderation.inbound import InboundModerator
from moderation.word_lists import shipped_words
from tests.builders import event, judgement
from tests.moderation.parts import message

SPAM = [
    "兼职刷单，日结三百，加微信 abc12345",
    "Work from home, earn money fast! https://spam.example/a",
    "代开发票，办证刻章，QQ 12345678",
    "https://a.example https://b.example https://c.example " + "@a @b @c @d @e @f @g @h",
    "加群 加群 加群 加群 加群 加群 加群 https://a.example/x https://b.example/y https://c.example/z",
]


@pytest.fixture
def moderator() -> InboundModerator:
    return InboundModerator(shipped_words())


@pytest.mark.parametrize("text", SPAM)
@pytest.mark.parametrize("kind", [EventKind.MESSAGE, EventKind.POST])
def test_certain_spam_is_dropped(moderator: InboundModerator, text: str, kind: EventKind) -> None:
    verdict = moderator.inspect(message(text, kind=kind), judgement())
    assert (verdict.allowed, verdict.reason) == (False, "spam")
    assert "spam" in verdict.flags


@pytest.mark.parametrize("text", SPAM)
@pytest.mark.parametrize(
    "concern",
    [
        judgement(complaint=0.3, spam=1.0),
        judgement(intent="complaint", spam=1.0),
        judgement(intent="question", spam=1.0),
        judgement(intent="human", spam=1.0),
        judgement(intent="order_status", spam=1.0),
        judgement(intent="threat", spam=1.0),
        judgement(risk=("injury",), spam=1.0),
    ],
)
def test_a_concern_is_never_dropped(
    moderator: InboundModerator, text: str, concern: Judgement
) -> None:
    verdict = moderator.inspect(message(text), concern)
    assert verdict.allowed
    assert "spam" in verdict.flags


@pytest.mark.parametrize(
    "text",
    [
        "我想应聘兼职，电话13800138000",
        "你们办贷款吗",
        "加微信怎么加",
        "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈",
        "！！！！！！！！！！！！！！！！",
        "看看这个 https://shop.example/item",
        "面包 面包 牛奶 鸡蛋 苹果 大米",
    ],
)
def test_a_weak_signal_of_spam_is_not_dropped(moderator: InboundModerator, text: str) -> None:
    assert moderator.inspect(message(text), judgement()).allowed


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("我想应聘兼职，电话13800138000", True),
        ("兼职 贷款", True),
        ("啦" * 20, True),
        ("https://shop.example/item", True),
        ("加我 " * 8, True),
        ("看看这个很好的商品 https://shop.example/i", False),
        ("面包 牛奶", False),
    ],
)
def test_signals_of_spam_are_flagged(moderator: InboundModerator, text: str, flagged: bool) -> None:
    verdict = moderator.inspect(message(text), judgement())
    assert verdict.allowed
    assert ("spam" in verdict.flags) is flagged


def test_the_judge_alone_flags_and_needs_a_second_sign_to_drop(
    moderator: InboundModerator,
) -> None:
    alone = moderator.inspect(message("快来看"), judgement(spam=0.95))
    assert alone.allowed
    assert alone.flags == ("spam",)
    assert not moderator.inspect(message("快来看"), judgement(spam=0.95, intent="spam")).allowed
    assert not moderator.inspect(message("啦" * 20), judgement(spam=0.95)).allowed
    assert moderator.inspect(message("快来看"), judgement(spam=0.5)).flags == ()


def test_abuse_is_flagged_and_stays(moderator: InboundModerator) -> None:
    verdict = moderator.inspect(message("你们这群混蛋"), judgement(offensive=0.9))
    assert verdict.allowed
    assert verdict.flags == ("abuse",)


def test_personal_data_is_flagged_and_masked(moderator: InboundModerator) -> None:
    verdict = moderator.inspect(message("请回电13800138000"), judgement())
    assert verdict.allowed
    assert verdict.flags == ("personal_data",)
    assert verdict.masked_text == "请回电[phone]"


def test_hostile_text_comes_out_printable_and_bounded(moderator: InboundModerator) -> None:
    verdict = moderator.inspect(message("\x00\ud800好\n" + "长" * 10_000_000), judgement())
    assert verdict.masked_text.startswith("\ufffd\ufffd好\n长")
    assert len(verdict.masked_text) == 5000
    verdict.masked_text.encode()


def test_empty_text_is_flagged_and_stays(moderator: InboundModerator) -> None:
    verdict = moderator.inspect(message(" \n"), judgement())
    assert verdict.allowed
    assert verdict.flags == ("empty",)


THEIRS = Quoted(author="小李", text="兼职刷单，日结三百，加微信 abc12345")


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        (event(text="🖼", wordless="photo"), ("empty",)),
        (event(text="@禾家", wordless="photo"), ("empty",)),
        (event(text=SPAM[3], wordless="file"), ("empty",)),
        (event(text="📎 兼职刷单 日结 加微信 abc12345.pdf", wordless="file"), ("empty",)),
        (event(text="", quoted=(THEIRS,)), ("personal_data",)),
        (event(text="大家别信", quoted=(THEIRS,)), ("personal_data",)),
        (event(text=THEIRS.text), ("spam", "personal_data")),
    ],
)
def test_spam_is_looked_for_in_own_words_alone(
    moderator: InboundModerator, given: Event, flags: tuple[str, ...]
) -> None:
    assert moderator.inspect(given, judgement()).flags == flags


def test_quoted_texts_are_masked_too(moderator: InboundModerator) -> None:
    given = event(text="看", quoted=(Quoted(author="小李", text="打 13800138000"),))
    masked = moderator.inspect(given, judgement()).masked_text
    assert masked.startswith("看 //@小李: 打 ")
    assert "13800138000" not in masked
