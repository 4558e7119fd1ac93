"""Texts to try out: plain lines, each taken as a message to the brand, or lines of a feed."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from connectors.event_format import read_event
from core.errors import InputError
from core.types import Author, Event, EventKind


def read_texts(lines: Iterable[bytes], now: datetime) -> Iterator[Event | InputError]:
    """One Event a line that is not blank; an InputError, given and not raised, where it is none.

    A line that begins with ``{`` is read as docs/event-format.md says.
    """
    for number, line in enumerate(lines, 1):
        line = line.strip().removeprefix(b"\xef\xbb\xbf")
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
