"""Sentences out of lists: what is filled in, and which mistakes in the lists are found."""

from random import Random

import pytest

from examples.supermarket.grammar import expand, fill, grammar, read_lists


def test_slots_are_filled_from_their_lists() -> None:
    lists = read_lists(['greet = ["{word}, {name}"]\nword = ["hi"]', 'name = ["Ann", "Bo"]'])
    found = {expand(lists, "greet", Random(seed)) for seed in range(20)}
    assert found == {"hi, Ann", "hi, Bo"}


def test_equal_slots_are_rarely_filled_alike() -> None:
    lists = read_lists(['fruit = ["apple", "pear", "plum"]'])
    filled = (fill(lists, "{fruit} {fruit}", Random(seed)).split() for seed in range(300))
    assert sum(first == second for first, second in filled) <= 6


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (['a = ["x"]', 'a = ["y"]'], "twice"),
        (["a = []"], "must be a non-empty list"),
        (["a = [1]"], "must be a non-empty list"),
        (['a = ["{b}"]'], "'b', which is missing"),
        (['a = ["{b}"]\nb = ["{a}"]'], "refers to itself"),
    ],
)
def test_mistakes_in_lists_are_named(files: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_lists(files)


def test_no_brace_is_left_in_any_sentence() -> None:
    lists = grammar()
    for name in lists:
        for seed in range(20):
            assert "{" not in expand(lists, name, Random(seed)), name


def test_lists_give_hundreds_of_sentences() -> None:
    lists = grammar()
    random = Random(1)
    for name, least in {"praise_zh": 450, "grumble_zh": 400, "mould_post": 450}.items():
        assert len({expand(lists, name, random) for _ in range(500)}) >= least, name
