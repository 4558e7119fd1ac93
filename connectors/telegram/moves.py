"""Groups that became supergroups: Telegram gives them a new id, and their members notice nothing.

Conversations keep the first id that a group had; messages are sent to the newest.
"""

from collections.abc import Mapping
from typing import Final

from aiogram.types import Message

_MOST: Final = 500


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
