from types import SimpleNamespace
from unicodedata import combining

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import text as folding
from core.text import BREAK, compact
from listeners.text import normalise
from listeners.text.normalise import join_spaced_characters, readable, term_key
from tests.work import growth, make_countable, normalize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("麵包發霉了", "面包发霉了"),
        ("Ｈｅｊｉａ　超市", "Hejia 超市"),
        ("禾\u200b家\u2060", "禾家"),
        ("\u202e禾家\u202c", "禾家"),
        ("a\x00b\ud800c", "a b c"),
        ("  two \n lines\t", "two lines"),
        ("①②㈱", "12(株)"),
        ("", ""),
        ("NUL\x00 in ASCII", "NUL in ASCII"),
    ],
)
def test_readable(text: str, expected: str) -> None:
    assert readable(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("禾 家", "禾家"),
        ("禾.家/禾_家", "禾家禾家"),
        ("Hé-Jia's", "héjias"),
        ("我种禾，家里人多", f"我种禾{BREAK}家里人多"),
        ("wait... what", f"wait{BREAK}what"),
        ("!!!", BREAK),
    ],
)
def test_compact(text: str, expected: str) -> None:
    assert compact(readable(text)) == expected


def test_a_term_has_no_clauses() -> None:
    assert term_key("Yum, Inc.") == "yuminc"


@given(st.text(max_size=200))
@example("薴")
def test_any_text_is_taken_and_a_second_time_changes_nothing(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert not any("\ud800" <= char <= "\udfff" or char in "\x00\u200b\u202e" for char in once)
    form = compact(once)
    assert all(char.isalnum() or char == BREAK for char in form)


@pytest.mark.parametrize("unit", ["\u0300\u0316", "麵", "发 霉 ", "\ud800\x00"])
def test_work_on_hostile_texts_grows_with_length_and_no_faster(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_countable(monkeypatch, folding, normalise)
    monkeypatch.setattr(
        folding, "unicodedata", SimpleNamespace(normalize=normalize, combining=combining)
    )

    def fold(times: int) -> str:
        return compact(join_spaced_characters(readable("面 包" + unit * times)))

    assert growth(fold, 300) <= 1.01
