"""Follows incidents: assesses them, merges them, ends them, and has them stored and alerted."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from core.clock import Clock
from core.model.incidents import TimelineEntry
from core.ports import AlertRaiser
from listeners.spread.activity import BrandPost, mean_harm
from listeners.spread.brand_lane import BackgroundVolume, BrandLane, Burst
from listeners.spread.event_time import EventTime, utc
from listeners.spread.flash import WINDOW, FlashLane
from listeners.spread.incidents.alerts import AlertAudience, AlertQueue, pending_alert
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from listeners.spread.incidents.records import BOT
from listeners.spread.incidents.severity import (
    HARM_SHARE,
    assess,
    enough_authors,
    facts_of,
    should_alert,
    should_record,
)
from listeners.spread.incidents.similarity import same_alarm
from listeners.spread.incidents.wording import IncidentTexts, representative_posts
from listeners.spread.incidents.writer import IncidentWriter

MEMORY_SECONDS: Final = 72 * 3600.0
"""Incidents without a post for longer are dropped from memory."""
_SWEEP_SECONDS: Final = 60.0
"""Interval of ``sweep``, in the time of the posts."""
_OWN_SHARE: Final = 0.5
"""A burst belongs to an incident that has this share of its adverse posts."""


class IncidentTracker:
    """Decides what becomes of incidents as posts come in; writes and alerts are only queued."""

    def __init__(
        self,
        index: IncidentIndex,
        *,
        writer: IncidentWriter,
        queue: AlertQueue,
        alerts: AlertRaiser,
        time: EventTime,
        clock: Clock,
        brands: Mapping[str, str],
        authors: int,
        quiet: float,
        audience: AlertAudience,
        texts: IncidentTexts,
    ) -> None:
        """Create a tracker.

        ``brands``: name of each brand for staff, by its id. ``authors``: discontented authors in an
        hour that make an alarm. ``quiet``: seconds without a post after which an incident ends.
        """
        self._index = index
        self._writer = writer
        self._queue = queue
        self._alerts = alerts
        self._time = time
        self._clock = clock
        self._brands = dict(brands)
        self._authors = authors
        self._quiet = quiet
        self._audience = audience
        self._texts = texts
        self.replaying = False
        """True while posts are observed that were known before a restart."""
        self._swept = 0.0
        self._backgrounds: defaultdict[str, BackgroundVolume] = defaultdict(BackgroundVolume)
        self._flashes: dict[str, FlashLane] = {}
        self._lanes: defaultdict[tuple[str, str], BrandLane] = defaultdict(BrandLane)
        """By brand and channel."""

    def observe(self, brand: str, post: BrandPost, incident: TrackedIncident | None) -> None:
        """Judge the incident of a post, if it has one, and the brand's volume."""
        background = self._backgrounds[brand]
        if incident is None or incident.alerted is None:
            background.add(post.at)
        if incident is not None:
            incident = self._merge_same(incident, post)
            if incident.may_defer(post):
                self._writer.schedule(incident)
            else:
                self.assess(incident)
        self._watch_flash(brand, post)
        burst = self._lanes[brand, post.channel].add(post, now=self._time.now)
        if burst is not None:
            owner = attribute_burst(
                burst,
                self._index,
                brand=brand,
                enough=self._authors,
                background=background,
                texts=self._texts,
            )
            if owner is not None:
                self.assess(owner)

    def _watch_flash(self, brand: str, post: BrandPost) -> None:
        lane = self._flashes.setdefault(brand, FlashLane(authors=self._authors))
        posts = lane.add(post, is_alerted=lambda one: _is_alerted(self._index.of_post(one.key)))
        parts = flash_parts(posts, self._index, brand=brand) if posts else []
        if parts:
            kept, *rest = parts
            kept.burst = True
            if kept.record is None and not kept.titles:
                kept.title = representative_posts(posts, 1)[0].text
            onset = min(one.at for one in posts if one.adverse)
            self._index.begin_flash(kept, until=onset + WINDOW)
            for gone in rest:
                self.merge(kept, gone)
            self.assess(kept.current())

    def _merge_same(self, incident: TrackedIncident, post: BrandPost) -> TrackedIncident:
        """Merge an incident that grew by a new wording with others that are about the same."""
        while incident.words.texts > incident.compared_wordings > 0:
            pair = self._index.same_words(incident, post)
            incident.compared_wordings = incident.words.texts
            if pair is not None:
                kept, gone = pair
                self.merge(kept, gone)
                incident = kept.current()
        incident.compared_wordings = incident.words.texts
        return incident

    def assess(self, incident: TrackedIncident, *, at: float = -math.inf) -> None:
        """Assess an incident, and have it stored and alerted by the rules.

        ``at``: time of what became known apart from posts, in seconds since 1970.
        """
        facts = facts_of(incident, enough=self._authors)
        assessment = assess(facts)
        incident.assessment, incident.assessed_posts = assessment, incident.activity.count
        if incident.ended and incident.activity.last >= self._time.now - self._quiet:
            incident.ended = False
            if incident.record is not None:
                self._note(incident, "reopened", assessment.severity)
        goes_on = None if self.replaying else incident.goes_on_after_staff_resolved()
        if goes_on is False:
            self._writer.schedule(incident)
            return
        if goes_on and incident.record is not None:
            incident.alerted, incident.settled = None, None
            self._note(incident, "reopened", assessment.severity)
            self._alerts.end(incident.record.id)
        background = self._backgrounds[incident.brand].ratio(len(incident.last_hour()))
        alarms = (
            bool(goes_on or should_alert(incident, facts, background=background))
            and assessment.severity != "P4"
        )
        kept = incident.record is not None or alarms or should_record(incident)
        first = incident.alerted is None and not incident.staff_ruled
        if first and kept and (alarms or incident.record is None):
            other = same_alarm(
                incident,
                self._index,
                background=self._index.background(incident.brand),
                words=lambda text: self._index.content_words(incident.brand, text),
            )
            if other is not None:
                self.merge(other, incident)
                return
        if alarms or incident.alerted is not None:
            self._alert(incident, max(at, incident.activity.last))
        if kept or incident.alerted is not None:
            self._writer.schedule(incident)

    def merge(self, kept: TrackedIncident, gone: TrackedIncident) -> None:
        """Make one incident part of another, and assess that anew."""
        self._index.merge(kept, gone)
        self._queue.merged(kept, gone)
        self._writer.merged(kept, gone)
        self.assess(kept)

    def sweep_if_due(self) -> None:
        """``sweep`` if the last one is a minute ago by the time of the posts, or lies ahead."""
        if not 0 <= self._time.now - self._swept < _SWEEP_SECONDS:
            self.sweep()

    def sweep(self) -> int:
        """End the incidents that have been quiet, and drop old ones; returns how many ended."""
        now, ended = self.now(), 0
        self._swept = now
        self._index.evict(now - MEMORY_SECONDS, small=now - self._quiet)
        for incident in self._index:
            if not incident.ended and incident.activity.last < now - self._quiet:
                incident.ended, incident.alerted = True, None
                ended += 1
                if incident.record is not None:
                    self._note(incident, "resolved", "")
                    self._writer.schedule(incident)
                    self._alerts.end(incident.record.id)
        return ended

    def now(self) -> float:
        """The time of the posts, which goes on while there are none; seconds since 1970."""
        clock, elapsed = self._clock.now().timestamp(), self._clock.monotonic()
        return self._time.estimate(clock=clock, elapsed=elapsed)

    def _alert(self, incident: TrackedIncident, at: float) -> None:
        assessment = incident.assessment
        if assessment is None or not self._queue.is_due(incident, assessment.severity, at):
            return
        if incident.alerted is None or assessment.severity < incident.alerted:
            self._note(incident, "severity", assessment.severity)
        brand = self._brands.get(incident.brand, incident.brand)
        self._queue.put(
            pending_alert(
                incident,
                assessment,
                self._audience,
                self._texts,
                brand=brand,
                names=self._index.names(incident.brand),
                at=at,
            )
        )

    def _note(self, incident: TrackedIncident, what: str, detail: str) -> None:
        at = utc(max(incident.activity.last, incident.activity.first))
        incident.unsaved_entries.append(TimelineEntry(at=at, by=BOT, what=what, detail=detail))


