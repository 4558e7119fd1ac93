import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listeners.spread.grouping.near_duplicates import (
    MIN_CONTAINMENT,
    MIN_GRAMS,
    containment,
    sketch,
)
from listeners.spread.grouping.vocabulary import original_text

POST = "禾家超市朝阳店的面包发霉了，孩子吃了以后上吐下泻，店长居然说是正常现象，大家千万别去买"
ENGLISH = "The bread at Hejia Chaoyang was mouldy and my child has been sick all night, avoid it"


@pytest.mark.parametrize(
    "text",
    [
        POST[:24] + "...",
        "求证！" + POST,
        POST[:20] + "😡！！" + POST[20:] + "[怒]",
        "转//@路人甲:" + POST,
        "顶//@甲:转发微博//@乙:" + POST,
        POST + " http://t.cn/abc",
        POST.replace("，", " "),
    ],
)
def test_a_repost_is_a_copy(text: str) -> None:
    assert containment(sketch(POST), sketch(text)) >= MIN_CONTAINMENT
    assert set(sketch(POST).bands) & set(sketch(text).bands)


def test_an_english_repost_is_a_copy() -> None:
    copy = "RT @someone: " + ENGLISH.upper() + " https://t.co/x"
    assert containment(sketch(ENGLISH), sketch(copy)) >= MIN_CONTAINMENT
    cut = " ".join(ENGLISH.split()[:9])
    assert containment(sketch(ENGLISH), sketch(cut)) >= MIN_CONTAINMENT


def test_other_posts_about_the_brand_are_not_copies() -> None:
    other = "禾家超市朝阳店今天排队一个小时，收银台只开了两个，服务态度也差"
    assert containment(sketch(POST), sketch(other)) < MIN_CONTAINMENT


def test_a_few_words_are_not_a_copy_of_a_text_that_contains_them() -> None:
    short = sketch("面包发霉了")
    assert len(short.grams) < MIN_GRAMS
    assert containment(short, sketch(POST)) < MIN_CONTAINMENT
    assert containment(short, sketch("面包发霉了！")) == 1.0


def test_the_original_text_of_a_chain_is_its_longest_part() -> None:
    assert "面包发霉" in original_text("转发微博//@a:看看//@b:" + POST)
    assert "面包发霉" in original_text(POST + "//@a:转发微博")
    assert original_text("回复@小王:谢谢").strip() == "谢谢"


@pytest.mark.parametrize("text", ["", " ", "！！！", "😡😡", "http://t.cn/x", "@a:", "\x00", "//@"])
def test_a_text_without_words_is_a_copy_of_nothing(text: str) -> None:
    assert sketch(text).bands == ()
    assert containment(sketch(text), sketch(text)) == 0.0


def test_half_a_text_is_almost_always_a_candidate() -> None:
    rng = random.Random(1)
    signs = [chr(code) for code in range(0x4E00, 0x4E00 + 2000)]
    missed = 0
    for _ in range(300):
        text = "".join(rng.choices(signs, k=100))
        half = sketch(text[:50])
        missed += not set(sketch(text).bands) & set(half.bands)
    assert missed <= 3


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_accepted(text: str) -> None:
    drawn = sketch(text + "\ud800")
    assert containment(drawn, drawn) in (0.0, 1.0)
    assert drawn == sketch(text + "\ud800")


def test_long_texts_are_cut() -> None:
    assert len(sketch("面包发霉了" * 2_000_000).grams) < 20
