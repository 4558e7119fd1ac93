"""The words every part shares: what was heard, what it means, what is done about it.

All types are frozen and keyword-only. Every ``datetime`` is timezone-aware and in UTC. Every
probability is a ``float`` in [0, 1].
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from core.taxonomy import Language

AuthorKind = Literal["person", "own", "bot", "platform", "moderator"]
"""The role in which somebody writes: ``own`` for the brand itself, ``platform`` for the platform's
notices, ``moderator`` for who runs a community, ``bot`` for any other program."""

QuotedKind = Literal["quote", "repost", "answered", "link"]
"""The way in which an Event refers to a text; ``link`` is the title of a linked page."""


class EventKind(StrEnum):
    """The kind of an event; only ``MESSAGE`` is private by itself: see Event.public."""

    MESSAGE = "message"
    POST = "post"
    COMMENT = "comment"
    REPOST = "repost"
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """The author of an Event, as the platform names them."""

    id: str
    name: str = ""
    followers: int | None = None
    language: Language | None = None
    """Language of the account, where the platform tells."""
    kind: AuthorKind = "person"
    """Only persons are heard: see ``unheard``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quoted:
    """A text that an Event refers to and that its author did not write for it."""

    author: str
    """As its platform shows them; the host of a linked page; empty if unknown."""
    text: str
    id: str | None = None
    """Native id of the text; the address of a linked page."""
    kind: QuotedKind = "quote"
    own: bool = False
    """True where the brand itself wrote it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """Engagement figures of one post; ``None`` where the platform does not tell."""

    likes: int | None = None
    reposts: int | None = None
    comments: int | None = None
    views: int | None = None
    upvote_ratio: float | None = None
    """Share of upvotes among all votes, in [0, 1]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One delivery of a platform, byte for byte; (channel, id, revision) is its key."""

    channel: str
    id: str
    revision: int = 0
    kind: EventKind
    author: Author
    text: str
    """The author's own words; empty for a repost whose text is in ``quoted``."""
    posted_at: datetime
    conversation: str
    """The thread with this author; where a reply goes."""
    reply_to: str | None = None
    """The native id of what this answers, if anything."""
    url: str | None = None
    metrics: Metrics = field(default_factory=Metrics)
    solicited: bool = False
    """True where the author addressed the brand: a private message, a mention, a summons."""
    media: tuple[str, ...] = ()
    """The platform's ids of attached files."""
    private: bool = False
    """True for an edit or a deletion of a private message; a MESSAGE is private without it."""
    quoted: tuple[Quoted, ...] = ()
    """Texts that it refers to; ``core.model.event_text`` says which part reads them."""
    wordless: str = ""
    """Kind of what was sent instead of words: photo, video, voice, sticker, file, ..."""
    concerns_channel: bool = False
    """True where it concerns the channel's brand whatever its words are, as a link to its site."""
    no_training: bool = False
    """True where the platform's terms forbid that models learn from it."""

    @property
    def public(self) -> bool:
        """True where everyone can read it."""
        return not self.private and self.kind is not EventKind.MESSAGE


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """An Event in the durable inbox."""

    seq: int
    """The store's own ascending number of this event."""
    event: Event
    attempts: int
    """Number of failed tries."""
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Events a connector delivers together, and the cursor behind the last of them."""

    events: tuple[Event, ...]
    cursor: str | None = None
    rejects: tuple["Reject", ...] = ()
    """Input in this page that could not be read; kept as dead letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """Input that is no Event, kept whole so that it can be mended and replayed."""

    channel: str
    id: str
    """A key that is the same when the platform repeats the input."""
    raw: bytes
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventCounts:
    """Number of events by state; ``received`` equals the sum of the rest."""

    received: int
    done: int
    pending: int
    dead: int
    dropped: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """An event or input that could not be processed."""

    id: int
    channel: str
    native_id: str
    raw: bytes
    reason: str
    at: datetime
    seq: int | None
    """Received.seq where it was an event; ``None`` where it could not be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The result of storing a Page; each event and reject counts in exactly one of the three."""

    accepted: int
    duplicates: int
    rejected: int


RetentionClass = Literal["dropped", "public", "private"]
"""Retention class of an ended event: dropped, a public post, or a private message."""

RETENTION_CLASSES: Final[tuple[RetentionClass, ...]] = ("dropped", "public", "private")

AGED: Final = "aged"
"""Reason of events that were dropped as dead letters too old to keep."""


def retention_class(event: Event, *, dropped: bool) -> RetentionClass:
    """The class of an ended event."""
    if dropped:
        return "dropped"
    return "public" if event.public else "private"


def with_text(event: Event, text: str) -> Event:
    """The part of an aged event that is kept: ``text`` in place of all its texts, no media."""
    return replace(event, text=text, media=(), quoted=())


def unheard(author: Author) -> str | None:
    """The reason for which nothing that this author writes is a mention; ``None`` for a person.

    The brand's own words say nothing about how the brand is received, and an answer to a program
    is answered by the program.
    """
    if author.kind == "person":
        return None
    return "own_voice" if author.kind == "own" else "automated"
