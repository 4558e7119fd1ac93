"""The audit log: entries that are only added, each sealing the one before it by its hash."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from storage.encoding import micros, moment, text_of
from storage.portable import Row

START: Final = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Who did what when."""

    seq: int
    at: datetime
    who: str
    what: str
    """erase, export, restore, rotate, ..."""
    about: str
    """Of what, never a name: a customer stands as a hash."""
    before: str
    """Hash of the entry before."""
    hash: str


def entry(last: Entry | None, *, at: datetime, who: str, what: str, about: str) -> Entry:
    """The entry that follows ``last``."""
    seq, before = (last.seq + 1, last.hash) if last else (1, START)
    line = json.dumps([seq, micros(at), who, what, about, before])
    digest = hashlib.sha256(line.encode()).hexdigest()
    return Entry(seq=seq, at=at, who=who, what=what, about=about, before=before, hash=digest)


def broken(entries: Sequence[Entry]) -> int | None:
    """Number of the first entry that was changed, or that follows a gap; ``None`` if all hold."""
    last: Entry | None = None
    for each in entries:
        if each != entry(last, at=each.at, who=each.who, what=each.what, about=each.about):
            return each.seq
        last = each
    return None


def pseudonym(customer: str) -> str:
    """What stands for a customer in the log."""
    data = customer.encode("utf-8", "surrogatepass")
    return f"customer {hashlib.sha256(data).hexdigest()[:16]}"


def from_row(row: Row) -> Entry:
    """The entry in a row of ``storage.portable``."""
    seq, at, *rest = row
    assert isinstance(seq, int)  # noqa: S101 - the fields' types, for the type checker
    assert isinstance(at, int)  # noqa: S101
    texts = [text_of(part) if isinstance(part, str | bytes) else "" for part in rest]
    return Entry(
        seq=seq,
        at=moment(at),
        who=texts[0],
        what=texts[1],
        about=texts[2],
        before=texts[3],
        hash=texts[4],
    )
