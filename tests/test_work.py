"""The counters of work that other tests rely on."""

import re
from functools import partial
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import work
from tests.work import CountablePattern, TooMuchWork, calls, growth, make_countable

PATTERNS = (
    r"(?:ab|a)*b",
    r"(?<![a-c])[^b]{1,3}?c\b",
    r"a+$|\s\W",
    r"a?b{2}(?!c)",
    r"(?=a.{0,2}c)\w+",
    r"(?:a.|b){2,3}?c",
    r"(?:(?:a|bc){1,2}\s?){2,}",
)


def steps_of(pattern: str, text: str) -> int:
    countable = CountablePattern(re.compile(pattern))
    return calls(lambda: list(countable.finditer(text)))


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=st.text(alphabet="abc \n", max_size=12))
def test_the_steps_are_those_of_the_same_match(pattern: str, text: str) -> None:
    """The matcher that counts ends where ``re`` ends."""
    counting = CountablePattern(re.compile(pattern))
    for start in range(len(text) + 1):
        found = re.compile(pattern).match(text, start)
        assert next(counting._ends_from(text, start), None) == (found and found.end())


@pytest.mark.parametrize(("pattern", "more"), [("a{1,5}b", 1.0), ("a+b", 5 / 3)])
def test_growth_tells_a_linear_pattern_from_a_quadratic_one(pattern: str, more: float) -> None:
    countable = CountablePattern(re.compile(pattern))
    found = growth(lambda size: list(countable.finditer("a" * size)), 100)
    assert found == pytest.approx(more, rel=0.01)


def test_an_exponential_pattern_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST", 100_000)
    with pytest.raises(TooMuchWork):
        steps_of("(?:a+)+b", "a" * 40)


def test_every_method_is_countable_and_answers_as_re(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("module")
    plain = re.compile("[0-9]+", re.IGNORECASE)
    module.__dict__.update(PATTERN=plain, other=1)
    make_countable(monkeypatch, module)
    countable = module.__dict__["PATTERN"]
    text = "a1 22 b"
    for name, *span in (("match", 1), ("fullmatch", 3, 5), ("search",)):
        result = getattr(countable, name)(text, *span)
        assert result.span() == getattr(plain, name)(text, *span).span()
        assert calls(partial(getattr(countable, name), text, *span)) > 5
    for act, expected in (
        (lambda: [found[0] for found in countable.finditer(text)], ["1", "22"]),
        (lambda: countable.findall(text), ["1", "22"]),
        (lambda: countable.split(text), ["a", " ", " b"]),
        (lambda: countable.sub("#", text), "a# # b"),
    ):
        assert act() == expected
        assert calls(act) > 20


def test_calls_are_counted() -> None:
    assert calls(lambda: [len("a") for _ in range(100)]) - calls(lambda: None) > 100
    assert calls(lambda: sorted("ba")) == calls(lambda: sorted("ba"))
