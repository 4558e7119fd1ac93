"""How a card looks in Telegram: one message, and a button for each thing that may be done."""

import hashlib
import tomllib
from pathlib import Path
from typing import Final, Literal

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from connectors.telegram.text import LIMIT, length, sendable, shorten
from core.cards import Card

_ROW: Final = 3


class Words:
    """The texts of one language."""

    def __init__(self, language: Literal["zh", "en"]) -> None:
        file = Path(__file__).with_name("staff_messages.toml")
        self._texts: dict[str, str] = tomllib.loads(file.read_text("utf-8"))[language]

    def say(self, key: str, **values: object) -> str:
        """The text under ``key``, with the values in their places."""
        return self._texts[key].format(**values)


def card_text(card: Card, words: Words, *, moved: bool = False) -> str:
    """The card as one message; a body that is too long is cut, the state never.

    ``moved``: the card stands further down now, and this message has nothing to press.
    """
    head = words.say(card.kind, severity=card.severity or "", title=shorten(card.title, 300))
    state = "moved" if moved else f"state.{card.state}"
    foot = words.say(state, by=shorten(card.by, 100)).replace("  ", " ")
    if card.paused and not moved:
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


def digest(card: Card, words: Words) -> str:
    """The same for cards that look the same."""
    said = "\0".join((card_text(card, words), *card.actions))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
