"""Counting as Telegram counts, and cutting where a reader would pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.telegram.text import length, sendable, shorten, split


@pytest.mark.parametrize(
    ("text", "counted"), [("", 0), ("ab", 2), ("长", 1), ("𠮷", 2), ("👩‍👧", 5), ("\ud800", 1)]
)
def test_characters_are_counted_in_utf_16(text: str, counted: int) -> None:
    assert length(text) == counted


def test_what_fits_stays_whole() -> None:
    assert split("长" * 4096) == ["长" * 4096]
    assert split("𠮷" * 2048) == ["𠮷" * 2048]
    assert split("  text \n") == ["text"]


@pytest.mark.parametrize("text", ["", "  \n\u3000", "\x00"])
def test_nothing_to_say_is_no_message(text: str) -> None:
    assert split(sendable(text)) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("一二三四。五六七八。九", ["一二三四。五六七八。", "九"]),
        ("“一二三四！”五六七八九十", ["“一二三四！”", "五六七八九十"]),
        ("One two. Three four", ["One two.", "Three four"]),
        ("It costs 12.50 yuan", ["It costs", "12.50 yuan"]),
        ("abcde\n\nfgh。ijkl", ["abcde", "fgh。ijkl"]),
        ("一二三四五，六七八九十", ["一二三四五，", "六七八九十"]),
        ("abcdefghijklm", ["abcdefghij", "klm"]),
        ("a. bcdefghijklm", ["a. bcdefgh", "ijklm"]),
        ("12345678👩‍👧👦", ["12345678", "👩‍👧👦"]),
        ("123456789é", ["123456789é"]),
        ("1234567891e\u0301", ["1234567891", "e\u0301"]),
        ("123456789e\u0301", ["123456789", "e\u0301"]),
        ("1234567🇨🇳", ["1234567", "🇨🇳"]),
        ("1234567👍🏽", ["1234567", "👍🏽"]),
    ],
)
def test_long_texts_are_cut_at_the_best_place(text: str, parts: list[str]) -> None:
    assert split(text, 10) == parts


def test_what_is_drawn_as_one_but_is_endless_is_cut_anyhow() -> None:
    parts = split("e" + "\u0301" * 50, 10)
    assert [length(part) for part in parts] == [10, 10, 10, 10, 10, 1]


@given(st.text(st.sampled_from("ab 。.\n𠮷长\u0301\u200d👍🇨"), max_size=200), st.integers(4, 30))
def test_every_part_fits_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(part.strip() and length(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_what_cannot_be_sent_is_replaced() -> None:
    assert sendable("a\x00b\ud800c\udfff") == "ab?c?"


@pytest.mark.parametrize(
    ("text", "short"), [("abc", "abc"), ("abcd", "ab…"), ("𠮷𠮷", "𠮷…"), ("a  b", "a…")]
)
def test_shortened_text_says_so(text: str, short: str) -> None:
    assert shorten(text, 3) == short
