"""How far X has been read and what that has cost: what outlives a restart."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """The content of a cursor."""

    since: int | None = None
    """All posts up to this id are stored."""
    contact: datetime | None = None
    """When X was last asked what there is."""
    month: str = ""
    """In UTC: ``2026-03``."""
    read: int = 0
    """Posts read in that month."""

    @staticmethod
    def read_from(cursor: str | None) -> "Mark":
        """The mark in a stored cursor; an empty one where it is none of ours."""
        try:
            data: object = json.loads(cursor or "")
        except (ValueError, RecursionError):
            return Mark()
        if not isinstance(data, dict):
            return Mark()
        month = data.get("month")
        return Mark(
            since=_number(data.get("since")),
            contact=_moment(data.get("contact")),
            month=month if isinstance(month, str) else "",
            read=_number(data.get("read")) or 0,
        )

    def write(self) -> str:
        """The cursor with this content."""
        contact = self.contact and self.contact.isoformat(timespec="seconds")
        return json.dumps(
            {
                "since": None if self.since is None else str(self.since),
                "contact": contact,
                "month": self.month,
                "read": self.read,
            }
        )


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return None
