"""Removals and restrictions of the bot in groups and channels."""

from datetime import UTC, datetime, timedelta
from typing import Final

from aiogram.types import ChatMemberBanned, ChatMemberLeft, ChatMemberRestricted, ChatMemberUpdated

from connectors.alerts import connector_alert
from core.i18n import Catalogue
from core.model.alerts import Alert

_NEWS: Final = timedelta(days=1)


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
