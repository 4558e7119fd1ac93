"""Passed-on texts are told apart from own words, however platforms and people mark them."""

import pytest

from listeners.text.quotations import split_quoted, without_attribution

TOLD = "松果家的酸奶鼓包了，我妈喝完吐了"
ENGLISH = "Pinecone sold my mum sour yogurt"


@pytest.mark.parametrize(
    "mark",
    [
        *("//@小周:", "// @小周 :", "//＠小周：", "//@小周：", "//@user_8:"),
        *("RT @zhou:", "rt @zhou：", "RT @zhou ", "RT ＠zhou: ", "MT @zhou: ", "QT @zhou "),
        *("转自@小周：", "转自 @小周：", "转发自@小周:", "转载自@小周："),
        *("轉自@小周：", "轉載自＠小周:"),
        *("via @zhou: ", "Via @zhou："),
    ],
)
@pytest.mark.parametrize("own", ["", "太可怕了 ", "so sad "])
def test_what_is_passed_on_is_no_word_of_ones_own(mark: str, own: str) -> None:
    for told in (TOLD, ENGLISH):
        mine, theirs = split_quoted(f"{own}{mark}{told}")
        assert mine.strip() == own.strip()
        assert without_attribution(theirs).strip() == told


@pytest.mark.parametrize("own", ["", "转发微博", "转发", "轉發微博 ", "Repost ", "！！"])
def test_a_mark_of_a_repost_alone_is_no_word(own: str) -> None:
    assert split_quoted(f"{own}//＠小周：{TOLD}")[0] == ""


@pytest.mark.parametrize(
    "text",
    [
        f"@松果超市：{TOLD}",
        f"＠松果超市 {TOLD}",
        f"回复@小周:{TOLD}",
        "写信到 zhou@pine.example，没人回",
        "http://pine.example/@zhou: 这个页面打不开",
        "start @ the pine shop: sour yogurt",
        "we went via @pinecone and it was closed",
        "a convert @zhou says so",
        "转@小周",
        "请转自提点",
    ],
)
def test_a_name_alone_is_an_address(text: str) -> None:
    assert split_quoted(text) == (text, "")
