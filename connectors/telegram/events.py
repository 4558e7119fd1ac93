"""Converts Telegram's updates into Events. Pure functions over aiogram's types.

Source: https://core.telegram.org/bots/api#update

A sign stands for an attachment where there are no words. It belongs to no language, so that an
attachment does not set the language of replies.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from aiogram.types import CallbackQuery, Chat, Message, Update, User

from connectors.telegram.identity import BotIdentity, author_kind
from connectors.telegram.quoted import is_passed_on, native_id, quoted_of, source_of
from core.model.events import Author, AuthorKind, Event, EventKind
from core.taxonomy import Language

UPDATE_TYPES: Final = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
)
"""The types of updates that are requested."""

_CONVERSATION: Final = re.compile(r"(-?\d{1,19})(?:/(\d{1,19}))?(?::-?\d{1,19})?")
_NATIVE_ID: Final = re.compile(r"(-?\d{1,19}):(\d{1,19})")
_COMMAND: Final = re.compile(r"(/[A-Za-z0-9_]{1,32})@([A-Za-z0-9_]{1,64})(?![A-Za-z0-9_])")
_SHOPPER_COMMAND: Final = re.compile(
    r"/(?:start|human|status|lang|stop)(?![A-Za-z0-9_@])", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegramDestination:
    """Target of a message."""

    chat: int
    thread: int | None = None
    """Id of the forum topic, if the chat has topics."""
    answers: int | None = None
    """Id of the answered message in the chat."""


def event_of(
    update: Update,
    me: BotIdentity,
    *,
    channel: str,
    now: datetime,
    home: Callable[[int], int] = lambda chat: chat,
) -> Event | None:
    """Convert an update; ``None`` for service messages and unknown types.

    ``now`` is used as the time of a pressed button, which Telegram does not tell. ``home`` gives
    the id that a group had at first, by which its conversations are named.
    """
    message = update.message or update.channel_post
    if message is not None:
        return _message_event(message, me, channel, home)
    message = update.edited_message or update.edited_channel_post
    if message is not None:
        return _message_event(message, me, channel, home, edited_by=update.update_id)
    if update.callback_query is not None:
        return _button_event(update.callback_query, channel, now, home)
    return None


def message_of(update: Update) -> Message | None:
    """The message that an update brings, new or edited."""
    return (
        update.message or update.edited_message or update.channel_post or update.edited_channel_post
    )


def chat_of(update: Update) -> int | None:
    """Id of the chat in which the update happened."""
    query = update.callback_query
    message = message_of(update) or (query.message if query else None)
    return message.chat.id if message else None


def destination_of(
    conversation: str, reply_to: str | None, current: Callable[[int], int] = lambda chat: chat
) -> TelegramDestination | None:
    """The destination of a reply; ``None`` if the conversation is not one of Telegram's.

    ``current`` gives the id that a group has now.
    """
    found = _CONVERSATION.fullmatch(conversation)
    if found is None:
        return None
    chat = current(int(found[1]))
    answered = _NATIVE_ID.fullmatch(reply_to or "")
    same = answered is not None and int(answered[1]) == chat
    return TelegramDestination(
        chat=chat,
        thread=int(found[2]) if found[2] else None,
        answers=int(answered[2]) if answered is not None and same and chat < 0 else None,
    )


def _message_event(
    message: Message,
    me: BotIdentity,
    channel: str,
    home: Callable[[int], int],
    *,
    edited_by: int | None = None,
) -> Event | None:
    attachment = None if message.text is not None else attachment_of(message)
    passed_on, answered = is_passed_on(message), message.reply_to_message
    quoted = quoted_of(message, me, passed_on=passed_on)
    words = message.text if message.text is not None else message.caption
    if words is None and attachment is None:
        return None
    passed_on = passed_on and bool(words)
    wordless = attachment.kind if attachment is not None and not words else ""
    text = attachment.sign if attachment is not None and not words else words or ""
    text, named = ("", False) if passed_on else _strip_bot_name(text, me)
    author = _author(message, me)
    source = source_of(message)
    posted_at = message.date
    revision = 0
    kind = _kind(message, passed_on=passed_on)
    if edited_by is not None:
        seconds = message.edit_date or int(message.date.timestamp())
        posted_at = datetime.fromtimestamp(seconds, UTC)
        revision = seconds * 1000 + edited_by % 1000  # distinguishes several edits in one second
        kind = EventKind.EDIT
    return Event(
        channel=channel,
        id=native_id(*source),
        revision=revision,
        kind=kind,
        author=author,
        text=text,
        posted_at=posted_at.astimezone(UTC),
        conversation=_conversation(message, author, source, home),
        reply_to=None if answered is None else native_id(*source_of(answered)),
        url=message.get_url(),
        solicited=message.chat.type == "private" or named or _addresses_bot(message, text, me),
        media=() if attachment is None else attachment.files,
        private=edited_by is not None and message.chat.type == "private",
        quoted=quoted,
        wordless=wordless,
        concerns_channel=any(one.own for one in quoted),
    )


def _kind(message: Message, *, passed_on: bool) -> EventKind:
    if message.chat.type == "private":
        return EventKind.MESSAGE
    if passed_on:
        return EventKind.REPOST
    return EventKind.COMMENT if message.reply_to_message else EventKind.POST


def _author(message: Message, me: BotIdentity) -> Author:
    """The author; channels and anonymous administrators write as a chat."""
    kind = author_kind(message, me)
    if message.sender_chat is not None:
        return _as_author(message.sender_chat, kind)
    if message.from_user is not None:
        return _as_person(message.from_user, kind)
    return _as_author(message.chat, kind)


def _as_person(user: User, kind: AuthorKind = "person") -> Author:
    code = (user.language_code or "").lower()
    known: Language = "zh" if code[:2] == "zh" else "en" if code[:2] == "en" else "other"
    return Author(id=str(user.id), name=user.full_name, language=known if code else None, kind=kind)


def _as_author(chat: Chat, kind: AuthorKind) -> Author:
    return Author(id=str(chat.id), name=chat.title or "", kind=kind)


def _conversation(
    message: Message, author: Author, source: tuple[int, int], home: Callable[[int], int]
) -> str:
    """One conversation per person in private, per author in a group, and per channel."""
    chat, topic = message.chat, ""
    if chat.type in ("private", "channel"):
        return str(chat.id)
    if source[0] != chat.id:
        return str(source[0])
    if message.is_topic_message and message.message_thread_id:
        topic = f"/{message.message_thread_id}"
    return f"{home(chat.id)}{topic}:{author.id}"


def _strip_bot_name(text: str, me: BotIdentity) -> tuple[str, bool]:
    """``/status@our_bot T-1`` as ``/status T-1``; the second value is True if the bot was named."""
    found = _COMMAND.match(text)
    if found is None or found[2].lower() != me.username.lower():
        return text, False
    return found[1] + text[found.end() :], True


def _addresses_bot(message: Message, text: str, me: BotIdentity) -> bool:
    """True if a public message addresses the bot."""
    answered = message.reply_to_message
    if answered and answered.from_user and answered.from_user.id == me.id:
        return True
    entities = [*(message.entities or ()), *(message.caption_entities or ())]
    if any(entity.user and entity.user.id == me.id for entity in entities):
        return True
    if _SHOPPER_COMMAND.match(text):
        return True
    name = rf"(?<![A-Za-z0-9_@])@{re.escape(me.username)}(?![A-Za-z0-9_])"
    return bool(me.username) and re.search(name, text, re.IGNORECASE) is not None


def _button_event(
    query: CallbackQuery, channel: str, now: datetime, home: Callable[[int], int]
) -> Event | None:
    message = query.message
    if message is None:
        return None
    chat, private = message.chat.id, message.chat.type == "private"
    author = _as_person(query.from_user)
    return Event(
        channel=channel,
        id=f"button:{query.id}",
        kind=EventKind.MESSAGE if private else EventKind.COMMENT,
        author=author,
        text=query.data or "",
        posted_at=now,
        conversation=str(chat) if private else f"{home(chat)}:{author.id}",
        reply_to=native_id(message.chat.id, message.message_id),
        solicited=True,
    )


class _File(Protocol):
    @property
    def file_id(self) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """One attachment."""

    kind: str
    """As Event.wordless."""
    sign: str
    files: tuple[str, ...] = ()
    """Telegram's ids of the files."""


