"""Parses the answers of getUpdates, and keeps the offset."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from aiogram.methods import TelegramMethod
from aiogram.types import CallbackQuery, Update
from pydantic import ValidationError

from connectors.telegram.events import BotIdentity, chat_of, event_of
from core.events import Event, Reject

_CURSOR: Final = re.compile(r"(\d{1,19}|-)(?: (\S{1,40}))?")
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
    """The offset behind stored updates, and the time of the last contact."""

    offset: int | None = None
    contact: datetime | None = None

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
        return TelegramCursor(offset=None if found[1] == "-" else int(found[1]), contact=contact)

    def encode(self, now: datetime) -> str:
        """The cursor as it is stored, with ``now`` as the time of the last contact."""
        return f"{'-' if self.offset is None else self.offset} {now.isoformat(timespec='seconds')}"

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


@dataclass(slots=True)
class _Found:
    ids: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    presses: list[CallbackQuery] = field(default_factory=list)


def read_updates(
    raw: Iterable[object], me: BotIdentity, *, channel: str, now: datetime, staff: int | None
) -> UpdateBatch:
    """Parse decoded updates; messages in the chat ``staff`` are not events."""
    found = _Found()
    for item in sorted(raw, key=lambda item: _update_id(item) or 0):
        number = _update_id(item)
        if number is not None:
            found.ids.append(number)
        update, problem = _parse(item)
        if update is not None and staff is not None and chat_of(update) == staff:
            if update.callback_query is not None:
                found.presses.append(update.callback_query)
            continue
        event = event_of(update, me, channel=channel, now=now) if update else None
        if event is not None:
            found.events.append(event)
        elif problem:
            found.rejects.append(_reject(item, number, channel, problem))
        if update is not None and update.callback_query is not None:
            found.buttons.append(update.callback_query.id)
    return UpdateBatch(
        ids=tuple(found.ids),
        events=tuple(found.events),
        rejects=tuple(found.rejects),
        buttons=tuple(found.buttons),
        presses=tuple(found.presses),
    )


def decode_body(body: bytes) -> object:
    """The JSON of a request's body; the body itself if it is not JSON."""
    try:
        decoded: object = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return decoded


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
