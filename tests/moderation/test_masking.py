"""Masking: what is personal goes, what replying and reading need stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from moderation import contacts, masking, numbers
from moderation.masking import KINDS, mask, published_contacts
from tests.work import growth, make_countable


def resident_id(seventeen: str) -> str:
    return seventeen + ric.calc_check_digit(seventeen + "0")


def bank_card(without_check: str) -> str:
    return without_check + luhn.calc_check_digit(without_check)


ID = resident_id("11010519491231002")
ID_X = next(
    number
    for number in (resident_id(f"330106198807{day:02}123") for day in range(1, 29))
    if number.endswith("X")
)
ID_1 = next(
    number
    for number in (resident_id(f"330106198807{day:02}123") for day in range(1, 29))
    if not number.endswith("X")
)
UNIONPAY = bank_card("622202123456789012")
VISA = bank_card("453201234567890")
AMEX = bank_card("37828224631000")


def grouped(number: str, *sizes: int, by: str = " ") -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    assert at == len(number)
    return by.join(parts)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的电话是13800138000，快回复", "我的电话是[phone]，快回复"),
        ("请打138-0013-8000", "请打[phone]"),
        ("138 0013 8000", "[phone]"),
        ("138.0013.8000", "[phone]"),
        ("1-3-8-0-0-1-3-8-0-0-0", "[phone]"),
        ("１３８００１３８０００", "[phone]"),
        ("①③⑧⓪⓪①③⑧⓪⓪⓪", "[phone]"),
        ("1\u200b3\u200b8\u200b0\u200b0\u200b1\u200b3\u200b8\u200b0\u200b0\u200b0", "[phone]"),
        ("+86 138 0013 8000", "[phone]"),
        ("0086-13800138000", "[phone]"),
        ("8613800138000", "[phone]"),
        ("86 138 0013 8000", "[phone]"),
        ("tel13800138000 vx13912345678", "tel[phone] vx[phone]"),
        ("手机号=13800138000", "手机号=[phone]"),
        ("联系 13 800 138 000", "联系 [phone]"),
        ("+1 415 555 2671", "[phone]"),
        ("0571-88886666", "[phone]"),
        ("（010）88886666", "[phone]"),
        ("电话01088886666", "电话[phone]"),
        ("电话：88886666", "电话：[phone]"),
        ("13800138000 和 13912345678", "[phone] 和 [phone]"),
        ("2024 13800138000 5", "2024 [phone] 5"),
        (f"身份证{ID}", "身份证[id]"),
        (ID_X, "[id]"),
        (ID_X.lower(), "[id]"),
        (grouped(ID_1, 6, 8, 4), "[id]"),
        (f"{ID_X[:6]} {ID_X[6:14]} {ID_X[14:17]}X", "[id]"),
        (" ".join(ID_1), "[id]"),
        ("身份证号是" + ID_1[:17] + str((int(ID_1[17]) + 1) % 10), "身份证号是[id]"),
        ("110105491231002", "[id]"),
        (grouped("110105491231002", 6, 6, 3), "[id]"),
        (UNIONPAY, "[card]"),
        (f"卡号 {grouped(UNIONPAY, 4, 4, 4, 4, 3)}", "卡号 [card]"),
        (grouped(VISA, 4, 4, 4, 4, by="-"), "[card]"),
        (f"银行卡{VISA}", "银行卡[card]"),
        (f"card {AMEX}", "card [card]"),
        (grouped(AMEX, 4, 6, 5), "[card]"),
        ("发到 foo.bar@example.com 吧", "发到 [email] 吧"),
        ("foo＠example.com", "[email]"),
        ("13800138000@qq.com", "[email]"),
        ("我的车京A12345被刮了", "我的车[plate]被刮了"),
        ("粤B·D12345", "[plate]"),
        ("送到上海市浦东新区张杨路500号3栋1203室，谢谢", "送到[address]，谢谢"),
        ("张杨路500号3栋1203室", "[address]"),
        ("阳光花园12栋3单元502室", "[address]"),
        ("A花园12栋3单元502室", "A[address]"),
        ("收货地址：人民路100号", "收货地址：[address]"),
        ("123 Main Street, Apt 4B", "[address]"),
        ("微信号：xiaoming_88", "微信号：[wechat]"),
        ("微信xiaoming2020", "微信[wechat]"),
        ("微信号：xiaoming", "微信号：[wechat]"),
        ("wechat id xiaoming", "wechat id [wechat]"),
        ("my wechat: ming_2020", "my wechat: [wechat]"),
        ("QQ12345678", "QQ[qq]"),
        ("ｑｑ：１２３４５６７", "ｑｑ：[qq]"),
    ],
)
def test_personal_data_becomes_a_placeholder(text: str, masked: str) -> None:
    found = mask(text)
    assert found.text == masked
    assert found.kinds
    assert set(found.kinds) <= set(KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "你们几点关门",
        "https://weibo.com/1234567890/4987654321098765",
        "https://x.com/u/status/13800138000?tel=13912345678",
        "www.example.com/13800138000",
        "微博id 4987654321098765",
        VISA,  # 16 digits that begin with 4 are the shape of a post's id, too
        f"订单号 {grouped(VISA, 4, 4, 4, 4)}",
        f"订单号{UNIONPAY}",
        UNIONPAY[:-1] + str((int(UNIONPAY[-1]) + 1) % 10),
        grouped(VISA[:-1] + str((int(VISA[-1]) + 1) % 10), 4, 4, 4, 4),
        ID_1[:17] + str((int(ID_1[17]) + 1) % 10),
        "单号 110105491231002",
        "1849012345678901234",
        "t3_13800138000",
        "id=13800138000",
        "/p/13800138000",
        "@13800138000",
        "13800138000px",
        "13800138000/a",
        "订单号 202410151234567890",
        "运单SF1380013800012",
        "14000000000",
        "01088886666",
        "+999 123 4567",
        "+86 12",
        "08001234567",
        "110105 19491301 0021",
        "991231199001011234",
        "1380元",
        "¥1,380.00",
        "138-200元",
        "12315",
        "投诉电话12315",
        "95588",
        "400-820-8820",
        "客服热线 400-000-0136",
        "2024-10-15 12:30:45",
        "2024年10月15日",
        "联系时间 20241015",
        "88886666",
        "12345678",
        "1 2 3 4 5 6 7 8 9",
        "13 5 20 300 400",
        "人民路店",
        "我在南京路500号那家店",
        "微信支付失败了2次",
        "wechat payment failed 2 times",
        "WeChat: payment failed 2 times",
        "QQ音乐 15元",
        "QQ 2024",
        "T-1001",
        "foo@bar",
        "京A",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_impersonal_numbers_are_not_masked(text: str) -> None:
    found = mask(text)
    assert found.text == text
    assert found.kinds == ()


def test_a_wide_comma_ends_a_link() -> None:
    assert mask("https://x.com/abc，13800138000").text == "https://x.com/abc，[phone]"


def test_kinds_are_sorted_and_named_once() -> None:
    found = mask(f"13800138000 a@b.com 13912345678 {ID}")
    assert found.kinds == ("email", "id", "phone")


@given(st.text())
def test_masking_never_fails_and_is_idempotent(text: str) -> None:
    once = mask(text).text
    assert mask(once).text == once


@given(st.text(alphabet="0123456789 -+()@.京A路号室Xx微信QQ:/", max_size=60))
def test_masking_is_idempotent_on_texts_full_of_numbers(text: str) -> None:
    once = mask(text).text
    assert mask(once).text == once


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), st.integers(0, 9999))
def test_a_phone_is_found_anywhere_between_chinese_characters(around: str, tail: int) -> None:
    number = f"1380013{tail:04}"
    before = around.replace("http", "").replace("www.", "") + "，电话"
    assert number not in mask(f"{before}{number}，谢谢").text


@pytest.mark.parametrize(
    "unit",
    [
        "1 ",
        "1",
        "138 ",
        "路1号",
        "路1号2室",
        "a@",
        "我住",
        "微信",
        "13800138000 ",
        "京A1",
        "(",
        "QQ1",
    ],
)
def test_work_grows_with_length_and_no_faster(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_countable(monkeypatch, masking, contacts, numbers)

    assert growth(lambda times: mask(unit * times), 90) <= 1.01


def test_broken_unicode_and_control_characters_pass() -> None:
    assert mask("\ud800\x00电话13800138000\u202e").text == "\ud800\x00电话[phone]\u202e"


def test_published_contacts_are_found_as_they_are_written() -> None:
    texts = ["写信到 help@shop.example", "电话（010）88886666", "没有"]
    assert published_contacts(texts) == ("help@shop.example", "（010）88886666")
