"""Terms: words, bigrams and concepts."""

import pytest

from core.errors import ConfigError
from responders.answering.search import parse_lexicon, shipped_lexicon, stem

FILE = """
stop_zh = ["你们"]
stop_en = ["the"]
[concepts]
close = ["关门", "shut"]
hours = ["opening hours"]
[characters]
traditional = "們關門"
simplified = "们关门"
"""


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("你们几点关门", ["几点", "=close"]),
        ("你們關門", ["=close"]),
        ("关\u200b门", ["=close"]),
        ("茶", ["茶"]),
        ("好茶叶", ["好茶", "茶叶"]),
        ("The Opening Hours", ["=hours"]),
        ("opening", ["open"]),
        ("shutting shops", ["=close", "shop"]),
        ("ＳＨＵＴ关门 shut", ["=close", "=close", "=close"]),
        ("!?", []),
    ],
)
def test_terms_of_a_text(text: str, terms: list[str]) -> None:
    assert parse_lexicon(FILE).terms(text) == terms


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("closes", "close"),
        ("closing", "close"),
        ("close", "close"),
        ("closed", "close"),
        ("deliveries", "deliveri"),
        ("delivery", "deliveri"),
        ("stopped", "stop"),
        ("pass", "pass"),
        ("see", "see"),
        ("us", "us"),
        ("2000", "2000"),
        ("refills", "refil"),
    ],
)
def test_stems(word: str, stemmed: str) -> None:
    assert stem(word) == stemmed


def test_every_mistake_is_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_lexicon('stop_zh = 1\n[characters]\ntraditional = "們"\nsimplified = ""\n')
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {
        "lexicon.stop_zh",
        "lexicon.stop_en",
        "lexicon.concepts",
        "lexicon.characters",
    }


def test_a_file_that_is_not_toml_is_named() -> None:
    with pytest.raises(ConfigError, match="lexicon"):
        parse_lexicon("[")


def test_an_empty_lexicon_still_makes_terms() -> None:
    bare = parse_lexicon(
        'stop_zh = []\nstop_en = []\n[concepts]\n[characters]\ntraditional = ""\nsimplified = ""'
    )
    assert bare.terms("关门 shut") == ["关门", "shut"]


def test_the_shipped_lexicon_knows_both_languages() -> None:
    lexicon = shipped_lexicon()
    assert (
        lexicon.terms("几点打烊") == lexicon.terms("what time do you close") == ["=when", "=close"]
    )
