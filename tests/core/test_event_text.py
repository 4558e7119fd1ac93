"""The texts of an event for each reader."""

import pytest

from core.model.event_text import judged_text, matched_text, says_nothing, whole_text
from core.model.events import Author, Event, EventKind, Quoted, retention_class, with_text
from listeners.text.quotations import split_quoted
from tests.builders import START


def event(text: str = "", *quoted: Quoted, **more: object) -> Event:
    given: dict[str, object] = {
        "channel": "x",
        "id": "1",
        "kind": EventKind.POST,
        "author": Author(id="u"),
        "text": text,
        "posted_at": START,
        "conversation": "1:u",
        "quoted": quoted,
    }
    return Event(**(given | more))  # type: ignore[arg-type]


THEIRS = Quoted(author="小李", text="面包发霉了")
OURS = Quoted(author="禾家超市", text="召回公告", own=True)
PARENT = Quoted(author="小李", text="面包发霉了", kind="answered")
OUR_PARENT = Quoted(author="禾家超市", text="召回公告", kind="answered", own=True)
PAGE = Quoted(author="news.example", text="禾家停业", id="https://news.example/1", kind="link")
BARE = Quoted(author="hejia.example", text="", id="https://hejia.example", kind="link")


@pytest.mark.parametrize(
    ("given", "whole", "judged"),
    [
        (event("嗯"), "嗯", "嗯"),
        (event(""), "", ""),
        (event("", THEIRS), "//@小李: 面包发霉了", "//@小李: 面包发霉了"),
        (event("看", THEIRS), "看 //@小李: 面包发霉了", "看 //@小李: 面包发霉了"),
        (event("看", OURS), "看 //@禾家超市: 召回公告", "看"),
        (event("", OURS), "//@禾家超市: 召回公告", ""),
        (event("也是", PARENT), "也是", "也是"),
        (
            event("也是", PARENT, solicited=True),
            "也是 //@小李: 面包发霉了",
            "也是 //@小李: 面包发霉了",
        ),
        (event("谢谢", OUR_PARENT, solicited=True), "谢谢", "谢谢"),
        (
            event("看", PAGE),
            "看 //@news.example: 禾家停业",
            "看 //@news.example: 禾家停业",
        ),
        (event("看", BARE), "看", "看"),
        (
            event("一", THEIRS, PAGE),
            "一 //@小李: 面包发霉了 //@news.example: 禾家停业",
            "一 //@小李: 面包发霉了 //@news.example: 禾家停业",
        ),
        (event("🖼", wordless="photo"), "🖼", ""),
        (event("🖼", THEIRS, wordless="photo"), "🖼 //@小李: 面包发霉了", "//@小李: 面包发霉了"),
        (event("看", Quoted(author="小李", text=" \n")), "看", "看"),
        (
            event("a //@b: c", THEIRS),
            "a //@b: c //@小李: 面包发霉了",
            "a //@b: c //@小李: 面包发霉了",
        ),
    ],
)
def test_each_reader_gets_its_text(given: Event, whole: str, judged: str) -> None:
    assert (whole_text(given), judged_text(given)) == (whole, judged)
    assert says_nothing(given) is (judged == "")


@pytest.mark.parametrize(
    "name",
    ["小李", "a b", "x" * 99, "@wang", "a:b", "甲：乙", "//@", "", " ", "\n", "a\tb", "RT @x: "],
)
def test_the_judge_takes_what_is_passed_on_for_quotation_whatever_its_author_is_called(
    name: str,
) -> None:
    text = judged_text(event("我也遇到了", Quoted(author=name, text="面包发霉了")))
    own, quoted = split_quoted(text)
    assert own.strip() == "我也遇到了"
    assert quoted.endswith("面包发霉了")


@pytest.mark.parametrize(
    ("given", "matched"),
    [
        (event("嗯"), "嗯"),
        (event("", THEIRS), "面包发霉了"),
        (event("也是", PARENT), "也是。面包发霉了"),
        (event("看", OURS), "看。召回公告"),
        (event("看", PAGE), "看。禾家停业。https://news.example/1"),
        (event("看", BARE), "看。https://hejia.example"),
        (event("看", Quoted(author="禾家", text="x", id="900")), "看。x"),
        (event("🖼", wordless="photo"), "🖼"),
        (event(""), ""),
    ],
)
def test_every_text_and_address_can_name_a_brand(given: Event, matched: str) -> None:
    assert matched_text(given) == matched


def test_an_aged_event_keeps_its_masked_text_alone() -> None:
    aged = with_text(event("我", THEIRS, PAGE, media=("a",)), "***")
    assert (whole_text(aged), aged.quoted, aged.media) == ("***", (), ())
    assert retention_class(aged, dropped=False) == "public"
