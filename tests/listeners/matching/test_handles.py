"""Accounts in a text: the brand's own stand for it, those of others do not."""

import pytest

from core.settings import BrandSettings
from listeners.matching.handles import find_handles, handle_key
from listeners.matching.matcher import BrandMatcher

HEJIA = BrandSettings(
    id="hejia",
    name="禾家超市",
    terms=("禾家", "Hejia"),
    handles=("@好邻居官方", "@HJ_service", "u/hj_bot", "禾家的店"),
    accounts=("x:hjmarket", "telegram:4711"),
)


def is_named(text: str) -> bool:
    return BrandMatcher((HEJIA,), channel_brands={}, default=None).brands_in(text) == ("hejia",)


@pytest.mark.parametrize(
    "text",
    [
        "@好邻居官方 面包发霉了",
        "@好邻居官方面包发霉了",
        "面包发霉了@好邻居官方",
        "＠好邻居官方 面包发霉了",
        "@HJ_Service the bread was mouldy",
        "@hj_service, the bread was mouldy",
        "@hj_service面包发霉了",
        "ask @hj_service.",
        "u/hj_bot when do you close?",
        "/u/HJ_bot when do you close?",
        "@hjmarket do you deliver?",
        "@4711 在吗",
        "@禾家的店 在吗",
        "//@好邻居官方: 通知",
    ],
)
def test_the_brands_own_account_is_the_brand(text: str) -> None:
    assert is_named(text)


@pytest.mark.parametrize(
    "text",
    [
        "@禾家 面包发霉了",
        "@禾家超市 面包发霉了",
        "@禾家超市客服 在吗",
        "@上海禾家超市 在吗",
        "@禾家官方旗舰店",
        "@禾家你们的面包发霉了",
        "@禾家的面包发霉了",
        "@禾家怎么退款",
        "@Hejia the bread was mouldy",
        "@hejia的面包发霉了",
        "@hejia_market refund please",
        "@禾家的小雨 禾家的面包发霉了",
        "在@禾家 买的面包",
    ],
)
def test_an_account_called_like_the_brand_is_the_brand(text: str) -> None:
    assert is_named(text)


@pytest.mark.parametrize(
    "text",
    [
        "@禾家的小雨 今天一起吃饭吗",
        "@禾家小雨",
        "@我爱禾家 你好",
        "@禾家妈妈 生日快乐",
        "//@禾家的小雨: 哈哈哈",
        "回复@禾家小郭:好的",
        "@禾家顾问王明 你好",
        "@禾家-灰太狼 哈哈",
        "@禾家_小雨 早",
        "@小禾家家 早",
        "@禾家之友 早",
        "@hejia_fan hello",
        "@hejia2024 hello",
        "@my.hejia.diary hello",
        "@the-hejia hello",
        "u/hejia_lover says hi",
        "/u/xx_hejia_xx says hi",
        "@贺佳 你好",
        "@何佳佳 你好",
        "@hj_service2 hello",
    ],
)
def test_somebody_elses_account_is_not(text: str) -> None:
    assert not is_named(text)


@pytest.mark.parametrize(
    "text",
    [
        "太过分了//@小张: 禾家的面包发霉了",
        "//@老王:禾家今天排队到门口",
        "//@阿何：禾家的草莓不错",
        "@小李 禾家的店几点关门",
        "转给小赵 禾家打折了",
        "回复@小周:禾家的酸奶过期了",
        "小陈，禾家又涨价了",
        "谢谢老刘！禾家的豆腐确实好",
        "（小孙）禾家的停车场满了",
        "小吴\n禾家的购物车坏了",
        "同事姓林… 禾家见",
        "#小郑# 禾家开业",
    ],
)
def test_a_surname_before_a_space_or_a_sign_makes_no_persons_name(text: str) -> None:
    assert is_named(text)


@pytest.mark.parametrize("text", ["我叫张禾家", "李禾家来了", "张禾家的面包"])
def test_a_surname_right_before_the_name_does(text: str) -> None:
    assert not is_named(text)


def test_an_address_is_no_account() -> None:
    assert find_handles("write to shop@hejia.example, see https://hejia.example/u/x") == ()
    assert is_named("write to shop@hejia.example")


def test_an_account_needs_none_of_the_required_words() -> None:
    brand = BrandSettings(id="b", name="b", terms=("松",), required=("超市",), handles=("@pine",))
    matcher = BrandMatcher((brand,), channel_brands={}, default=None)
    assert matcher.brands_in("@pine are you open?") == ("b",)
    assert matcher.brands_in("松") == ()


def test_keys_of_accounts() -> None:
    assert handle_key("@Hejia_Bot") == handle_key("hejia_bot") == handle_key("/u/Hejia_Bot")
    assert handle_key("＠禾家") == handle_key("禾家")
