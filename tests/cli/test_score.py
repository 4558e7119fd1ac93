"""``score``: one answer a line, in order; a bad line is told and the rest goes on."""

import json

import pytest

from tests.cli.running import no_traceback, tingfeng

pytestmark = pytest.mark.process


def test_good_lines_are_answered_in_order() -> None:
    lines = [
        {"id": 1, "text": "禾家的面包发霉了，要退款"},
        {"id": "b", "text": "What a lovely shop"},
        {"id": "c", "text": ""},
        {"id": "d\ud800", "text": "\ud800\x00😀"},
    ]
    done = tingfeng("score", given="\n".join(map(json.dumps, lines)).encode())
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [1, "b", "c", "d\ud800"]
    first = answers[0]
    assert first["brands"] == ["hejia"]
    assert (first["language"], first["sentiment"]) == ("zh", "negative")
    assert first["complaint"] > 0.5
    for answer in answers:
        assert abs(sum(answer["probabilities"].values()) - 1) < 0.01
        assert set(answer["probabilities"]) == {"negative", "neutral", "positive"}


def test_bad_lines_are_reported_by_number_and_the_rest_is_judged() -> None:
    bad = [b"{", b"[]", b'{"id": 1}', b'{"text": "a"}', b"\xff", b"[" * 100_000, b"x" * (2 << 20)]
    good = b'{"id": "last", "text": "ok"}'
    done = tingfeng("score", given=b"\n".join([*bad, b"", good]))
    assert done.returncode == 1
    assert json.loads(done.stdout)["id"] == "last"
    said = no_traceback(done)
    for number in range(1, len(bad) + 1):
        assert f"line {number}: " in said


def test_empty_input_gives_empty_output() -> None:
    done = tingfeng("score")
    assert (done.returncode, done.stdout) == (0, b"")