def attachment_of(message: Message) -> Attachment | None:
    """The attachment of a message; ``None`` for plain text and service messages."""
    sticker, document = message.sticker, message.document
    files: tuple[tuple[_File | None, str, str], ...] = (
        (message.photo[-1] if message.photo else None, "photo", "🖼"),  # the last is the largest
        (message.animation, "animation", "🎞"),  # before documents: it is sent as both
        (document, "file", f"📎 {(document and document.file_name) or ''}".strip()),
        (sticker, "sticker", (sticker and sticker.emoji) or "🖼"),
        (message.video, "video", "🎬"),
        (message.video_note, "video", "🎬"),
        (message.voice, "voice", "🎤"),
        (message.audio, "audio", "🎵"),
    )
    for file, kind, sign in files:
        if file is not None:
            return Attachment(kind=kind, sign=sign, files=(file.file_id,))
    venue, location = message.venue, message.location
    others: tuple[tuple[object, str, str], ...] = (
        (venue, "place", f"📍 {venue.title}, {venue.address}" if venue else ""),
        (
            location,
            "place",
            f"📍 {location.latitude}, {location.longitude}" if location else "",
        ),
        (message.contact, "contact", "👤"),
        (message.poll, "poll", "📊"),
        (message.dice, "dice", "🎲"),
        (message.story, "story", "📖"),
        (message.paid_media, "photo", "🖼"),
        (message.game, "game", "🎮"),
    )
    return next(
        (Attachment(kind=kind, sign=sign) for thing, kind, sign in others if thing is not None),
        None,
    )
