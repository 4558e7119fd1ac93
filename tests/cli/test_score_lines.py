"""Lines in, judgements and shares of voice out."""

import json
from io import StringIO

import pytest

from cli.commands.understanding import MAX_LINE_BYTES, score_lines, share_of_voice_lines
from cli.settings_file import parse
from listeners.factory import Understanding, build_understanding
from tests.listeners.learning.test_adapt import CONFIG

THEIRS = '[[brands]]\nid = "b"\nname = "B"\nterms = ["B店"]\n[[channels]]\n'


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return build_understanding(parse(CONFIG.replace("[[channels]]\n", THEIRS), {}))


def lines(*texts: str) -> list[bytes]:
    return [json.dumps({"id": n, "text": text}).encode() for n, text in enumerate(texts)]


def test_an_answer_carries_everything(understanding: Understanding) -> None:
    out, errors = StringIO(), StringIO()
    given = [*lines("太过分了//@x: A店的面包发霉了", "A店真好"), b"  "]
    assert score_lines(given, understanding, out=out, errors=errors) == 0
    repost, plain = map(json.loads, out.getvalue().splitlines())
    assert (repost["own"], repost["passed_on"]) == ("太过分了", "A店的面包发霉了")
    assert (plain["own"], plain["passed_on"]) == (None, None)
    assert repost["brands"] == ["a"]
    assert set(plain) == {
        *("id", "language", "brands", "sentiment", "probabilities", "complaint", "category"),
        *("intent", "risk", "relevance", "adverse", "denial", "offensive", "spam", "evidence"),
        *("own", "passed_on", "model"),
    }
    assert errors.getvalue() == ""


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"id": 1}', b'{"text": "a"}', b"x" * (MAX_LINE_BYTES + 1), b"[" * 90_000],
)
def test_a_malformed_line_is_reported_and_the_others_are_judged(
    understanding: Understanding, line: bytes
) -> None:
    for command in (score_lines, share_of_voice_lines):
        out, errors = StringIO(), StringIO()
        given = [line, *lines("A店真好")]
        assert command(given, understanding, out=out, errors=errors) == 1
        assert errors.getvalue().startswith("line 1: ")
        assert out.getvalue()


def test_sentiment_of_a_comparison_counts_for_the_first_brand(understanding: Understanding) -> None:
    out = StringIO()
    given = lines("B店比A店便宜多了", "B店真好吃，太喜欢了", "天气不错")
    assert share_of_voice_lines(given, understanding, out=out, errors=StringIO()) == 0
    theirs, ours = map(json.loads, out.getvalue().splitlines())
    assert (ours["brand"], ours["mentions"], ours["alone"], ours["negative"]) == ("a", 1, 0, 1)
    assert (theirs["brand"], theirs["mentions"], theirs["alone"]) == ("b", 2, 1)
    assert theirs["positive"] == 1
