"""An excluded term hides what it matches, and nothing else of the text."""

import logging

import pytest

from core.settings import BrandSettings
from listeners.matching.matcher import BrandMatcher

EXCLUDED = (
    "招聘",
    "嘉禾家园",
    "青禾家居",
    "禾家村",
    "hejia road",
    "/禾家\\d+号/",
    "禾家 NEAR/2 家政",
)


def is_named(text: str, *excluded: str) -> bool:
    brand = BrandSettings(
        id="b", name="b", terms=("禾家", "禾家超市", "Hejia"), excluded=excluded or EXCLUDED
    )
    return BrandMatcher((brand,), channel_brands={}, default=None).brands_in(text) == ("b",)


@pytest.mark.parametrize(
    "text",
    [
        "我在嘉禾家园楼下禾家超市买的面包发霉",
        "嘉禾家园业主群都说禾家的面包发霉",
        "禾家村门口的禾家超市面包发霉了",
        "禾家村店，禾家面包发霉",
        "禾家超市招聘的那家店卖发霉面包",
        "青禾家居隔壁就是禾家",
        "禾家隔壁的青禾家居关门了",
        "嘉禾家园、禾家村、禾家",
        "嘉禾家園樓下的禾家超市",
        "禾家超市在禾家村",
        "禾家村的hejia真贵",
        "the Hejia on Hejia Road",
        "禾家12号对面的禾家超市",
        "禾家12号对面，HEJIA超市",
        "禾家的家政，禾家超市的面包",
        "嘉 禾 家 园楼下禾家超市",
        "禾家招聘",
        "招聘：禾家超市",
        "青禾家居和禾家村都不是，是禾家",
        "嘉禾家园楼下荷家超市",
    ],
)
def test_a_name_beside_an_excluded_one_is_found(text: str) -> None:
    assert is_named(text)


@pytest.mark.parametrize(
    "text",
    [
        "嘉禾家园三期交房了",
        "嘉禾家園三期交房了",
        "青禾家居的沙发",
        "禾家村的油菜花",
        "禾家村和嘉禾家园",
        "嘉.禾.家.园",
        "I live on Hejia Road",
        "禾家12号的房子",
        "禾家的家政阿姨",
    ],
)
def test_a_name_inside_an_excluded_one_is_not(text: str) -> None:
    assert not is_named(text)


def test_an_expression_with_and_excludes_the_text() -> None:
    condition = "招聘 AND (店员 OR 收银员)"
    assert not is_named("禾家招聘收银员", condition)
    assert not is_named("禾家招聘收银员", f"嘉禾家园 OR ({condition})")
    assert is_named("禾家招聘", condition)
    assert not is_named("禾家没有面包", "没有 NOT 退款")
    assert is_named("禾家没有面包，要退款", "没有 NOT 退款")


def test_a_term_that_is_a_regular_expression_is_hidden_too() -> None:
    brand = BrandSettings(id="b", name="b", terms=(r"/店\d+/",), excluded=("分店3",))
    matcher = BrandMatcher((brand,), channel_brands={}, default=None)
    assert matcher.brands_in("分店3的面包") == ()
    assert matcher.brands_in("分店3和店4的面包") == ("b",)


def test_a_longer_name_is_not_hidden_by_its_part() -> None:
    brand = BrandSettings(id="b", name="b", terms=("禾家超市",), excluded=("禾家",))
    matcher = BrandMatcher((brand,), channel_brands={}, default=None)
    assert matcher.brands_in("禾家超市的面包") == ("b",)


def test_an_exclusion_that_hides_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        is_named("禾家", "禾家村", "招聘 AND 店员", "/招聘/")
    assert caplog.text == ""
    with caplog.at_level(logging.WARNING):
        is_named("禾家", "招聘")
    assert "'招聘' of brand 'b' holds none of its terms" in caplog.text
