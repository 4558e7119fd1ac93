"""Incidents: posts about the same thing going wrong."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from core.errors import Conflict
from core.localized import LocalizedText, UiLanguage, in_language
from core.taxonomy import Severity

ForecastUnit = Literal["posts", "reposts"]
"""Unit of a forecast: posts of the incident, or reposts of its farthest post."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """One line of an incident's timeline."""

    at: datetime
    by: str
    """``bot``, or the name of the member of staff."""
    what: str
    """Kind of change, one term: opened, severity, owned, merged, split, frozen, statement, ..."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """Posts about the same thing going wrong."""

    id: str
    """For people: ``INC-104``."""
    key: str
    """Identifies the group of posts; unique among open incidents."""
    brand: str
    title: str
    category: str
    severity: Severity
    state: Literal["open", "resolved"]
    first_at: datetime
    last_at: datetime
    mentions: int
    authors: int
    denials: int = 0
    """Those of the mentions that deny what the others say; they count for no severity."""
    version: int = 0
    """Counts changes; a change names the version it has seen."""
    owner: str | None = None
    channels: tuple[str, ...] = ()
    forecast: float | None = None
    """Posts expected in the end, where there are enough to say."""
    low: float | None = None
    high: float | None = None
    """Bounds of the 80 % interval around ``forecast``."""
    forecast_of: ForecastUnit = "posts"
    reasons: tuple[str, ...] = ()
    """Grounds of the severity, for staff, in the configured language."""
    wordings: tuple[LocalizedText, ...] = ()
    """The reasons in each language, and the title where it is not the words of a post."""
    statement: str = ""
    """The holding statement staff agreed on."""
    timeline: tuple[TimelineEntry, ...] = ()
    merged_into: str | None = None
    """Id of the incident that took this one over."""
    drill: bool = False
    """True for an exercise."""
    opened_at: datetime | None = None
    """Clock time at which it was stored first; the dates of a feed that is played are others."""

    def since(self, *, drill: bool) -> datetime:
        """Time from which staff count how long it is open: in an exercise, by the clock."""
        by_clock = drill or self.drill
        return self.opened_at if by_clock and self.opened_at is not None else self.first_at

    def localized(self, language: UiLanguage) -> LocalizedText:
        """Title and reasons in a language, or as configured if they are not known in that."""
        found = in_language(self.wordings, language)
        if found is None:
            return LocalizedText(language=language, title=self.title, body="\n".join(self.reasons))
        return found if found.title else replace(found, title=self.title)


def next_incident_version(stored: Incident | None, incident: Incident) -> Incident:
    """A change as it is stored; raises Conflict unless it was made to the stored version."""
    if stored is None or stored.version != incident.version:
        raise Conflict(f"{incident.id} was changed in the meantime. Read it again.")
    return replace(incident, version=incident.version + 1)
