"""One incident as it is followed in memory: its posts, its evidence, and its state in the store."""

from dataclasses import dataclass, field
from typing import Final, Literal

from core.localized import LocalizedText
from core.model.incidents import ForecastUnit, Incident, TimelineEntry
from core.model.mentions import Mention
from core.taxonomy import Severity
from listeners.spread.activity import GRAVE, HOUR, Activity, BrandPost
from listeners.spread.cascades.forecast import Forecast
from listeners.spread.grouping.meaning import MeaningCentroid, Vector
from listeners.spread.grouping.relevance import IncidentWords

_LARGE: Final = 200
"""An incident of this many posts is not assessed with every post, ..."""
_GROWTH: Final = 1.02
"""... but when it has grown by this factor, ..."""
_REASSESS_SECONDS: Final = 60.0
"""... after this time, or when a risk is named."""
_REOPENING_AUTHORS: Final = 3
_MAX_GAP: Final = 6 * HOUR
"""Posts before a longer gap do not belong to what goes on now."""
_NEGLIGIBLE: Final = 0.05
"""If at most this multiple of the posts after a gap came before it, one hour is a gap."""


Reason = Literal[
    "grave", "risk", "spreading", "fast", "far", "very_far", "influential", "lasting", "volume",
    "harmless",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """A severity, and its reasons with their figures, the weightiest first."""

    severity: Severity
    reasons: tuple[tuple[Reason, str], ...]


@dataclass(kw_only=True, slots=True, eq=False)
class TrackedIncident:
    """An incident from its first adverse post on; most are never stored and never alerted."""

    key: str
    """Never used twice; becomes Incident.key."""
    brand: str
    title: str
    titles: tuple[LocalizedText, ...] = ()
    """The title in each language, if it is not taken from a post."""
    activity: Activity = field(default_factory=Activity)
    words: IncidentWords = field(default_factory=IncidentWords)
    centroid: MeaningCentroid = field(default_factory=MeaningCentroid)
    embedded: int = 0
    """Wordings whose embedding was requested."""
    compared_wordings: int = 0
    """Number of known wordings when it was last compared with others."""
    repeated: list[Vector] = field(default_factory=list)
    """Embeddings of its texts that three people or more repeat."""
    groups: set[str] = field(default_factory=set)
    """Ids of the groups of copies that belong to it."""
    record: Incident | None = None
    """As last stored."""
    unsaved_entries: list[TimelineEntry] = field(default_factory=list)
    """Timeline entries that are not stored yet."""
    unsaved_posts: list[int] = field(default_factory=list)
    """Mention.seq of posts that are not assigned to it in the store yet."""
    burst: bool = False
    """True if it lifted the brand's volume far above the usual."""
    post_forecast: Forecast | None = None
    """Reach of its farthest post, by polled figures."""
    forecast: Forecast | None = None
    """Size of the incident, its posts taken as one cascade."""
    forecast_posts: int = 0
    """Number of posts that ``forecast`` was made from."""
    assessment: Assessment | None = None
    assessed_posts: int = 0
    """Number of posts at the last assessment."""
    staff_ruled: bool = False
    """True if staff merged or split it."""
    alerted: Severity | None = None
    """The highest severity alerted in this wave."""
    alerted_at: float = 0.0
    """Time of the posts at the last alert, in seconds since 1970."""
    merged_into: "TrackedIncident | None" = None
    """The incident that absorbed it, which stands for it from then on."""
    settled: int | None = None
    """Number of posts when staff had resolved it while it went on; ``None`` if they have not."""
    ended: bool = False
    """True from the end of one wave to the beginning of the next; as in the store."""

    def may_defer(self, post: BrandPost) -> bool:
        """True if a post of a large, alerted incident need not be assessed at once."""
        count = self.activity.count
        return (
            self.alerted is not None
            and not post.risk
            and post.at - self.alerted_at < _REASSESS_SECONDS
            and self.assessed_posts >= _LARGE
            and count < self.assessed_posts * _GROWTH
        )

    def absorb(self, other: "TrackedIncident") -> None:
        """Add the posts of another incident, and its alert if that is more severe."""
        self.activity.absorb(other.activity)
        self.groups |= other.groups
        self.centroid.absorb(other.centroid)
        self.repeated += other.repeated
        self.embedded += other.embedded
        self.unsaved_posts += other.unsaved_posts
        self.burst = self.burst or other.burst
        if other.alerted is not None:
            self.alerted = min(self.alerted or "P4", other.alerted)

    def current(self) -> "TrackedIncident":
        """The incident that this one was merged into in the end, or itself."""
        found = self
        while found.merged_into is not None:
            found = found.merged_into
        return found

    def goes_on_after_staff_resolved(self) -> bool | None:
        """Whether posts go on that staff do not know of; ``None`` if staff have not resolved it.

        A single straggler does not reopen what staff have resolved: that takes as many harmful
        authors as make an incident worth storing, or grave harm.
        """
        record = self.record
        reopening = any(entry.what == "reopened" for entry in self.unsaved_entries)
        if record is None or record.state == "open" or self.ended or reopening:
            self.settled = None
            return None
        if self.settled is None:
            self.settled = self.activity.count - 1
        new = self.activity.count - self.settled
        later = [post for post in self.activity.posts()[-new:] if post.adverse]
        grave = any(GRAVE & set(post.risk) for post in later)
        return grave or len({post.author for post in later}) >= _REOPENING_AUTHORS

    def is_stored_apart(self, mention: Mention) -> bool:
        """True if the store has a mention with another record, as after an interrupted merge."""
        return self.record is not None and mention.incident != self.record.id

    def last_hour(self) -> tuple[BrandPost, ...]:
        """The posts of the hour before its last post."""
        return self.activity.within(HOUR, self.activity.last)

    def category(self) -> str:
        """The most frequent category of its adverse posts; empty if none is known."""
        known = [
            (name, count) for name, count in self.activity.categories.items() if name and count
        ]
        return max(known, key=lambda one: (one[1], one[0]), default=("", 0))[0]

    def farthest_forecast(self) -> tuple[Forecast | None, ForecastUnit]:
        """The larger of the forecasts of the incident and of its farthest post, and its unit."""
        whole, one = self.forecast, self.post_forecast
        if one is not None and (whole is None or one.final > whole.final):
            return one, "reposts"
        return whole, "posts"

    def began(self) -> float:
        """Date of the first adverse post of what goes on now, in seconds since 1970.

        Posts before a gap of six hours do not count: a remark on the same subject days ago is not
        the beginning of a crisis. Neither are a few posts an hour before a hundred.
        """
        at = first = self.activity.last
        posts = self.activity.posts()
        for place in range(len(posts) - 1, -1, -1):
            post, older, newer = posts[place], place + 1, len(posts) - place - 1
            negligible = older <= newer * _NEGLIGIBLE
            if at - post.at > (HOUR if negligible else _MAX_GAP):
                break
            at = min(at, post.at)
            first = min(first, post.at) if post.adverse else first
        else:
            if self.record is not None and self.activity.count > len(posts):
                return min(first, self.record.first_at.timestamp())
        return first
