"""Media and service content of a Telegram message, as text.

A sign stands for each where there are no words. It belongs to no language, so that an attachment
does not set the language of replies.
"""

from dataclasses import dataclass
from typing import Protocol

from aiogram.types import Message


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
