"""The data of one customer: what is exported, and what stays once they were erased.

Records that stay, such as alerts, may quote the customer; ``without_quotes`` takes that out.
"""

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

from core.localized import LocalizedText
from core.model.alerts import Alert
from core.model.conversations import Conversation, ConversationLine
from core.model.events import Author, Event
from core.model.incidents import Incident
from core.model.mentions import Correction, Mention, TrackedPost
from core.model.outbox import Reply
from core.model.pauses import Pause
from core.model.tickets import Ticket

ERASED: Final = "erased"
"""Reason of events that were dropped because their author was erased."""

Quoting = TypeVar("Quoting", Alert, Incident)

TAKEN_OUT: Final = "…"
_ENOUGH: Final = 12
"""So many characters in a row are a quotation; a shorter text is one as a whole."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Dossier:
    """Everything that is stored about one customer."""

    events: tuple[Event, ...] = ()
    mentions: tuple[Mention, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    lines: tuple[ConversationLine, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    replies: tuple[Reply, ...] = ()
    corrections: tuple[Correction, ...] = ()
    """Of the mentions, by staff."""
    tracked: tuple[TrackedPost, ...] = ()
    """Figures of the mentions."""
    rejects: tuple[bytes, ...] = ()
    """Input that could not be read and names the customer."""

    @property
    def size(self) -> dict[str, int]:
        """Number of records by kind."""
        return {each.name: len(getattr(self, each.name)) for each in dataclasses.fields(self)}

    def to_json(self) -> str:
        """For the customer: readable, times in ISO 8601, lone surrogates escaped."""
        return json.dumps(
            dataclasses.asdict(self), default=_json_value, indent=2, ensure_ascii=True
        )


def _json_value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def tombstone(event: Event) -> Event:
    """The part of an erased event that is kept: its key, so that a repeat of it is known."""
    return Event(
        channel=event.channel,
        id=event.id,
        revision=event.revision,
        kind=event.kind,
        author=Author(id=""),
        text="",
        posted_at=event.posted_at,
        conversation="",
    )


def names(events: Sequence[Event], customer: str) -> tuple[bytes, ...]:
    """Byte strings by which unreadable input may name the customer: UTF-8, and escaped in JSON."""
    found = {customer, *(event.author.id for event in events)} - {""}
    plain = {name.encode("utf-8", "surrogatepass") for name in found}
    return (*plain, *(json.dumps(name)[1:-1].encode() for name in found))


def said(mentions: Sequence[Mention]) -> frozenset[str]:
    """The texts of mentions as they may be quoted: on one line, masked."""
    texts = (_line(each.masked_text or each.event.text) for each in mentions)
    return frozenset(text for text in texts if text)


def without_quotes(record: Quoting, texts: frozenset[str]) -> Quoting | None:
    """The record's next version with nothing of the texts in it; ``None`` where it quotes none."""
    title = _unquoted_line(record.title, texts)
    wordings = _wordings(record.wordings, texts)
    changed: Quoting
    if isinstance(record, Incident):
        changed = dataclasses.replace(record, title=title, wordings=wordings)
    else:
        changed = dataclasses.replace(
            record, title=title, wordings=wordings, body=_body(record.body, texts)
        )
    return None if changed == record else dataclasses.replace(changed, version=record.version + 1)


def pause_without_quotes(pause: Pause, texts: frozenset[str]) -> Pause | None:
    """As ``without_quotes``, for a pause."""
    changed = dataclasses.replace(
        pause,
        reason=_unquoted_line(pause.reason, texts),
        wordings=_wordings(pause.wordings, texts),
    )
    return None if changed == pause else changed


def _wordings(
    wordings: Sequence[LocalizedText], texts: frozenset[str]
) -> tuple[LocalizedText, ...]:
    return tuple(
        dataclasses.replace(
            each, title=_unquoted_line(each.title, texts), body=_body(each.body, texts)
        )
        for each in wordings
    )


def _unquoted_line(title: str, texts: frozenset[str]) -> str:
    return TAKEN_OUT if _quotes(title, texts) else title


def _body(body: str, texts: frozenset[str]) -> str:
    return "\n".join(line for line in body.split("\n") if not _quotes(line, texts))


def _quotes(piece: str, texts: frozenset[str]) -> bool:
    piece = _line(piece)
    core = piece.rstrip("…")
    for text in texts:
        if len(text) < _ENOUGH:
            found = piece.endswith(text)
        else:
            starts = range(0, len(text) - _ENOUGH + 1, _ENOUGH // 2)
            found = any(text[at : at + _ENOUGH] in piece for at in starts)
        if found or (len(core) >= _ENOUGH // 2 and core in text):
            return True
    return False


def _line(text: str) -> str:
    return " ".join(text.split())
