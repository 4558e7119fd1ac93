"""Dependencies that every connector gets besides its own settings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from core.clock import Clock
from core.i18n import Catalogue
from core.model.alerts import Alert
from core.model.cards import Card, PostedCard, StaffAction
from core.ports import Intake
from core.runtime.bus import Bus


class RaisesAlerts(Protocol):
    """Takes alerts about a connector itself: a gap in its events, a budget that is spent."""

    async def raise_alert(self, alert: Alert) -> object:
        """Store the alert and pass it on; returns False if its key is stored already."""
        ...


class StaffDesk(Protocol):
    """The staff behind a staff group: who is enrolled, and the decisions that buttons make."""

    async def member(self, account: str) -> str | None:
        """Name of the member of staff enrolled with this platform account."""
        ...

    async def card(self, subject: str) -> Card | None:
        """The current state of the card about ``subject``."""
        ...

    async def act(self, subject: str, action: StaffAction, *, by: str) -> Card:
        """Carry out ``action``; returns the card after it. Raises Conflict if it is too late."""
        ...


class PostedCards(Protocol):
    """Stores which message shows which card, across restarts."""

    async def posting(self, token: str) -> PostedCard | None: ...

    async def save_posting(self, posting: PostedCard) -> None:
        """Store ``posting`` in place of an earlier one with the same token."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffRoom:
    """Dependencies of a staff group."""

    desk: StaffDesk
    postings: Callable[[str], PostedCards]
    """The posted cards of the group with a given name."""
    language: Literal["zh", "en"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectorContext:
    """Shared by all connectors of one process."""

    intake: Intake
    """Takes events that are pushed to a connector."""
    clock: Clock
    bus: Bus
    alarm: RaisesAlerts
    catalogue: Catalogue
    """Texts for staff."""
    folder: Path
    """The configuration's folder, to which paths in a connector's settings are relative."""
    accounts: frozenset[str] = frozenset()
    """Ids of the brands' accounts on this channel, besides the one that replies."""
    staff: StaffRoom | None = None
    """``None`` where the process serves no staff, as when a feed is replayed."""
