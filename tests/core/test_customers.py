"""A quotation is found however the post was cut, and nothing else is taken for one."""

from dataclasses import replace

import pytest

from core.localized import UI_LANGUAGES, LocalizedText
from core.model.customers import said, without_quotes
from core.model.mentions import Mention
from tests.contracts.store_support import NOW, alert, incident, judgement, post

LONG = "我在你们店里买的榴莲千层发霉了，孩子吃了以后一直吐，店长说是正常现象，太让人失望了"


def mention(text: str, masked: str = "") -> Mention:
    return Mention(
        seq=1,
        event=replace(post("p1"), text=text, posted_at=NOW),
        brands=("lehui",),
        judgement=judgement(),
        masked_text=masked,
    )


@pytest.mark.parametrize(
    "line",
    [
        f"〔weibo〕{LONG}",
        f"〔weibo〕{LONG[:40]}…",
        f"〔weibo〕{LONG[:20]} {LONG[20:]}",
        f"[weibo] {LONG[9:]}",
        LONG[4:15],
    ],
)
def test_a_quotation(line: str) -> None:
    texts = said([mention(LONG)])
    changed = without_quotes(alert(body=f"8 人\n{line}\n完"), texts)
    assert changed == alert(body="8 人\n完", version=1)


@pytest.mark.parametrize("line", ["8 人", "〔weibo〕别的店的榴莲也发霉", "〔weibo〕孩子吃了", ""])
def test_no_quotation(line: str) -> None:
    texts = said([mention(LONG)])
    assert without_quotes(alert(body=line, title="禾家超市：8 人说发霉"), texts) is None


def test_a_short_text_is_quoted_as_a_whole() -> None:
    texts = said([mention("太差了"), mention(" ")])
    assert without_quotes(alert(body="〔weibo〕太差了"), texts) == alert(body="", version=1)
    assert without_quotes(alert(body="太差了的说法有 8 条"), texts) is None


def test_what_was_masked_is_quoted_masked() -> None:
    texts = said([mention("电话 13800138000 打不通怎么办", "电话 [phone] 打不通怎么办")])
    quoting = alert(body="〔a〕电话 [phone] 打不通怎么办")
    assert without_quotes(quoting, texts) == replace(quoting, body="", version=1)


def test_a_quotation_is_taken_out_of_every_language() -> None:
    texts = said([mention(LONG)])
    words = tuple(
        LocalizedText(language=one, title=f"禾家：{LONG[:24]}…", body=f"8\n[weibo] {LONG}\n完")
        for one in UI_LANGUAGES
    )
    clean = tuple(LocalizedText(language=one, title="…", body="8\n完") for one in UI_LANGUAGES)
    assert without_quotes(alert(wordings=words), texts) == alert(wordings=clean, version=1)
    quoting = incident("k", wordings=words)
    assert without_quotes(quoting, texts) == replace(quoting, wordings=clean, version=1)
    assert without_quotes(alert(wordings=clean), texts) is None


def test_a_title_that_is_the_beginning_of_a_post() -> None:
    texts = said([mention(LONG)])
    cut = incident("k", title=f"{LONG[:24]}…")
    assert without_quotes(cut, texts) == replace(cut, title="…", version=1)
    assert without_quotes(incident("k"), texts) is None
    assert without_quotes(incident("k", title=LONG), frozenset()) is None
