"""The bot, and the roles in which others write in its chats.

Source: https://core.telegram.org/bots/api#message on ``sender_chat``
"""

from dataclasses import dataclass
from typing import Final

from aiogram.types import Chat, Message, User

from connectors.voices import NOBODY, KnownVoices
from core.model.events import AuthorKind

_NOTICES: Final = 777_000
"""The account from which Telegram sends its own notices, and copies of channels' posts."""
_ANONYMOUS: Final = 1_087_968_824
"""The account that stands in for an administrator who writes as the group."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BotIdentity:
    """The bot's account, and what the configuration tells of others."""

    id: int
    username: str
    """Without ``@``."""
    voices: KnownVoices = NOBODY
    foreign_chats: frozenset[int] = frozenset()
    """Groups and channels that are not the brand's."""


def author_kind(message: Message, me: BotIdentity) -> AuthorKind:
    """The role of a message's author.

    Who writes as the chat itself, in a channel or as an anonymous administrator of a group, speaks
    for whoever owns the chat. That is the brand, unless the chat is configured as foreign.
    """
    chat, sender = message.chat, message.sender_chat
    if sender is not None or chat.type == "channel":
        return _chat_kind(sender or chat, message, me)
    return "person" if message.from_user is None else _user_kind(message.from_user, message, me)


def _chat_kind(sender: Chat, message: Message, me: BotIdentity) -> AuthorKind:
    if (known := me.voices.kind_of(str(sender.id), sender.username or "")) is not None:
        return known
    speaks_for_chat = sender.id == message.chat.id or message.is_automatic_forward is True
    return "own" if speaks_for_chat and sender.id not in me.foreign_chats else "person"


def _user_kind(user: User, message: Message, me: BotIdentity) -> AuthorKind:
    if (known := me.voices.kind_of(str(user.id), user.username or "")) is not None:
        return known
    if user.id == me.id:
        return "own"
    if user.id == _ANONYMOUS:
        return "person" if message.chat.id in me.foreign_chats else "own"
    if user.id == _NOTICES:
        return "platform"
    return "bot" if user.is_bot else "person"
