"""Changes of groups: those that became supergroups, and those that the bot was removed from.

Telegram gives a supergroup a new id, and its members notice nothing. Conversations keep the first
id that a group had; messages are sent to the newest.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from aiogram.types import (
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberRestricted,
    ChatMemberUpdated,
    Message,
)

from connectors.alerts import connector_alert
from core.i18n import Catalogue
from core.model.alerts import Alert

_MOST: Final = 500
_NEWS: Final = timedelta(days=1)


class GroupMoves:
    """Ids of moved groups, in both directions."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}
        self._first: dict[int, int] = {}

    def add(self, old: int, new: int) -> bool:
        """Note that the group ``old`` is ``new`` now; False if that is known."""
        if old == new or self._next.get(old) == new or self.home(old) == new:
            return False
        self._next[old] = new
        self._first[new] = self.home(old)
        while len(self._next) > _MOST:
            oldest = next(iter(self._next))
            self._first.pop(self._next.pop(oldest), None)
        return True

    def note(self, message: Message) -> bool:
        """Note what a service message tells; False if it tells no move that is news."""
        chat = message.chat.id
        if message.migrate_to_chat_id is not None:
            return self.add(chat, message.migrate_to_chat_id)
        if message.migrate_from_chat_id is not None:
            return self.add(message.migrate_from_chat_id, chat)
        return False

    def home(self, chat: int) -> int:
        """The first id of a chat."""
        return self._first.get(chat, chat)

    def current(self, chat: int) -> int:
        """The newest id of a chat."""
        while chat in self._next:
            chat = self._next[chat]
        return chat

    def pairs(self) -> Mapping[int, int]:
        """New ids by old id, oldest move first."""
        return dict(self._next)


def removal_alert(
    change: ChatMemberUpdated, *, name: str, now: datetime, catalogue: Catalogue
) -> Alert | None:
    """The alert about a change after which the bot may not write any more.

    ``None`` for all other changes, for old ones, and for a person who blocks the bot.
    """
    at = change.date.astimezone(UTC)
    if change.chat.type == "private" or not _is_silenced(change) or now - at > _NEWS:
        return None
    chat = change.chat
    url = (
        f"https://t.me/{chat.username}" if chat.username else f"tg://openmessage?chat_id={chat.id}"
    )
    return connector_alert(
        "sanction",
        catalogue=catalogue,
        key=f"removed:{name}:{chat.id}:{at:%Y-%m-%dT%H:%M:%S}",
        kind="channel",
        severity="P2",
        now=now,
        facts={
            "name": name,
            "who": "Telegram",
            "place": chat.title or chat.username or str(chat.id),
            "url": url,
        },
    )


def _is_silenced(change: ChatMemberUpdated) -> bool:
    after = change.new_chat_member
    if isinstance(after, ChatMemberRestricted):
        return not after.can_send_messages
    before = change.old_chat_member
    was_gone = isinstance(before, ChatMemberBanned | ChatMemberLeft)
    return isinstance(after, ChatMemberBanned | ChatMemberLeft) and not was_gone
