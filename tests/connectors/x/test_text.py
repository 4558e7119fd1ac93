"""The length of a text by X's counting."""

import unicodedata

import pytest

from connectors.x.text import MAX_POST, length, links, same_text, sendable, unescape


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("hello", 5),
        ("a\nb\tc", 5),
        ("你好", 4),
        ("こんにちは", 10),
        ("안녕", 4),
        ("жук", 3),
        ("שלום", 4),
        ("ภาษา", 4),
        ("“x” – y…", 9),
        ("，。！", 6),
        ("€", 2),
        ("é", 1),
        ("e\u0301", 1),
        ("\u1100\u1161", 2),
        ("𠮷", 2),
        ("😀", 2),
        ("👍🏽", 2),
        ("👩‍👩‍👧‍👦", 2),
        ("🏳️‍🌈", 2),
        ("🇨🇳🇯🇵", 4),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("1️⃣", 2),
        ("#⃣", 2),
        ("1", 1),
        ("©", 1),
        ("©️", 2),
        ("❤️", 2),
        ("中\u200d国", 5),
        ("☺\ufe0e", 4),
        ("https://x.co", 23),
        ("see https://example.com/a/very/long/path?with=query&and=more#here.", 28),
        ("看https://example.com/路", 27),
        ("看example.com吧", 27),
        ("www.xmart.com.cn/a_(b)", 23),
        ("HTTP://EXAMPLE.COM", 23),
        ("http://例子.中国/a", 23),
        ("https://xn--fsq.xn--fiqs8s", 23),
        ("http://example.com:8080/a", 23),
        ("https://a.com,https://b.com", 47),
        ("a@example.com", 13),
        ("@example.com", 12),
        ("#example.com", 12),
        ("node.js", 7),
        ("3.14", 4),
        ("e.g. this", 9),
        ("http://localhost", 16),
        ("https://", 8),
        ("x.example.community", 23),
    ],
)
def test_weights(text: str, count: int) -> None:
    assert length(text) == count


def test_the_limit_is_reached_as_x_reaches_it() -> None:
    assert length("中" * 140) == MAX_POST
    assert length("x" * 257 + " https://example.com/" + "y" * 500) == MAX_POST + 1
    assert length("👩‍👩‍👧‍👦" * 140) == MAX_POST


def test_links_are_found_where_they_stand() -> None:
    text = "见 example.com/a，和 https://b.cn。"
    assert [text[start:end] for start, end in links(text)] == ["example.com/a", "https://b.cn"]


def test_what_cannot_be_sent_is_taken_out() -> None:
    assert sendable(" a\x00b\ufeff\ufffe \n") == "ab"
    assert sendable("\ud800x") == "?x"


def test_entities_are_read_once() -> None:
    assert unescape("&amp;amp; &lt;") == "&amp; <"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("hello", "@wang hello", True),
        ("hello", "@wang @li_2 hello", True),
        ("@wang hello", "@wang hello", True),
        ("a & <b>", "@wang a &amp; &lt;b&gt;", True),
        ("see https://xmart.example/x now", "see https://t.co/abc now", True),
        ("see xmart.com  now", "see https://t.co/abc now", True),
        (unicodedata.normalize("NFD", "é"), "é", True),
        ("hello", "@wang hello!", False),
        ("hello @wang", "hello", False),
        ("", "@wang", False),
    ],
)
def test_our_own_text_is_known_again(ours: str, theirs: str, expected: bool) -> None:
    assert same_text(ours, theirs) is expected