def attribute_burst(
    burst: Burst,
    index: IncidentIndex,
    *,
    brand: str,
    enough: int,
    background: BackgroundVolume,
    texts: IncidentTexts,
) -> TrackedIncident | None:
    """The incident that a burst belongs to, marked as a burst; ``None`` if it is no crisis.

    That is the incident with half of the adverse posts, or else a new one of the posts that belong
    to no alerted incident, if ``enough`` discontented authors are behind them.
    """
    adverse = [post for post in burst.posts if post.adverse]
    if len({post.author for post in adverse}) < enough:
        return None
    owners = Counter(owner for post in adverse if (owner := index.of_post(post.key)) is not None)
    for owner, count in owners.most_common(1):
        if count >= _OWN_SHARE * len(adverse):
            owner.burst = True
            return owner
    left = [post for post in burst.posts if not _is_alerted(index.of_post(post.key))]
    rest = [post for post in left if post.adverse]
    if mean_harm(left) < HARM_SHARE:
        return None
    if not enough_authors(rest, enough=enough, background=background.ratio(len(rest))):
        return None
    channel = rest[0].channel
    titles = texts.burst_titles(channel)
    incident = TrackedIncident(
        key=f"{brand}:volume:{channel}:{burst.at:%Y%m%dT%H%M%SZ}",
        brand=brand,
        title=titles[0].title,
        titles=titles,
        burst=True,
    )
    index.add(incident)
    index.move({post.key for post in rest}, incident)
    return incident


def flash_parts(
    posts: Sequence[BrandPost], index: IncidentIndex, *, brand: str
) -> list[TrackedIncident]:
    """The incidents that the posts of a flash are split into, the one to keep first.

    That is an alerted one that began with the flash, or else the one with most authors. Empty if
    most of the posts do no harm. Incidents that were there before the flash are everyday talk.
    """
    newest = max(post.at for post in posts)
    owners = Counter(
        owner for post in posts if post.adverse and (owner := index.of_post(post.key)) is not None
    )
    fresh = [
        owner
        for owner in owners
        if owner.brand == brand and owner.activity.first > newest - 2 * WINDOW
    ]
    begun = [
        one
        for one in index
        if one.brand == brand
        and one.alerted is not None
        and one.activity.last > newest - WINDOW
        and one.began() > newest - 2 * WINDOW
    ]
    parts = [owner for owner in fresh if not owner.staff_ruled]
    known = {post.key for owner in owners if owner not in fresh for post in owner.activity.posts()}
    if not parts or mean_harm(post for post in posts if post.key not in known) < HARM_SHARE:
        return []
    begun.sort(key=lambda owner: -owner.activity.count)
    parts.sort(key=lambda owner: -len(owner.activity.authors))
    return [*begun[:1], *parts]


def _is_alerted(incident: TrackedIncident | None) -> bool:
    return incident is not None and incident.alerted is not None
