"""Text folding: what readers see as one spelling becomes one, for any string."""

from types import SimpleNamespace
from unicodedata import combining

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import text as folding
from core.text import (
    BREAK,
    ascii_lookalikes,
    compact,
    encodable,
    normalised,
    readable,
    with_single_spaces,
    without_separators,
    without_spaces,
)
from tests.work import growth, make_countable, normalize

INVISIBLE = "\u00ad\u034f\u061c\u115f\u17b4\u180e\u200b\u200f\u202e\u2060\u3164\ufe0f\ufeff\uffa0"
ANY = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＡＢＣ　１２", "ABC 12"),
        ("禾\u200b家\u2060", "禾家"),
        ("①②㈱", "12(株)"),
        ("cafe\u0301", "café"),
        (INVISIBLE, ""),
        ("plain ASCII\x00", "plain ASCII\x00"),
        ("", ""),
    ],
)
def test_normalised(text: str, expected: str) -> None:
    assert normalised(text) == expected


def test_an_invisible_character_does_not_keep_a_letter_from_its_accent() -> None:
    assert normalised("cafe\u200b\u0301") == "café"


def test_stacked_marks_are_cut_to_eight() -> None:
    assert len(normalised("x" + "\u0353" * 100)) == 9
    assert len(normalised("x" + "\u0353" * 20)) == 21


def test_readable_is_one_line_without_control_characters() -> None:
    assert readable("  two \n lines\t") == "two lines"
    assert readable("a\x00b\ud800c") == "a b c"
    assert readable("甲\x07乙") == "甲 乙"


def test_simplification_is_asked_for_only_with_chinese() -> None:
    asked: list[str] = []

    def simplify(text: str) -> str:
        asked.append(text)
        return text.replace("麵", "面")

    assert readable("麵包", simplify=simplify) == "面包"
    assert readable("brot", simplify=simplify) == "brot"
    assert readable("crème", simplify=simplify) == "crème"
    assert asked == ["麵包"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("禾 家.X", "禾家x"),
        ("我种禾,家", f"我种禾{BREAK}家"),
        ("wait... no", f"wait{BREAK}no"),
        ("!!", BREAK),
    ],
)
def test_compact(text: str, expected: str) -> None:
    assert compact(text) == expected


def test_spaces_and_separators() -> None:
    assert with_single_spaces("a \n\u3000b") == "a b"
    assert without_spaces("a \n\u3000b") == "ab"
    assert without_separators("a-_b\nc") == "ab\nc"


def test_lookalikes_keep_their_places() -> None:
    assert ascii_lookalikes("电１③８⓪㉈ａ！") == "电1380㉈a!"


def test_what_cannot_be_encoded_is_replaced() -> None:
    assert encodable("a\0b\ud800") == "a b?"


@given(ANY)
def test_every_form_takes_any_text(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert len(ascii_lookalikes(text)) == len(text)
    assert encodable(text).encode().decode() == encodable(text)
    assert all(char.isalnum() or char == BREAK for char in compact(once))
    assert not set(INVISIBLE) & set(normalised(text))


@pytest.mark.parametrize("unit", ["a\u0301", "\u0300\u0316", "-", "!，", "\ufdfa", "\u200b "])
def test_work_on_hostile_texts_grows_with_length_and_no_faster(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_countable(monkeypatch, folding)
    monkeypatch.setattr(
        folding, "unicodedata", SimpleNamespace(normalize=normalize, combining=combining)
    )

    assert growth(lambda times: compact(readable("a" + unit * times)), 300) <= 1.01
