import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import BREAK, compact
from listeners.text.normalise import readable, term_key


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
def test_any_text_is_taken_and_a_second_time_changes_nothing(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert not any("\ud800" <= char <= "\udfff" or char in "\x00\u200b\u202e" for char in once)
    form = compact(once)
    assert all(char.isalnum() or char == BREAK for char in form)


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0300\u0316" * 50_000,
        "-" * 100_000,
        "!，" * 50_000,
        "\ufdfa" * 20_000,
        "麵" * 100_000,
        "\ud800\x00" * 50_000,
    ],
)
def test_long_hostile_texts_take_linear_time(text: str) -> None:
    # Quadratic ways take ten seconds and more here; two are ample on a slow machine.
    start = time.process_time()
    compact(readable(text))
    assert time.process_time() - start < 2
