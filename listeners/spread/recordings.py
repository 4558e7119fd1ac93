"""Reads recorded data line by line; InputError names a line that cannot be read, and the remedy."""

import csv
import io
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from core.errors import InputError
from listeners.spread.cascades.features import Cascade, events_from_polls
from listeners.spread.volume import LARGEST

MAX_LINE_CHARACTERS: Final = 20_000_000
"""Longer lines are refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedBin:
    """One line of a volume file."""

    line: int
    at: datetime
    written: str
    """The time as written in the file."""
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedCascade:
    """One line of a cascade file."""

    line: int
    id: str
    cascade: Cascade


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedPost:
    """One line of an incident file."""

    line: int
    id: str
    at: datetime
    text: str


def read_bins(lines: Iterable[str]) -> Iterator[RecordedBin]:
    """Lines of ``timestamp,value``, oldest first, with or without a header."""
    last: datetime | None = None
    for number, line in _numbered(lines):
        try:
            cells = next(csv.reader(io.StringIO(line), strict=True), [])
        except csv.Error as error:
            raise InputError(f"line {number}: {error}; write timestamp,value") from error
        if len(cells) < 2:
            raise InputError(f"line {number}: one column; write timestamp,value")
        if number == 1 and cells[0].strip("\ufeff ").casefold() == "timestamp":
            continue
        at = _time(cells[0], number)
        if last is not None and at <= last:
            raise InputError(
                f"line {number}: {cells[0]} is not after the line before; sort by time"
            )
        last = at
        yield RecordedBin(
            line=number, at=at, written=cells[0].strip(), value=_count(cells[1], number)
        )


def read_cascades(lines: Iterable[str]) -> Iterator[RecordedCascade]:
    """Lines of ``{"id", "events" or "polls", "channel"?, "posted_at"?, "author_followers"?}``.

    ``events`` are seconds after the post; ``polls`` are pairs of second and count.
    """
    for number, record in _records(lines):
        channel = record.get("channel")
        posted = record.get("posted_at")
        followers = record.get("author_followers")
        if "events" in record:
            events = _floats(record["events"], number, "events")
            cascade = Cascade(events=np.sort(np.array(events, dtype=np.float64)))
        elif "polls" in record:
            pairs = [
                _floats(pair, number, "polls") for pair in _list(record["polls"], number, "polls")
            ]
            if any(len(pair) != 2 for pair in pairs):
                raise InputError(f"line {number}: polls: give pairs of second and count")
            cascade = events_from_polls([(pair[0], int(pair[1])) for pair in pairs])
        else:
            raise InputError(f"line {number}: neither events nor polls; give one of them")
        if followers is not None and (
            isinstance(followers, bool) or not isinstance(followers, int)
        ):
            raise InputError(
                f"line {number}: author_followers: give a whole number or leave it out"
            )
        if channel is not None and not isinstance(channel, str):
            raise InputError(f"line {number}: channel: give a name or leave it out")
        yield RecordedCascade(
            line=number,
            id=_id(record, number),
            cascade=Cascade(
                events=cascade.events,
                weight=cascade.weight,
                channel=channel,
                posted_at=None if posted is None else _time(posted, number),
                followers=followers,
            ),
        )


def read_posts(lines: Iterable[str]) -> Iterator[RecordedPost]:
    """Lines of ``{"id", "posted_at", "text"}``."""
    for number, record in _records(lines):
        text = record.get("text")
        if not isinstance(text, str):
            raise InputError(f"line {number}: text: give a text")
        yield RecordedPost(
            line=number,
            id=_id(record, number),
            at=_time(record.get("posted_at"), number),
            text=text,
        )


def bin_seconds(first: Iterable[RecordedBin]) -> float:
    """The smallest distance between neighbouring bins. Raises InputError for fewer than two."""
    steps = [(after.at - before.at).total_seconds() for before, after in itertools.pairwise(first)]
    if not steps:
        raise InputError("fewer than two bins: give lines of timestamp,value, one a bin")
    return min(steps)


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE_CHARACTERS:
            raise InputError(
                f"line {number}: longer than {MAX_LINE_CHARACTERS} characters; shorten it"
            )
        if line.strip():
            yield number, line


def _records(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in _numbered(lines):
        try:
            record: object = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"line {number}: not JSON ({error}); write one object a line"
            ) from error
        if not isinstance(record, dict):
            raise InputError(f"line {number}: not an object; write one object a line")
        yield number, record


def _id(record: Mapping[str, object], number: int) -> str:
    found = record.get("id")
    if isinstance(found, str | int) and not isinstance(found, bool):
        return str(found)
    raise InputError(f"line {number}: id: give each line an id")


def _time(value: object, number: int) -> datetime:
    """A time in UTC; without an offset it is taken as UTC."""
    try:
        at = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        if at is not None:
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"line {number}: {str(value)[:40]!r} is not a time; write 2026-01-31T12:00:00Z"
    )


def _count(value: str, number: int) -> float:
    try:
        count = float(value)
    except ValueError:
        count = math.nan
    if not 0 <= count <= LARGEST:
        raise InputError(
            f"line {number}: {value.strip()[:40]!r} is not a count; "
            f"give a number from 0 to {LARGEST:g}"
        )
    return count


def _list(value: object, number: int, name: str) -> list[object]:
    if not isinstance(value, list):
        raise InputError(f"line {number}: {name}: give a list")
    return value


def _floats(value: object, number: int, name: str) -> list[float]:
    found = []
    for one in _list(value, number, name):
        if isinstance(one, bool) or not isinstance(one, int | float) or not 0 <= one <= 1e12:
            raise InputError(
                f"line {number}: {name}: {str(one)[:40]} is not a number of seconds after the post"
            )
        found.append(float(one))
    return found
