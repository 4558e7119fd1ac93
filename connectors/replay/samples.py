"""Reads texts for ``run.py try``: plain lines, each a private message, or lines of a feed."""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.replay.events import read_event
from core.errors import InputError
from core.model.events import Author, Event, EventKind

_LONGEST: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"


def lines_of(file: Path) -> Iterator[bytes]:
    """The lines of ``file``, gzipped or not; of standard input for ``-``.

    Lines of more than 1 MiB are split. Raises InputError if the file cannot be read.
    """
    try:
        if str(file) == "-":
            yield from iter(lambda: sys.stdin.buffer.readline(_LONGEST), b"")
            return
        with file.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            with gzip.open(plain) if packed else plain as opened:
                yield from iter(lambda: opened.readline(_LONGEST), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file} cannot be read ({error}). Name a file of texts.") from error


def read_texts(lines: Iterable[bytes], now: datetime) -> Iterator[Event | InputError]:
    """Yield one Event per line that is not blank, or the InputError that its parsing raised.

    A line that starts with ``{`` is parsed as docs/reference/event-format.md specifies.
    """
    for number, raw in enumerate(lines, 1):
        line = raw.strip().removeprefix(b"\xef\xbb\xbf")
        if not line:
            continue
        if line.startswith(b"{"):
            try:
                yield read_event(line, number)
            except InputError as error:
                yield error
            continue
        yield Event(
            channel="try",
            id=f"line-{number}",
            kind=EventKind.MESSAGE,
            author=Author(id=f"line-{number}"),
            text=line.decode("utf-8", errors="replace"),
            posted_at=now,
            conversation=f"line-{number}",
            solicited=True,
        )
