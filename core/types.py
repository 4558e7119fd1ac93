"""The words every part shares: what was heard, what it means, what is done about it.

All types are frozen and keyword-only. Every ``datetime`` is timezone-aware and in UTC. Every
probability is a ``float`` in [0, 1].
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

Language = Literal["zh", "en", "mixed", "other"]
Sentiment = Literal["negative", "neutral", "positive"]
Severity = Literal["P1", "P2", "P3", "P4"]


class EventKind(StrEnum):
    """What a platform delivered; only ``MESSAGE`` is private by itself: see Event.public."""

    MESSAGE = "message"
    POST = "post"
    COMMENT = "comment"
    REPOST = "repost"
    EDIT = "edit"
    DELETE = "delete"


class Action(StrEnum):
    """What a Decision asks for."""

    IGNORE = "ignore"
    REPLY = "reply"
    DRAFT = "draft"
    TICKET = "ticket"


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Who wrote an Event, as its platform names them."""

    id: str
    name: str = ""
    followers: int | None = None
    language: Language | None = None
    """That their account is set to, where the platform tells."""


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
    """What a platform delivered, byte for byte; (channel, id, revision) is its key."""

    channel: str
    id: str
    revision: int = 0
    kind: EventKind
    author: Author
    text: str
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
    """How often processing it has failed."""
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Events a connector delivers together, and the cursor behind the last of them."""

    events: tuple[Event, ...]
    cursor: str | None = None
    rejects: tuple["Reject", ...] = ()
    """What arrived in this page but could not be read; kept as dead letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """Input that is no Event, kept whole so that it can be mended and replayed."""

    channel: str
    id: str
    """A key that is the same when the platform repeats the input."""
    raw: bytes
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Probabilities:
    """How likely each sentiment is; the three sum to one."""

    negative: float
    neutral: float
    positive: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a text says and how sure we are."""

    language: Language
    sentiment: Sentiment
    probabilities: Probabilities
    complaint: float
    """Probability that something went wrong and the author wants it put right."""
    category: str = "other"
    """What it is about: see listeners.categories."""
    intent: str = "statement"
    """What the author wants: question, complaint, praise, human, order_status, threat, ..."""
    risk: tuple[str, ...] = ()
    """Kinds of harm named in the text; any of them means that a person answers."""
    offensive: float = 0.0
    spam: float = 0.0
    evidence: tuple[str, ...] = ()
    """The words that decided, for staff."""
    model: str = ""
    """Which model judged, with its version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """An Event that concerns a brand, with its Judgement."""

    seq: int
    """Received.seq of the event."""
    event: Event
    brands: tuple[str, ...]
    """Ids of the brands it concerns; a message to the brand concerns the channel's brand."""
    judgement: Judgement
    flags: tuple[str, ...] = ()
    """What moderation noted: spam, abuse, personal_data, ..."""
    masked_text: str = ""
    """The text with personal data masked, for logs, alerts and models."""
    incident: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Moderation's answer about a text that comes in or goes out."""

    allowed: bool
    reason: str = ""
    """Why not, in one term that can be counted: spam, abuse, personal_data, frozen, ..."""
    flags: tuple[str, ...] = ()
    masked_text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to do about a Mention and why."""

    action: Action
    rule: str
    """Name of the playbook rule that matched."""
    reason: str
    """One sentence for staff, in the language of the console's configuration."""
    remark: str = ""
    """Why the machine keeps silent or waits though the rule says more, in one term."""
    article: str | None = None
    """Id of the Article the answer stands on."""
    confidence: float | None = None
