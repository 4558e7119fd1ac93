"""Mentions, what staff ask the store about them, and what staff corrected or track."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.model.decisions import Decision
from core.model.events import Event, Metrics
from core.model.judgement import Judgement
from core.model.outbox import Reply
from core.taxonomy import Sentiment


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
    """Notes of moderation: spam, abuse, personal_data, ..."""
    masked_text: str = ""
    """The text with personal data masked, for logs, alerts and models."""
    incident: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionFilter:
    """Which mentions; ``None`` means all."""

    text: str | None = None
    """Words that must all be found, Chinese or English."""
    brand: str | None = None
    channel: str | None = None
    sentiment: Sentiment | None = None
    category: str | None = None
    since: datetime | None = None
    """By posted_at, inclusive."""
    until: datetime | None = None
    """By posted_at, exclusive."""
    incident: str | None = None
    """Incident.id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionRecord:
    """A mention with what was decided about it."""

    mention: Mention
    decision: Decision
    ticket: str | None
    """Ticket.number, if it has one."""
    replies: tuple[Reply, ...]
    withdrawn: bool
    """True where its author deleted it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionPage:
    """Mentions, newest first (by seq)."""

    mentions: tuple[MentionRecord, ...]
    next: int | None
    """Pass it to get the page after this one; ``None`` at the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """Labels a member of staff gave to a mention; ``None`` where the judge was right."""

    mention: int
    """Mention.seq; the last correction of a mention counts."""
    sentiment: Sentiment | None = None
    complaint: bool | None = None
    category: str | None = None
    intent: str | None = None
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectedMention:
    """A correction beside what was corrected."""

    correction: Correction
    text: str
    """The whole text of the mention; its masked text where the raw one has aged out."""
    judgement: Judgement
    channel: str = ""
    no_training: bool = False
    """As Event.no_training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsSample:
    """Figures of a post at a moment; ``None`` once the post is gone."""

    at: datetime
    metrics: Metrics | None


SAMPLES: Final = 100
"""Samples that are kept of one post."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackedPost:
    """A mention whose figures are read again and again."""

    mention: int
    """Mention.seq."""
    channel: str
    native_id: str
    posted_at: datetime
    samples: tuple[MetricsSample, ...] = ()
    """Oldest first; the newest hundred are kept."""
    next_at: datetime | None = None
    """Time of the next reading; ``None`` for never."""

    def trimmed(self) -> "TrackedPost":
        """With the newest ``SAMPLES`` samples alone."""
        return replace(self, samples=self.samples[-SAMPLES:])
