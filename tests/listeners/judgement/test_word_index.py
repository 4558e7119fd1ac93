"""Listed words are found at the characters where they stand."""

import pytest

from listeners.judgement.lexicon import WordIndex

INDEX = WordIndex({"mould": ["发霉"], "one": ["一"], "bad": ["bad", "rott*"]})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("面包发霉了", [("发霉", 2, 4)]),
        ("😀😀发霉😀", [("发霉", 2, 4)]),
        ("\ud800发霉", [("发霉", 1, 3)]),
        ("bad 发霉 rotten badly", [("bad", 0, 3), ("发霉", 4, 6), ("rott", 7, 11)]),
        # The second half of one character and the first half of the next are those of 一.
        ("\u124e\u0012", []),
        ("\u124e\u0012一", [("一", 2, 3)]),
    ],
)
def test_words_have_the_places_of_their_characters(
    text: str, found: list[tuple[str, int, int]]
) -> None:
    assert [(hit.word, hit.start, hit.end) for hit in INDEX.hits(text)] == found
