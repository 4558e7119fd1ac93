"""Parses the answers of getUpdates, and keeps the offset."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from aiogram.methods import TelegramMethod
from aiogram.types import CallbackQuery, ChatMemberUpdated, Update
from pydantic import ValidationError

from connectors.telegram.albums import LARGEST, AlbumBook, AlbumKey, album_of
from connectors.telegram.events import chat_of, event_of, message_of
from connectors.telegram.groups import GroupMoves
from connectors.telegram.identity import BotIdentity
from core.model.events import Event, Reject

_CURSOR: Final = re.compile(r"(\d{1,19}|-)(?: (\S{1,40}))?(?: (\{.*\}))?")
_CHAT: Final = re.compile(r"-?\d{1,19}")
_RENUMBERED: Final = 10_000
"""Distance below the offset from which on a lower update id means that numbering has restarted."""
_PART_DEPTH: Final = 3
"""Depth of an error that lies within one part of a message: (message, poll, question)."""
_VITAL: Final = ("message_id", "date", "chat", "from", "sender_chat", "id", "text", "data")
_MOST_KEPT: Final = 64 * 1024


class GetRawUpdates(TelegramMethod[list[object]]):
    """``getUpdates`` with unvalidated updates, so that a malformed one does not affect the rest."""

    __returning__ = list[object]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = 100
    timeout: int = 0
    allowed_updates: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegramCursor:
    """The offset behind stored updates, the time of the last contact, and the moved groups."""

    offset: int | None = None
    contact: datetime | None = None
    moved: Mapping[int, int] = field(default_factory=dict)
    """New ids by old id; as GroupMoves.pairs."""

    @staticmethod
    def decode(cursor: str | None) -> "TelegramCursor":
        """Decode a stored cursor; one that is not readable counts as empty."""
        found = _CURSOR.fullmatch(cursor or "")
        if found is None:
            return TelegramCursor()
        contact = None
        try:
            contact = datetime.fromisoformat(found[2]).astimezone(UTC) if found[2] else None
        except ValueError:
            contact = None
        return TelegramCursor(
            offset=None if found[1] == "-" else int(found[1]),
            contact=contact,
            moved=_moved(found[3]),
        )

    def encode(self, now: datetime, moved: Mapping[int, int] | None = None) -> str:
        """The cursor as it is stored, with ``now`` as the time of the last contact.

        ``moved``: the moved groups, instead of those of this cursor.
        """
        text = f"{'-' if self.offset is None else self.offset} {now.isoformat(timespec='seconds')}"
        groups = self.moved if moved is None else moved
        if not groups:
            return text
        known = {str(old): new for old, new in groups.items()}
        return f"{text} {json.dumps({'moved': known}, separators=(',', ':'))}"

    def after(self, ids: Sequence[int]) -> "TelegramCursor":
        """The cursor behind these updates.

        It does not go back for a repeated page. It does if Telegram has restarted numbering, as it
        does after a week without updates: the old offset would suppress all new ones.
        """
        if not ids:
            return self
        behind = max(ids) + 1
        if self.offset is not None and self.offset - _RENUMBERED < behind < self.offset:
            return self
        return replace(self, offset=behind)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateBatch:
    """The updates of one answer, in the order of their ids."""

    ids: tuple[int, ...]
    events: tuple[Event, ...]
    rejects: tuple[Reject, ...]
    buttons: tuple[str, ...]
    """Ids of buttons that shoppers pressed, which must be confirmed."""
    presses: tuple[CallbackQuery, ...]
    """Buttons that were pressed in the staff group."""
    changes: tuple[ChatMemberUpdated, ...]
    """Changes of what the bot may do in its groups and channels."""
    moved: bool
    """True where a group was found to have a new id."""


@dataclass(slots=True)
class _Found:
    ids: list[int] = field(default_factory=list)
    events: list[tuple[Event, AlbumKey | None]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    presses: list[CallbackQuery] = field(default_factory=list)
    changes: list[ChatMemberUpdated] = field(default_factory=list)
    moved: bool = False

    def note(self, update: Update) -> None:
        """Note what has to be done about an update besides storing its event."""
        if update.callback_query is not None:
            self.buttons.append(update.callback_query.id)
        if update.my_chat_member is not None:
            self.changes.append(update.my_chat_member)


def read_updates(
    raw: Iterable[object],
    me: BotIdentity,
    *,
    channel: str,
    now: datetime,
    staff: int | None,
    moves: GroupMoves,
    albums: AlbumBook,
) -> UpdateBatch:
    """Parse decoded updates; messages in the chat ``staff`` are not events.

    Notes moved groups in ``moves`` and pictures of albums in ``albums``.
    """
    found = _Found()
    for item in sorted(raw, key=lambda item: _update_id(item) or 0):
        number = _update_id(item)
        if number is not None:
            found.ids.append(number)
        update, problem = _parse(item)
        if update is None:
            found.rejects.append(_reject(item, number, channel, problem))
            continue
        message = message_of(update)
        if message is not None and moves.note(message):
            found.moved = True
        if staff is not None and _is_in(update, staff, moves):
            if update.callback_query is not None:
                found.presses.append(update.callback_query)
            continue
        event = event_of(update, me, channel=channel, now=now, home=moves.home)
        if event is not None:
            found.events.append((event, album_of(message)))
        elif problem:
            found.rejects.append(_reject(item, number, channel, problem))
        found.note(update)
    return UpdateBatch(
        ids=tuple(found.ids),
        events=tuple(albums.join(found.events)),
        rejects=tuple(found.rejects),
        buttons=tuple(found.buttons),
        presses=tuple(found.presses),
        changes=tuple(found.changes),
        moved=found.moved,
    )


def album_parts(raw: Iterable[object]) -> int:
    """The number of pictures in albums that may have more of them."""
    sizes = Counter(key for item in raw if (key := album_key(item)) is not None)
    return sum(size for size in sizes.values() if size < LARGEST)


def album_key(item: object) -> AlbumKey | None:
    """The album of an update that was not parsed yet."""
    for kind in ("message", "channel_post"):
        message = item.get(kind) if isinstance(item, dict) else None
        group = message.get("media_group_id") if isinstance(message, dict) else None
        chat = message.get("chat") if isinstance(message, dict) else None
        number = chat.get("id") if isinstance(chat, dict) else None
        if isinstance(group, str) and isinstance(number, int):
            return number, group
    return None


def decode_body(body: bytes) -> object:
    """The JSON of a request's body; the body itself if it is not JSON."""
    try:
        decoded: object = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return decoded


