"""Albums: pictures that are sent together, of which Telegram makes one message each.

They are one event: the first picture gives its id, whichever has a caption gives the words. A
picture that comes after the event was handed over makes it an edit, which gets no second answer.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from aiogram.types import Message

from core.model.events import Event, EventKind

AlbumKey = tuple[int, str]
"""A chat and Telegram's id of the album."""

_MOST: Final = 500
LARGEST: Final = 10
"""Most pictures in an album."""


@dataclass(slots=True)
class _Album:
    home: str
    """Event.id of the first picture."""
    parts: dict[str, Event] = field(default_factory=dict)
    """By the id that each would have alone, in the order of arrival."""


def album_of(message: Message | None) -> AlbumKey | None:
    """The album that a message belongs to."""
    if message is None or message.media_group_id is None:
        return None
    return message.chat.id, message.media_group_id


class AlbumBook:
    """The albums of late, in memory."""

    def __init__(self) -> None:
        self._albums: OrderedDict[AlbumKey, _Album] = OrderedDict()

    def knows(self, key: AlbumKey) -> bool:
        """True for an album of which a picture was handed over."""
        return key in self._albums

    def forget(self, key: AlbumKey) -> None:
        """Begin anew with an album that was not stored."""
        self._albums.pop(key, None)

    def join(self, events: Iterable[tuple[Event, AlbumKey | None]]) -> list[Event]:
        """The events with the pictures of each album in one, at the place of the first."""
        found: list[Event | AlbumKey] = []
        joined: dict[AlbumKey, list[Event]] = {}
        for event, key in events:
            if key is None:
                found.append(event)
            elif event.kind is EventKind.EDIT:
                found.append(self._edited(event, key))
            elif key in joined:
                joined[key].append(event)
            else:
                joined[key] = [event]
                found.append(key)
        return [one if isinstance(one, Event) else self._joined(one, joined[one]) for one in found]

    def _joined(self, key: AlbumKey, arrived: Sequence[Event]) -> Event:
        album = self._albums.setdefault(key, _Album(home=arrived[0].id))
        self._albums.move_to_end(key)
        while len(self._albums) > _MOST:
            self._albums.popitem(last=False)
        album.parts |= {event.id: event for event in arrived}
        whole = _merged(album)
        if any(event.id == album.home for event in arrived):
            return whole
        last = arrived[-1]
        return replace(
            whole,
            kind=EventKind.EDIT,
            revision=len(album.parts),
            posted_at=last.posted_at,
            private=not last.public,
        )

    def _edited(self, event: Event, key: AlbumKey) -> Event:
        """The album after the edit of one of its pictures; the edit alone if it is not known."""
        album = self._albums.get(key)
        if album is None or event.id not in album.parts:
            return event
        album.parts[event.id] = replace(
            album.parts[event.id], text=event.text, wordless=event.wordless
        )
        whole = _merged(album)
        return replace(
            event, id=album.home, text=whole.text, wordless=whole.wordless, media=whole.media
        )


def _merged(album: _Album) -> Event:
    parts = list(album.parts.values())
    first = parts[0]
    spoken = [part for part in parts if not part.wordless]
    answered = (part.reply_to for part in parts if part.reply_to is not None)
    return replace(
        first,
        id=album.home,
        text="\n".join(dict.fromkeys(part.text for part in spoken if part.text)) or first.text,
        wordless="" if spoken else first.wordless,
        media=tuple(dict.fromkeys(file for part in parts for file in part.media)),
        quoted=tuple(dict.fromkeys(one for part in parts for one in part.quoted)),
        reply_to=next(answered, None),
        solicited=any(part.solicited for part in parts),
        concerns_channel=any(part.concerns_channel for part in parts),
    )
