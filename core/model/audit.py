"""The audit log: entries are only added, each sealing the one before it by its hash."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.clock import micros

START: Final = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """One line of the audit log."""

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


def next_entry(
    last: AuditEntry | None, *, at: datetime, who: str, what: str, about: str
) -> AuditEntry:
    """The entry that follows ``last``."""
    seq, before = (last.seq + 1, last.hash) if last else (1, START)
    line = json.dumps([seq, micros(at), who, what, about, before])
    digest = hashlib.sha256(line.encode()).hexdigest()
    return AuditEntry(seq=seq, at=at, who=who, what=what, about=about, before=before, hash=digest)


def first_broken(entries: Sequence[AuditEntry]) -> int | None:
    """Seq of the first entry that was changed or follows a gap; ``None`` for a sound log."""
    last: AuditEntry | None = None
    for each in entries:
        if each != next_entry(last, at=each.at, who=each.who, what=each.what, about=each.about):
            return each.seq
        last = each
    return None


def pseudonym(customer: str) -> str:
    """The name of a customer in the log: a hash that cannot be read back."""
    data = customer.encode("utf-8", "surrogatepass")
    return f"customer {hashlib.sha256(data).hexdigest()[:16]}"
