"""What staff have laid down and what is watched until further notice.

The types are as those of ``core.types``: frozen, keyword-only, times in UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.types import Judgement, Metrics, Sentiment
from core.wording import Tongue, Wording, in_language

Scope = Literal["all", "brand", "channel", "category", "incident"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Freeze:
    """A pause of automatic replies."""

    id: str
    """``all``, or ``SCOPE:VALUE``; one pause of a kind at a time."""
    scope: Scope
    value: str = ""
    """Id of the brand, channel, category or incident; empty for ``all``."""
    reason: str
    by: str
    """``bot``, or the name of the member of staff."""
    at: datetime
    wordings: tuple[Wording, ...] = ()
    """The reason in each language, as titles, where it is not somebody's own words."""

    def told(self, language: Tongue) -> str:
        """The reason for who reads that language, as far as it is known in it."""
        found = in_language(self.wordings, language)
        return self.reason if found is None else found.title


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """A time in which staff do not want to be notified of some alerts."""

    id: str
    brand: str | None = None
    """``None`` in any of these means all."""
    channel: str | None = None
    category: str | None = None
    kind: str | None = None
    incident: str | None = None
    until: datetime
    reason: str
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What a member of staff says a mention really is; ``None`` where the judge was right."""

    mention: int
    """Mention.seq; the last correction of a mention counts."""
    sentiment: Sentiment | None = None
    complaint: bool | None = None
    category: str | None = None
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """A correction beside what was corrected."""

    correction: Correction
    text: str
    """The whole text of the mention; its masked text where the raw one has aged out."""
    judgement: Judgement


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Figures of a post at a moment; ``None`` once the post is gone."""

    at: datetime
    metrics: Metrics | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tracked:
    """A mention whose figures are read again and again."""

    mention: int
    """Mention.seq."""
    channel: str
    native_id: str
    posted_at: datetime
    samples: tuple[Sample, ...] = ()
    """Oldest first; the newest hundred are kept."""
    next_at: datetime | None = None
    """When to read again; ``None`` for never."""
