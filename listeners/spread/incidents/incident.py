"""One matter that goes wrong."""

from dataclasses import dataclass, field
from typing import Final

from core.incidents import Incident, TimelineEntry
from core.localized import LocalizedText
from core.taxonomy import Severity
from listeners.spread.activity import Activity, BrandPost
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.grouping.meaning import MeaningCentroid
from listeners.spread.grouping.relevance import IncidentWords
from listeners.spread.incidents.severity import Assessment

_GREAT: Final = 200
_GROWN: Final = 1.02
_SOON: Final = 60.0


@dataclass(kw_only=True, slots=True, eq=False)
class TrackedIncident:
    """What is known of it, and what the store and staff know."""

    key: str
    """Never used twice; becomes Incident.key."""
    brand: str
    title: str
    titles: tuple[LocalizedText, ...] = ()
    """The title in each language, where it is not the words of a post."""
    activity: Activity = field(default_factory=Activity)
    profile: IncidentWords = field(default_factory=IncidentWords)
    meaning: MeaningCentroid = field(default_factory=MeaningCentroid)
    asked: int = 0
    """Wordings whose meaning was asked for."""
    groups: set[str] = field(default_factory=set)
    """Ids of the groups of copies that belong to it."""
    record: Incident | None = None
    """As the store last had it."""
    notes: list[TimelineEntry] = field(default_factory=list)
    """What happened and is not in the store's timeline yet."""
    pending: list[int] = field(default_factory=list)
    """Mention.seq of posts that the store does not know as its yet."""
    burst: bool = False
    """True where it lifted the brand's volume far over the usual."""
    reach: Forecast | None = None
    """How far its furthest post will go, by polled figures."""
    forecast: Forecast | None = None
    forecast_of: int = 0
    """Posts that the forecast was made from."""
    assessment: Assessment | None = None
    judged: int = 0
    """Posts that it was last judged by."""
    ruled: bool = False
    """True where staff merged or split it."""
    told: Severity | None = None
    """The highest severity that staff were told of in this wave."""
    told_at: float = 0.0
    over: bool = False
    """True from the end of one wave to the beginning of the next; as in the store."""

    def is_settled(self, post: BrandPost) -> bool:
        """True where one post more changes nothing that staff of a great matter must know now."""
        count = self.activity.count
        return (
            self.told is not None
            and not post.risk
            and post.at - self.told_at < _SOON
            and self.judged >= _GREAT
            and count < self.judged * _GROWN
        )

    def take_over(self, other: "TrackedIncident") -> None:
        """Become what both were together, as far as the store and staff are concerned."""
        self.activity.take_over(other.activity)
        self.groups |= other.groups
        self.meaning.take_over(other.meaning)
        self.asked += other.asked
        self.pending += other.pending
        self.burst = self.burst or other.burst
        if other.told is not None:
            self.told = min(self.told or "P4", other.told)
