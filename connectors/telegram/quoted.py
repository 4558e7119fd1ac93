"""The texts that a message refers to: forwarded, answered, quoted, and addresses behind words."""

from collections.abc import Iterator
from typing import Final

from aiogram.types import (
    Chat,
    Message,
    MessageEntity,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
    User,
)

from connectors.telegram.identity import BotIdentity, author_kind
from core.model.events import Quoted

Origin = (
    MessageOriginUser | MessageOriginHiddenUser | MessageOriginChat | MessageOriginChannel | None
)
_MOST_LINKS: Final = 10


def native_id(chat: int, message: int) -> str:
    """The id of a message; Telegram numbers the messages of each chat separately."""
    return f"{chat}:{message}"


def source_of(message: Message) -> tuple[int, int]:
    """Chat and id of a message; a channel post copied into its discussion counts as the post."""
    origin = message.forward_origin
    if message.is_automatic_forward and isinstance(origin, MessageOriginChannel):
        return origin.chat.id, origin.message_id
    return message.chat.id, message.message_id


def is_passed_on(message: Message) -> bool:
    """True for a forwarded message of somebody else: none of its words are the author's."""
    origin = message.forward_origin
    if origin is None or message.is_automatic_forward:
        return False
    author = message.from_user
    if isinstance(origin, MessageOriginUser) and author is not None:
        return origin.sender_user.id != author.id
    return True


def quoted_of(message: Message, me: BotIdentity, *, passed_on: bool) -> tuple[Quoted, ...]:
    """The texts that a message refers to; ``passed_on`` is what ``is_passed_on`` says of it."""
    found: list[Quoted] = []
    if passed_on:
        found += _forwarded(message, me)
    if message.reply_to_message is not None or message.external_reply is not None:
        found += _answered(message, me)
    if message.entities or message.caption_entities:
        found += _links(message)
    return tuple(found)


def _forwarded(message: Message, me: BotIdentity) -> Iterator[Quoted]:
    words = message.text if message.text is not None else message.caption
    if words:
        origin = message.forward_origin
        yield Quoted(
            author=_name(origin), text=words, id=_id(origin), kind="repost", own=_is_own(origin, me)
        )


def _answered(message: Message, me: BotIdentity) -> Iterator[Quoted]:
    """The answered message, or the part of it that the author has chosen to show.

    In private, what the bot or the author said before is known already.
    """
    answered, outside, chosen = message.reply_to_message, message.external_reply, message.quote
    if outside is not None:
        if chosen is not None:
            number = (
                native_id(outside.chat.id, outside.message_id)
                if outside.chat is not None and outside.message_id is not None
                else _id(outside.origin)
            )
            own = _is_own(outside.origin, me)
            yield Quoted(author=_name(outside.origin), text=chosen.text, id=number, own=own)
        return
    if answered is None or message.chat.type == "private":
        return
    own = author_kind(answered, me) == "own"
    text = answered.text if answered.text is not None else answered.caption
    picked = chosen is not None and chosen.is_manual is True
    if picked and chosen is not None:
        text = chosen.text
    if text or own:
        yield Quoted(
            author=_author_name(answered),
            text=text or "",
            id=native_id(*source_of(answered)),
            kind="quote" if picked else "answered",
            own=own,
        )


def _links(message: Message) -> Iterator[Quoted]:
    """The addresses behind words, which the text does not show."""
    entities: list[MessageEntity] = [*(message.entities or ()), *(message.caption_entities or ())]
    urls = dict.fromkeys(entity.url for entity in entities if entity.url)
    for url in list(urls)[:_MOST_LINKS]:
        host = url.partition("://")[2].partition("/")[0]
        yield Quoted(author=host, text="", id=url, kind="link")


def _name(origin: Origin) -> str:
    match origin:
        case MessageOriginUser(sender_user=user):
            return user.full_name
        case MessageOriginHiddenUser(sender_user_name=name):
            return name
        case MessageOriginChat(sender_chat=chat) | MessageOriginChannel(chat=chat):
            return chat.title or chat.username or ""
    return ""


def _id(origin: Origin) -> str | None:
    if isinstance(origin, MessageOriginChannel):
        return native_id(origin.chat.id, origin.message_id)
    return None


def _is_own(origin: Origin, me: BotIdentity) -> bool:
    """True for the bot and for accounts and channels that are configured as the brand's."""
    who: User | Chat | None = None
    match origin:
        case MessageOriginUser(sender_user=user):
            who = user
        case MessageOriginChat(sender_chat=chat) | MessageOriginChannel(chat=chat):
            who = chat
    if who is None:
        return False
    return who.id == me.id or me.voices.kind_of(str(who.id), who.username or "") == "own"


def _author_name(message: Message) -> str:
    if message.sender_chat is not None:
        return message.sender_chat.title or ""
    return message.from_user.full_name if message.from_user is not None else ""
