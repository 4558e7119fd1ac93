"""The content of a store as rows that every store can read and write.

A row is a tuple of plain values in the order of its kind's fields. Bodies stay as they are sealed,
and so do blinded names, so whoever moves rows needs the same key; the key ring is itself a row.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from core.errors import InputError
from core.repositories import Values
from storage.encoding import text_of
from storage.encryption import Coder

Value = str | bytes | int | None
Row = tuple[Value, ...]

BATCH: Final = 500

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "settings": ("key", "value"),
    "events": (
        *("seq", "channel", "id", "revision", "kind", "author", "state", "attempts", "due"),
        *("received_at", "reason", "body"),
    ),
    "mentions": ("seq", "posted_at", "negative", "withdrawn", "ticket", "body"),
    "conversations": ("channel", "id", "customer", "body"),
    "lines": ("seq", "channel", "conversation", "native", "direction", "body"),
    "tickets": ("number", "origin", "body"),
    "replies": (
        *("place", "key", "channel", "conversation", "reply_to", "state", "due", "mention"),
        "body",
    ),
    "dead_letters": ("id", "channel", "native", "seq", "raw", "reason", "at"),
    "alerts": ("place", "key", "state", "created_at", "body"),
    "deliveries": ("alert", "receiver", "due", "delivered", "reason"),
    "incidents": ("id", "key", "state", "last_at", "body"),
    "freezes": ("id", "body"),
    "silences": ("id", "until", "body"),
    "corrections": ("mention", "at", "body"),
    "tracked": ("mention", "channel", "next_at", "body"),
    "articles": ("place", "id", "language", "body"),
    "audit": ("seq", "at", "who", "what", "about", "before", "hash"),
    "cursors": ("connector", "cursor"),
    "counters": ("name", "n"),
    "numbers": ("name", "last"),
}
"""Fields by kind, in the order in which kinds are written: what is referred to comes first."""


_BLIND: Final = {
    "events": ("author",),
    "conversations": ("id", "customer"),
    "lines": ("conversation",),
    "replies": ("conversation",),
}
"""Fields that hold blinded names, by kind."""
SEALED: Final = ("body", "raw")
"""Fields that hold sealed records; no kind has both."""


SEALED_KINDS: Final = tuple(kind for kind in KINDS if not set(SEALED).isdisjoint(KINDS[kind]))
"""Kinds with a sealed field."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Progress of work on the rows of one kind."""

    kind: str
    done: int
    """Rows of this kind."""
    total: int


class Rows(Protocol):
    """Everything a store holds, as rows."""

    def read(self, kind: str) -> AsyncIterator[list[Row]]:
        """All rows of a kind, in batches, by their first fields."""
        ...

    async def write(self, kind: str, rows: Sequence[Row]) -> None:
        """Store rows; those that are there already stay as they are."""
        ...

    async def count(self, kind: str) -> int:
        """The number of rows of a kind."""
        ...

    async def reseal(self, tell: Callable[[Progress], None]) -> int:
        """Seal everything under the newest key; returns the number of records that were not.

        Works in small transactions and may be interrupted and repeated.
        """
        ...


class Movable(Protocol):
    """A store whose rows can be read and written."""

    @property
    def coder(self) -> Coder:
        """Encodes its records and seals them."""
        ...

    @property
    def rows(self) -> Rows: ...
    @property
    def values(self) -> Values: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """Count and checksum of the rows of a kind, whatever their order."""

    count: int = 0
    digest: int = 0
    """Sum of the rows' SHA-256, modulo 2**256."""

    def plus(self, kind: str, rows: Iterable[Row]) -> "Sum":
        """With more rows."""
        count, digest = self.count, self.digest
        for row in rows:
            line = f"{kind} {to_json(row)}".encode()
            digest += int.from_bytes(hashlib.sha256(line).digest(), "big")
            count += 1
        return Sum(count=count, digest=digest % 2**256)


def opened(kind: str, row: Row, coder: Coder) -> Row:
    """A row with its records unsealed."""
    fields = KINDS[kind]
    return tuple(
        coder.open(value) if field in SEALED and isinstance(value, bytes) else value
        for field, value in zip(fields, row, strict=True)
    )


def sealed(kind: str, row: Row, coder: Coder) -> Row:
    """A row of a store without encryption as an encrypted store writes it."""
    names = _BLIND.get(kind, ())
    found: list[Value] = []
    for field, value in zip(KINDS[kind], row, strict=True):
        if field in SEALED and isinstance(value, bytes):
            found.append(coder.seal(value))
        elif field in names and isinstance(value, str | bytes):
            found.append(coder.who(text_of(value)))
        else:
            found.append(value)
    return tuple(found)


async def sum_of(store: Movable, kind: str) -> Sum:
    """Count and checksum of what a store holds of a kind."""
    total = Sum()
    async for rows in store.rows.read(kind):
        total = total.plus(kind, [opened(kind, row, store.coder) for row in rows])
    return total


def to_json(row: Row) -> str:
    """A row as one line of ASCII; bytes become base64 in a list of one."""
    return json.dumps(
        [[base64.b64encode(part).decode()] if isinstance(part, bytes) else part for part in row],
        separators=(",", ":"),
    )


def from_json(line: str) -> Row:
    """The row that ``to_json`` wrote; raises InputError for anything else."""
    try:
        found: object = json.loads(line)
    except ValueError:
        raise InputError("not a row of a backup") from None
    if not isinstance(found, list):
        raise InputError("not a row of a backup")
    return tuple(_value(part) for part in found)


def _value(part: object) -> Value:
    if isinstance(part, list) and len(part) == 1 and isinstance(part[0], str):
        return base64.b64decode(part[0])
    if part is None or isinstance(part, str | int):
        return part
    raise InputError("not a value of a row of a backup")
