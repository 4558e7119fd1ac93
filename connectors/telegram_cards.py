"""What a member of staff sees in the group: a card with its state and what may be pressed."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from connectors.telegram_text import LIMIT, length, sendable, shorten
from core.records import Alert, Reply, ReplyState
from core.types import Severity


class StaffAction(StrEnum):
    """What a button does."""

    ACKNOWLEDGE = "acknowledge"
    TAKE = "take"
    APPROVE = "approve"
    REJECT = "reject"
    SNOOZE = "snooze"
    PAUSE = "pause"
    RESUME = "resume"


CardState = Literal["open", "acknowledged", "taken", "snoozed", "resolved", "approved", "rejected"]

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
_ROW: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One matter as staff see it now."""

    subject: str
    """What it is about, unique: ``alert:KEY`` or ``draft:KEY``."""
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

    @property
    def token(self) -> str:
        """The subject in 32 characters, for Telegram's 64 bytes behind a button."""
        return token_of(self.subject)

    @property
    def actions(self) -> tuple[StaffAction, ...]:
        """What may be done now."""
        offered = (_ALERT if self.kind == "alert" else _DRAFT).get(self.state, ())
        if self.kind == "draft" or self.state == "resolved":
            return offered
        return (*offered, _A.RESUME if self.paused else _A.PAUSE)


def token_of(subject: str) -> str:
    """See Card.token."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def alert_card(alert: Alert, *, paused: bool = False) -> Card:
    """An alert as a card; with an owner it is taken."""
    states: dict[str, CardState] = {
        "firing": "open",
        "acknowledged": "taken" if alert.owner else "acknowledged",
        "resolved": "resolved",
    }
    return Card(
        subject=f"alert:{alert.key}",
        kind="alert",
        severity=alert.severity,
        title=alert.title,
        body=alert.body,
        state=states[alert.state],
        by=alert.owner or "",
        paused=paused,
    )


def draft_card(reply: Reply, *, question: str) -> Card:
    """A reply that waits for a person, under the masked text it answers."""
    states: dict[ReplyState, CardState] = {
        ReplyState.DRAFT: "open",
        ReplyState.CANCELLED: "rejected",
    }
    return Card(
        subject=f"draft:{reply.key}",
        kind="draft",
        title=reply.target.channel,
        body=f"{question}\n\n➡️ {reply.text}",
        state=states.get(reply.state, "approved"),
        by="" if reply.by == "bot" else reply.by,
    )


class Words:
    """The texts of one language."""

    def __init__(self, language: Literal["zh", "en"]) -> None:
        file = Path(__file__).with_name("telegram_staff.toml")
        self._texts: dict[str, str] = tomllib.loads(file.read_text("utf-8"))[language]

    def say(self, key: str, **values: object) -> str:
        """The text under ``key``, with the values in their places."""
        return self._texts[key].format(**values)


def card_text(card: Card, words: Words) -> str:
    """The card as one message; a body that is too long is cut, the state never."""
    head = words.say(card.kind, severity=card.severity or "", title=shorten(card.title, 300))
    foot = words.say(f"state.{card.state}", by=shorten(card.by, 100)).replace("  ", " ")
    if card.paused:
        foot = f"{foot}\n{words.say('paused')}"
    room = LIMIT - length(head) - length(foot) - 4
    return sendable(f"{head}\n\n{shorten(card.body, room)}\n\n{foot}")


def card_buttons(card: Card, words: Words) -> InlineKeyboardMarkup:
    """A button for each thing that may be done; ``ACTION:TOKEN`` is behind it."""
    buttons = [
        InlineKeyboardButton(
            text=words.say(f"button.{action}"), callback_data=f"{action}:{card.token}"
        )
        for action in card.actions
    ]
    rows = [buttons[start : start + _ROW] for start in range(0, len(buttons), _ROW)]
    return InlineKeyboardMarkup(inline_keyboard=rows)
