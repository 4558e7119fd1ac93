"""One customer's data: what it is made of, the same for every store."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime

from core.conversations import Conversation, ConversationLine
from core.events import Author, Event
from core.mentions import Correction, Mention, TrackedPost
from core.outbox import Reply
from core.tickets import Ticket

ERASED = "erased"
"""Why an event is dropped whose author was erased."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Dossier:
    """Everything the store holds about one customer."""

    events: tuple[Event, ...] = ()
    mentions: tuple[Mention, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    lines: tuple[ConversationLine, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    replies: tuple[Reply, ...] = ()
    corrections: tuple[Correction, ...] = ()
    """What staff said the mentions really are."""
    tracked: tuple[TrackedPost, ...] = ()
    """Figures of the mentions."""
    rejects: tuple[bytes, ...] = ()
    """Input that could not be read and names the customer."""

    @property
    def size(self) -> dict[str, int]:
        """How many of each."""
        return {each.name: len(getattr(self, each.name)) for each in dataclasses.fields(self)}

    def to_json(self) -> str:
        """For the customer: readable, times in ISO 8601, lone surrogates escaped."""
        return json.dumps(dataclasses.asdict(self), default=_plain, indent=2, ensure_ascii=True)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def tombstone(event: Event) -> Event:
    """What stays of an erased event: its key, so that a repeat of it is known."""
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
    """How unreadable input may name the customer: as UTF-8 and as JSON escapes it."""
    found = {customer, *(event.author.id for event in events)} - {""}
    plain = {name.encode("utf-8", "surrogatepass") for name in found}
    return (*plain, *(json.dumps(name)[1:-1].encode() for name in found))
