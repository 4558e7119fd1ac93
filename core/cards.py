"""What staff are shown of an alert or a draft outside the console, and what they may do there."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, Protocol

from core.alerts import Alert
from core.outbox import Reply, ReplyState
from core.taxonomy import Severity


class StaffAction(StrEnum):
    """What a button does."""

    ACKNOWLEDGE = "acknowledge"
    TAKE = "take"
    APPROVE = "approve"
    REJECT = "reject"
    SNOOZE = "snooze"
    PAUSE = "pause"
    RESUME = "resume"


CardState = Literal[
    "open",
    "acknowledged",
    "taken",
    "snoozed",
    "resolved",
    "approved",
    "sent",
    "failed",
    "rejected",
    "cancelled",
]

_A: Final = StaffAction
_ALERT: Final[Mapping[CardState, tuple[StaffAction, ...]]] = {
    "open": (_A.ACKNOWLEDGE, _A.TAKE, _A.SNOOZE),
    "acknowledged": (_A.TAKE,),
    "snoozed": (_A.ACKNOWLEDGE, _A.TAKE),
}
_DRAFT: Final[Mapping[CardState, tuple[StaffAction, ...]]] = {
    "open": (_A.APPROVE, _A.REJECT, _A.TAKE),
    "taken": (_A.APPROVE, _A.REJECT),
}


_DRAFT_STATES: Final[Mapping[ReplyState, CardState]] = {
    ReplyState.CANCELLED: "rejected",
    ReplyState.SENT: "sent",
    ReplyState.REJECTED: "failed",
    ReplyState.UNKNOWN: "failed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One matter as staff see it now."""

    subject: str
    """What it is about, unique: ``alert:KEY``, or ``draft:SEQ:KEY`` with the mention's seq."""
    kind: Literal["alert", "draft"]
    severity: Severity | None = None
    title: str
    body: str
    """Masked already."""
    state: CardState
    by: str = ""
    """Who brought it into this state."""
    paused: bool = False
    """True while no automatic reply goes out."""
    notices: int = 0
    """As Alert.notices: a higher one has to be noticed, a change of state need not be."""

    @property
    def token(self) -> str:
        """The subject in 32 characters, for platforms that leave little room behind a button."""
        return token_of(self.subject)

    @property
    def actions(self) -> tuple[StaffAction, ...]:
        """What may be done now."""
        offered = (_ALERT if self.kind == "alert" else _DRAFT).get(self.state, ())
        if self.kind == "draft" or self.state == "resolved":
            return offered
        return (*offered, _A.RESUME if self.paused else _A.PAUSE)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostedCard:
    """Where a card stands in a group."""

    token: str
    """Card.token."""
    subject: str
    chat: int
    message: int
    notices: int = 0
    """Card.notices when it was posted."""
    shown: str = ""
    """Digest of what the message says now."""
    over: bool = False
    """True where nothing is left to press."""


class StaffBoard(Protocol):
    """A place where staff see cards and press their buttons."""

    @property
    def name(self) -> str:
        """Unique; the name under which it receives alerts."""
        ...

    async def deliver(self, alert: Alert) -> None:
        """Show an alert; raises Unavailable to be called again, Refused for good."""
        ...

    async def show(self, card: Card) -> None:
        """Post the card, or change it where it stands already; raises as ``deliver``."""
        ...

    async def update(self, card: Card) -> None:
        """Change the card where it stands; nothing where it does not. Raises as ``deliver``."""
        ...


def token_of(subject: str) -> str:
    """See Card.token."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def alert_card(alert: Alert, *, now: datetime, paused: bool = False, by: str = "") -> Card:
    """An alert as a card; with an owner it is taken. ``by``: who acknowledged or snoozed it."""
    state: CardState = "open"
    if alert.state == "resolved":
        state = "resolved"
    elif alert.state == "acknowledged":
        state = "taken" if alert.owner else "acknowledged"
    elif alert.snoozed_until is not None and alert.snoozed_until > now:
        state = "snoozed"
    return Card(
        subject=f"alert:{alert.key}",
        kind="alert",
        severity=alert.severity,
        title=alert.title,
        body=alert.body,
        state=state,
        by=alert.owner or ("" if state == "open" else by),
        paused=paused,
        notices=alert.notices,
    )


def draft_card(reply: Reply, *, question: str, taken_by: str = "") -> Card:
    """A reply that waits for a person, under the masked text it answers."""
    by = "" if reply.by == "bot" else reply.by
    state = _DRAFT_STATES.get(reply.state, "approved")
    if reply.state is ReplyState.DRAFT:
        state, by = ("taken", taken_by) if taken_by else ("open", "")
    elif state == "rejected" and not by:
        state = "cancelled"
    return Card(
        subject=f"draft:{'' if reply.mention is None else reply.mention}:{reply.key}",
        kind="draft",
        title=reply.target.channel,
        body=f"{question}\n\n➡️ {reply.text}",
        state=state,
        by=by,
    )