def _is_in(update: Update, staff: int, moves: GroupMoves) -> bool:
    """True for an update in the staff group, whatever id the group has now."""
    chat = chat_of(update)
    return chat is not None and moves.home(chat) == moves.home(staff)


def _moved(text: str | None) -> Mapping[int, int]:
    """The moved groups in a cursor; unreadable ones are left out."""
    try:
        data: object = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    groups = data.get("moved") if isinstance(data, dict) else None
    found: dict[int, int] = {}
    for old, new in groups.items() if isinstance(groups, dict) else ():
        if _CHAT.fullmatch(old) and isinstance(new, int) and not isinstance(new, bool):
            found[int(old)] = new
    return found


def _update_id(item: object) -> int | None:
    number = item.get("update_id") if isinstance(item, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _parse(item: object) -> tuple[Update | None, str]:
    """Validate an update; returns it, and the first problem.

    An invalid part of a message is left out: the server may be older or newer than this program.
    """
    try:
        return Update.model_validate(item), ""
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
    first = details[0]
    where = ".".join(str(step) for step in first["loc"]) or "update"
    problem = f"{where}: {first['msg']}. Telegram may have changed its format: update Tingfeng."
    odd = [detail["loc"] for detail in details]
    if not isinstance(item, dict) or any(len(loc) < _PART_DEPTH or loc[1] in _VITAL for loc in odd):
        return None, problem
    whole: dict[object, object] = dict(item)
    for kind, part, *_ in odd:
        message = whole.get(kind)
        if isinstance(message, dict):
            whole[kind] = {name: value for name, value in message.items() if name != part}
    try:
        return Update.model_validate(whole), problem
    except ValidationError:
        return None, problem


def _reject(item: object, number: int | None, channel: str, problem: str) -> Reject:
    raw = item if isinstance(item, bytes) else json.dumps(item).encode()
    key = f"update:{number}" if number is not None else hashlib.sha256(raw).hexdigest()[:32]
    return Reject(channel=channel, id=key, raw=raw[:_MOST_KEPT], reason=problem)
