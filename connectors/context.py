"""What every connector is built from, beside its own settings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from core.alerts import Alert
from core.bus import Bus
from core.cards import Card, PostedCard, StaffAction
from core.clock import Clock
from core.ports import Intake


class Alarm(Protocol):
    """How a connector tells staff of what no event can say: a gap, a withdrawn permission."""

    async def raise_alert(self, alert: Alert) -> object:
        """Store the alert and pass it on; False where its key is already there."""
        ...


class StaffDesk(Protocol):
    """Where the members of a staff's group are known and their decisions carried out."""

    async def member(self, account: str) -> str | None:
        """Name of the member of staff enrolled with this account, if there is one."""
        ...

    async def card(self, subject: str) -> Card | None:
        """The matter as it is now."""
        ...

    async def act(self, subject: str, action: StaffAction, *, by: str) -> Card:
        """Do it and return the matter as it is then; raises Conflict where it is too late."""
        ...


class Postings(Protocol):
    """Where it is kept which message shows which card; it outlives a restart."""

    async def posting(self, token: str) -> PostedCard | None: ...

    async def save_posting(self, posting: PostedCard) -> None:
        """Store it in place of an earlier one with the same token."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffRoom:
    """What a group of staff needs behind it."""

    desk: StaffDesk
    postings: Callable[[str], Postings]
    """Those of the group with this name; the same for the same name."""
    language: Literal["zh", "en"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """The same for all connectors of one process."""

    intake: Intake
    """Where pushed events are stored."""
    clock: Clock
    bus: Bus
    alarm: Alarm
    folder: Path
    """Relative paths in a connector's settings start here: the configuration's folder."""
    staff: StaffRoom | None = None
    """Where a channel may show staff what waits for them; ``None`` where nobody is behind it."""
