"""Texts to try out, from a file of any kind or from standard input."""

import gzip
import io
from pathlib import Path

import pytest

from cli.commands.try_texts import lines_of, read_texts
from core.errors import InputError
from core.model.events import Event, EventKind
from tests.connectors.support import START

FEED = b'{"channel":"weibo","id":1,"author":{"id":2},"text":"x","posted_at":0}'


def test_a_plain_line_is_a_message_to_the_brand() -> None:
    (event,) = read_texts(["\ufeff 你们几点关门? \n".encode()], START)
    assert isinstance(event, Event)
    assert event.text == " 你们几点关门?"
    assert (event.kind, event.solicited, event.posted_at) == (EventKind.MESSAGE, True, START)


def test_lines_of_a_feed_are_its_events_and_mistakes_are_given() -> None:
    found = list(read_texts([b"\n", FEED, b"{}", b"bad \xff", b" "], START))
    feed, mistake, plain = found
    assert isinstance(feed, Event)
    assert feed.channel == "weibo"
    assert isinstance(mistake, InputError)
    assert str(mistake).startswith("line 3: ")
    assert isinstance(plain, Event)
    assert (plain.text, plain.id) == ("bad \ufffd", "line-4")


@pytest.mark.parametrize("packed", [False, True])
def test_files_are_read_gzipped_or_not(tmp_path: Path, packed: bool) -> None:
    file = tmp_path / "texts"
    file.write_bytes(gzip.compress(b"a\nb\n") if packed else b"a\nb\n")
    assert list(lines_of(file)) == [b"a\n", b"b\n"]


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\nb")))
    assert list(lines_of(Path("-"))) == [b"a\n", b"b"]


@pytest.mark.parametrize("kind", ["missing", "folder", "cut", "overwritten"])
def test_what_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "texts"
    packed = gzip.compress(b"text\n" * 1000)
    if kind == "folder":
        file.mkdir()
    elif kind != "missing":
        file.write_bytes(packed[:-20] if kind == "cut" else packed[:10] + b"\xff" * 60)
    with pytest.raises(InputError, match=r"texts cannot be read .* Name a file of texts"):
        list(lines_of(file))
