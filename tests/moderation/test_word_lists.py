"""Word lists: their file, and how a text is compared with them."""

import pytest

from core.errors import ConfigError
from moderation.word_lists import WordFinder, fold_for_search, parse_words, shipped_words


@pytest.mark.parametrize(
    ("text", "word", "held"),
    [
        ("我们 保 证 赔 偿 您", "保证赔偿", True),
        ("保\u200b证赔偿", "保证赔偿", True),
        ("保\ufe0f证\u034f赔偿", "保证赔偿", True),
        ("ＷＥ  ADMIT it", "we admit", True),
        ("so we admitted", "we admit", False),
        ("owe admit", "we admit", False),
        ("owe admit, we admit", "we admit", True),
        ("100% safe.", "100% safe", True),
        ("2100% safe", "100% safe", False),
        ("加V：abc", "加v", True),
        ("see t.me/abc", "t.me/", True),
        ("进 QQ群 吧", "qq群", True),
        ("", "we admit", False),
    ],
)
def test_a_word_is_found_in_any_obfuscation(text: str, word: str, held: bool) -> None:
    assert bool(WordFinder([word]).found(fold_for_search(text))) is held


def test_every_word_is_found_once_and_an_empty_list_finds_nothing() -> None:
    text = fold_for_search("保证赔偿，we admit, we ADMIT")
    assert WordFinder(["We Admit", "保证 赔偿", "私了"]).found(text) == ["we admit", "保证赔偿"]
    assert WordFinder([]).found(text) == []


def test_the_shipped_lists_are_in_both_languages() -> None:
    lists = shipped_words()
    for words in (lists.spam.offers, lists.spam.contact, lists.promises.banned):
        assert any(word.isascii() for word in words)
        assert any(not word.isascii() for word in words)


def test_every_mistake_is_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_words('[spam]\noffers = ["x"]\n[promises]\nbaned = ["ab"]\n')
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {
        "words.spam.offers[0]",
        "words.spam.contact",
        "words.promises.banned",
        "words.promises.baned",
    }


def test_malformed_toml_is_reported_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"not TOML.*line 1"):
        parse_words("[spam\n")
