"""Replies in a file: durable, found again by key, and each on a line of its own."""

import json
from pathlib import Path

import pytest

from connectors.replay.files import RepliesFile
from core.model.outbox import Target

TARGET = Target(channel="weibo", conversation="c1", reply_to="p1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "replies.jsonl"


def test_replies_are_written_and_found(path: Path) -> None:
    ledger = RepliesFile(path)
    assert not ledger.has("k1")
    ledger.append(TARGET, "抱歉\n\ud800", "k1")
    ledger.append(TARGET, "again", "k2")
    assert ledger.has("k1")
    assert RepliesFile(path).has("k2")
    assert not ledger.has("k")
    first, _ = path.read_text("ascii").splitlines()
    assert json.loads(first) == {
        "key": "k1",
        "channel": "weibo",
        "conversation": "c1",
        "reply_to": "p1",
        "text": "抱歉\n\ud800",
    }


def test_a_line_that_a_crash_cut_short_costs_only_itself(path: Path) -> None:
    ledger = RepliesFile(path)
    ledger.append(TARGET, "one", "k1")
    with path.open("ab") as file:
        file.write(b'{"key": "k2", "te')
    assert not ledger.has("k2")
    ledger.append(TARGET, "three", "k3")
    assert ledger.has("k3")
    assert ledger.has("k1")
    assert not ledger.has("k2")


@pytest.mark.parametrize("line", [b"[]", b'{"key": 5}', b"\xff", b"null"])
def test_other_lines_are_passed_over(path: Path, line: bytes) -> None:
    path.write_bytes(line + b"\n")
    RepliesFile(path).append(TARGET, "x", "k1")
    assert RepliesFile(path).has("k1")
