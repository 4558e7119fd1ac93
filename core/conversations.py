"""Conversations with one person on one channel, and their lines."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.taxonomy import Language


class ConversationState(StrEnum):
    """Who answers: the machine, a person, or nobody any more."""

    BOT = "bot"
    HUMAN = "human"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A thread with one person on one channel."""

    channel: str
    id: str
    customer: str
    language: Language
    state: ConversationState
    updated_at: datetime
    ticket: str | None = None
    """Number of the open ticket, if there is one."""
    muted: bool = False
    """True where the customer wants no automatic replies; a person may still answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationLine:
    """One line of a conversation, as the shopper sees it."""

    seq: int
    """Ascending within the store; what a client has seen up to."""
    direction: Literal["in", "out"]
    id: str
    """Native id of the event, or key of the reply."""
    by: str
    text: str
    at: datetime
