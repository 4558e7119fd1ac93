"""What is kept about a matter once it is decided: replies, tickets, conversations, alerts.

The types are as those of ``core.types``: frozen, keyword-only, times in UTC.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.types import Decision, Language, Mention, Severity
from core.wording import Tongue, Wording, in_language

Counted = Literal["posts", "reposts"]
"""What a forecast counts: a matter's posts, or how often the farthest of them is passed on."""


class ReplyState(StrEnum):
    """Where an outbox row stands; ``UNKNOWN`` means that the platform may have acted."""

    DRAFT = "draft"
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class TicketState(StrEnum):
    """Where a ticket stands; ``WAITING`` is for the customer's answer."""

    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"


class ConversationState(StrEnum):
    """Who answers: the machine, a person, or nobody any more."""

    BOT = "bot"
    HUMAN = "human"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a reply goes."""

    channel: str
    conversation: str
    reply_to: str | None = None
    """Native id of the post that is answered."""
    author: str | None = None
    """Native id of the person who is answered."""
    solicited: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An outbox row: one text to one person."""

    key: str
    """Idempotency key; at most one reply with this key is ever sent."""
    target: Target
    text: str
    state: ReplyState
    language: Language
    by: str
    """``bot``, or the name of the member of staff."""
    created_at: datetime
    not_before: datetime | None = None
    attempts: int = 0
    mention: int | None = None
    """Mention.seq it answers."""
    ticket: str | None = None
    """Ticket.number it belongs to."""
    native_id: str | None = None
    """The platform's id of the sent reply."""
    reason: str = ""
    """Why it was rejected, cancelled, held or is in doubt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """A matter that a person owes an answer to."""

    number: str
    """For people: ``T-1001``."""
    brand: str
    channel: str
    conversation: str
    customer: str
    subject: str
    category: str
    severity: Severity
    state: TicketState
    language: Language
    created_at: datetime
    due_at: datetime
    """When the first answer by a person is late (the SLA)."""
    mention: int | None = None
    owner: str | None = None
    answered_at: datetime | None = None
    """When a person first answered."""
    reminded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A thread with one person on one channel."""

    channel: str
    id: str
    customer: str
    language: Language
    state: ConversationState
    updated_at: datetime
    ticket: str | None = None
    """Number of the open ticket, if there is one."""
    muted: bool = False
    """True where the customer wants no automatic replies; a person may still answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a conversation, as the shopper sees it."""

    seq: int
    """Ascending within the store; what a client has seen up to."""
    direction: Literal["in", "out"]
    id: str
    """Native id of the event, or key of the reply."""
    by: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """An entry of the knowledge base in one language."""

    id: str
    """The same for all languages of one entry."""
    language: Literal["zh", "en"]
    title: str
    body: str
    questions: tuple[str, ...] = ()
    """Other ways in which people ask for it."""
    category: str = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An Article found for a question."""

    article: Article
    confidence: float
    """In [0, 1]; under the playbook's limit a person is asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One line of an incident's timeline."""

    at: datetime
    by: str
    """``bot``, or the name of the member of staff."""
    what: str
    """What happened, in one term: opened, severity, owned, merged, split, frozen, statement, ..."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """Posts about the same thing going wrong."""

    id: str
    """For people: ``INC-104``."""
    key: str
    """What holds it together; unique among open incidents."""
    brand: str
    title: str
    category: str
    severity: Severity
    state: Literal["open", "resolved"]
    first_at: datetime
    last_at: datetime
    mentions: int
    authors: int
    version: int = 0
    """Counts changes; a change names the version it has seen."""
    owner: str | None = None
    channels: tuple[str, ...] = ()
    forecast: float | None = None
    """Posts expected in the end, where there are enough to say."""
    low: float | None = None
    high: float | None = None
    """Bounds of the 80 % interval around ``forecast``."""
    forecast_of: Counted = "posts"
    reasons: tuple[str, ...] = ()
    """Why it is as severe as it is, for staff, in the configured language."""
    wordings: tuple[Wording, ...] = ()
    """The reasons in each language, and the title where it is not the words of a post."""
    statement: str = ""
    """The holding statement staff agreed on."""
    timeline: tuple[Note, ...] = ()
    merged_into: str | None = None
    """Id of the incident that took this one over."""
    drill: bool = False
    """True for an exercise."""

    def told(self, language: Tongue) -> Wording:
        """Title and reasons for who reads that language, as far as they are known in it."""
        found = in_language(self.wordings, language)
        if found is None:
            return Wording(language=language, title=self.title, body="\n".join(self.reasons))
        return found if found.title else replace(found, title=self.title)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A notice to staff about an incident, a silence or a deadline."""

    key: str
    """The same for repeats of the same notice, so that a receiver can drop them."""
    kind: Literal["incident", "silence", "deadline", "gap", "store", "dead_letter", "budget"]
    severity: Severity
    title: str
    body: str
    """Evidence, masked, one fact a line; like the title in the configured language."""
    created_at: datetime
    brand: str | None = None
    incident: str | None = None
    state: Literal["firing", "acknowledged", "resolved"] = "firing"
    owner: str | None = None
    channel: str | None = None
    category: str | None = None
    version: int = 0
    """Counts changes; a change names the version it has seen."""
    heard_at: datetime | None = None
    """When the matter was last heard of; ``created_at`` where it never was again."""
    notices: int = 0
    """How many times staff were notified of it; a part of what receivers drop repeats by."""
    notified_at: datetime | None = None
    notified_severity: Severity | None = None
    escalated: int = 0
    """How far up the chain of people on call it has gone."""
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    snoozed_until: datetime | None = None
    drill: bool = False
    """True for an exercise; every text of it says so."""
    wordings: tuple[Wording, ...] = ()
    """Title and body in each language."""
    part_of: str | None = None
    """Id of the incident that took over the one it was about; it ended with that."""

    def told(self, language: Tongue) -> Wording:
        """Title and body for who reads that language, as far as they are known in it."""
        found = in_language(self.wordings, language)
        return found or Wording(language=language, title=self.title, body=self.body)


def incident_key(incident: str) -> str:
    """Alert.key of the alert about an incident; one each."""
    return f"incident:{incident}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All that one decision causes; stored in one transaction."""

    decision: Decision
    conversation: Conversation | None = None
    ticket: Ticket | None = None
    """A new ticket, or the open one with what changed."""
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The end of one Received event: done with a plan, or dropped with a reason."""

    seq: int
    dropped: str | None = None
    """The reason, in one term that can be counted: no_brand, spam, deleted, ..."""
    mention: Mention | None = None
    plan: Plan | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Where all events stand; ``received`` equals the sum of the rest."""

    received: int
    done: int
    pending: int
    dead: int
    dropped: dict[str, int]
