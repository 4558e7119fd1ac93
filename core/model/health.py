"""The state of connectors and of the store, for staff."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["starting", "connected", "retrying", "finished", "refused", "stopped"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """The state of one connector."""

    name: str
    status: Status
    since: datetime
    """Time of the last change of status."""
    last_event_at: datetime | None = None
    """Time at which the last event was stored."""
    events: int = 0
    """Stored since the start, repeats not counted."""
    restarts: int = 0
    next_try_at: datetime | None = None
    reason: str = ""
    """Reason for not being connected, with the remedy if there is one."""
    bearable: timedelta | None = None
    """Longest usual silence at this hour; ``None`` until it is known."""
    detail: tuple[tuple[str, str], ...] = ()
    """Details reported by the connector: rate budget, lag, ..."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing in the store that is not as it should be."""

    check: str
    """integrity, orphans, stuck, counts, audit."""
    what: str
    """One sentence for the operator."""
    mended: bool
    """True where it was repaired."""
    remedy: str = ""
    """Instruction for the operator where it was not."""
