"""Cards: alerts and drafts as staff see and handle them outside the console."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, Protocol

from core.model.alerts import Alert
from core.model.outbox import Reply, ReplyState
from core.taxonomy import Severity


class StaffAction(StrEnum):
    """The action of a button."""

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

_ALERT_ACTIONS: Final[Mapping[CardState, tuple[StaffAction, ...]]] = {
    "open": (StaffAction.ACKNOWLEDGE, StaffAction.TAKE, StaffAction.SNOOZE),
    "acknowledged": (StaffAction.TAKE,),
    "snoozed": (StaffAction.ACKNOWLEDGE, StaffAction.TAKE),
}
_DRAFT_ACTIONS: Final[Mapping[CardState, tuple[StaffAction, ...]]] = {
    "open": (StaffAction.APPROVE, StaffAction.REJECT, StaffAction.TAKE),
    "taken": (StaffAction.APPROVE, StaffAction.REJECT),
}
_DRAFT_STATES: Final[Mapping[ReplyState, CardState]] = {
    ReplyState.CANCELLED: "rejected",
    ReplyState.SENT: "sent",
    ReplyState.REJECTED: "failed",
    ReplyState.UNKNOWN: "failed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """The current view of one alert or draft."""

    subject: str
    """Unique: ``alert:KEY``, or ``draft:SEQ:KEY`` with the mention's seq."""
    kind: Literal["alert", "draft"]
    severity: Severity | None = None
    title: str
    body: str
    """Masked."""
    state: CardState
    by: str = ""
    """Name of the member of staff who brought it into this state."""
    paused: bool = False
    """True while automatic replies about it are paused."""
    notices: int = 0
    """As Alert.notices: a higher number is posted anew; a change of state is an edit in place."""

    @property
    def token(self) -> str:
        """A digest of the subject, for platforms that allow a button only a few bytes of data."""
        return token_of(self.subject)

    @property
    def actions(self) -> tuple[StaffAction, ...]:
        """The actions that are possible now."""
        offered = (_ALERT_ACTIONS if self.kind == "alert" else _DRAFT_ACTIONS).get(self.state, ())
        if self.kind == "draft" or self.state == "resolved":
            return offered
        return (*offered, StaffAction.RESUME if self.paused else StaffAction.PAUSE)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostedCard:
    """The message that shows a card in a group."""

    token: str
    """Card.token."""
    subject: str
    chat: int
    message: int
    notices: int = 0
    """Card.notices of the message."""
    shown: str = ""
    """Digest of the text that the message shows."""
    over: bool = False
    """True if the card has no buttons left."""


class StaffBoard(Protocol):
    """A group where staff see cards and press their buttons; a receiver of alerts, too."""

    @property
    def name(self) -> str:
        """Unique; its name as a receiver of alerts."""
        ...

    async def deliver(self, alert: Alert) -> None:
        """Show a new notice. Raises Unavailable if a retry may help, else Refused."""
        ...

    async def show(self, card: Card) -> None:
        """Post a card, or edit the message that shows it. Raises as ``deliver``."""
        ...

    async def update(self, card: Card) -> None:
        """Edit the message that shows a card, if there is one. Raises as ``deliver``."""
        ...


def token_of(subject: str) -> str:
    """The digest of a subject, 32 hexadecimal digits; see Card.token."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def alert_card(alert: Alert, *, now: datetime, paused: bool = False, by: str = "") -> Card:
    """The card of an alert.

    Args:
        alert: the alert; with an owner it counts as taken.
        now: current time, for snoozes.
        paused: True while automatic replies about it are paused.
        by: name of the member of staff who acknowledged or snoozed it.
    """
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
    """The card of a draft.

    Args:
        reply: the draft, or what became of it.
        question: masked text that it answers.
        taken_by: name of the member of staff who looks after it.
    """
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
