"""Watches what is spreading: the brand, the incident and the post lane, and the alerts they raise.

The state follows from the mentions alone: ``rebuild`` with those of the last ``memory`` comes to
the same incidents and the same alert keys. An alert that could not be raised is tried again with
the next mention, so it is raised at least once.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np

from core.clock import Clock
from core.records import Alert
from core.types import Mention
from listeners.spread import wording
from listeners.spread.activity import HOUR, Activity, Heard
from listeners.spread.brand_lane import BrandLane, Burst
from listeners.spread.cascade import Forecast, forecast, shipped_model
from listeners.spread.desk import Desk, Notice, Raises
from listeners.spread.event_time import EventTime
from listeners.spread.features import Cascade, events_from_polls
from listeners.spread.incidents import Grouper
from listeners.spread.severity import GRAVE, TELL_OF_HARM, Assessment, Facts, assess

_KEPT: Final = timedelta(hours=72)
_TEXT: Final = 160
_FEW: Final = 10
"""Under so many posts a forecast says more about what was learned from than about the post."""


class SpreadWatch:
    """Takes recorded mentions in and raises alerts."""

    memory: Final = timedelta(days=14)
    """How far back ``rebuild`` wants to be told."""

    def __init__(
        self,
        raises: Raises,
        *,
        clock: Clock,
        names: Mapping[str, str],
        terms: Mapping[str, Sequence[str]] | None = None,
        authors: int = 5,
        quiet: timedelta = timedelta(hours=6),
        language: Literal["zh", "en"] = "zh",
    ) -> None:
        """``names``: what staff call each brand id; ``terms``: what it is called in posts.

        ``authors``: so many in an hour who say the same thing alarm.

        After ``quiet`` without a post an incident that comes up again is alerted of again.
        """
        self._desk = Desk(raises, clock=clock)
        self._clock = clock
        self._names = dict(names)
        self._authors = authors
        self._quiet = quiet.total_seconds()
        self._language: Literal["zh", "en"] = language
        self._time = EventTime()
        self.grouper: Final = Grouper(
            quiet=_KEPT,
            names={brand: (name, *(terms or {}).get(brand, ())) for brand, name in names.items()},
            united=self._unite,
        )
        """For staff's merges and splits, and for the incident of a post."""
        self._activities: OrderedDict[str, Activity] = OrderedDict()
        self._lanes: dict[tuple[str, str], BrandLane] = {}

    async def observe(self, mention: Mention) -> None:
        """As core.ports.Spread. Raises what ``raise_alert`` raises."""
        self._take(mention)
        await self._desk.send()

    async def engaged(self, mention: Mention, polls: Sequence[tuple[datetime, int]]) -> None:
        """The post lane: forecast a mention's reach from its polled reposts, (time, count)."""
        event = mention.event
        start = event.posted_at
        seconds = [((at - start).total_seconds(), count) for at, count in polls]
        latest = max((second for second, _ in seconds), default=0.0)
        seen = max((count for _, count in seconds), default=0)
        if latest < 60 or seen < _FEW:
            return
        cascade = replace(
            events_from_polls(seconds),
            channel=event.channel,
            posted_at=start,
            followers=event.author.followers,
        )
        found = forecast(cascade, latest, model=shipped_model())
        heard = _heard(mention, start.timestamp())
        facts = Facts(
            negative=heard.negative,
            risk=tuple((kind, 1) for kind in heard.risk),
            forecast=found.final,
            followers=heard.followers,
            enough=self._authors,
        )
        assessed = assess(facts)
        for brand in mention.brands:
            heading = wording.title(
                "post", self._language, brand=self._name(brand), forecast=f"{found.final:.0f}"
            )
            lines = [wording.fact_of_forecast(found, self._language)]
            self._desk.file(
                Notice(
                    matter=f"{brand}:post:{event.channel}:{event.id}",
                    severity=assessed.severity,
                    title=heading,
                    lines=self._body(assessed, lines, [heard]),
                    brand=brand,
                    at=start.timestamp() + latest,
                )
            )
        await self._desk.send()

    async def rebuild(self, mentions: Iterable[Mention], alerts: Iterable[Alert] = ()) -> None:
        """Take in what was seen before the start: mentions of the last ``memory``.

        ``alerts``: those that were raised before. What still goes on and was not raised is raised.
        """
        for alert in alerts:
            self._desk.know(alert)
        for mention in sorted(mentions, key=lambda one: one.seq):
            self._take(mention)
        if self._activities or self._lanes:
            self._desk.drop_before(self._time.now - self._quiet)
        await self._desk.send()

    def _take(self, mention: Mention) -> None:
        event = mention.event
        clock = self._clock.now().timestamp()
        at = self._time.take(event.posted_at.timestamp(), clock=clock)
        if at is None or at < self._time.now - _KEPT.total_seconds():
            return
        heard = _heard(mention, at)
        category = "" if mention.judgement.category == "other" else mention.judgement.category
        for brand in mention.brands:
            key = f"{brand}\n{event.channel}\n{event.id}"
            if self.grouper.incident_of(key) is not None:
                continue
            incident = self.grouper.add(
                key,
                event.text,
                datetime.fromtimestamp(at, tz=UTC),
                category=category,
                brand=brand,
                incident=mention.incident if len(mention.brands) == 1 else None,
            )
            activity = self._activities.setdefault(incident, Activity())
            self._activities.move_to_end(incident)
            activity.add(heard, quiet=self._quiet)
            self._look(brand, incident, activity)
            lane = self._lanes.setdefault((brand, event.channel), BrandLane())
            burst = lane.add(at, heard.negative, now=self._time.now)
            if burst is not None:
                self._burst(brand, event.channel, burst)
        self._forget()

    def _look(self, brand: str, incident: str, activity: Activity) -> None:
        posts = activity.within(HOUR, activity.last)
        authors = len({post.author for post in posts})
        told = {(kind, post.author) for post in posts for kind in post.risk}
        risk = tuple(Counter(kind for kind, _ in told).most_common())
        facts = Facts(
            authors=authors,
            enough=self._authors,
            negative=sum(post.negative for post in posts) / len(posts),
            risk=risk,
            followers=max(post.followers for post in posts),
            hours=(activity.last - activity.first) / HOUR,
        )
        grave = any(kind in GRAVE and people >= TELL_OF_HARM for kind, people in risk)
        if not grave and (authors < self._authors or not activity.unusual(activity.last)):
            return
        lines = wording.facts_of_posts(activity.posts(), self._language)
        found = _expected(activity)
        if found is not None:
            facts = replace(facts, forecast=found.final)
            lines.append(wording.fact_of_forecast(found, self._language))
        assessed = assess(facts)
        heading = wording.title(
            "incident", self._language, brand=self._name(brand), authors=str(authors)
        )
        self._desk.file(
            Notice(
                matter=f"{brand}:{_part(incident)}{activity.waves}",
                severity=assessed.severity,
                title=heading,
                lines=self._body(assessed, lines, posts),
                brand=brand,
                at=activity.last,
                incident=incident,
            )
        )

    def _burst(self, brand: str, channel: str, burst: Burst) -> None:
        if burst.posts < self._authors:
            return
        assessed = assess(Facts(burst=True, negative=burst.negative, enough=self._authors))
        self._desk.file(
            Notice(
                matter=f"{brand}:volume:{channel}:{burst.at:%Y%m%dT%H%M%SZ}",
                severity=assessed.severity,
                title=wording.title(
                    "brand", self._language, brand=self._name(brand), channel=channel
                ),
                lines=self._body(assessed, [wording.fact_of_burst(burst, self._language)], ()),
                brand=brand,
                at=burst.at.timestamp(),
            )
        )

    def _body(
        self, assessed: Assessment, lines: Sequence[str], posts: Sequence[Heard]
    ) -> tuple[str, ...]:
        said = wording.evidence(posts, self._language)
        return (*wording.reasons(assessed, self._language), *lines, *said)

    def _unite(self, kept: str, gone: str) -> None:
        activity = self._activities.pop(gone, None)
        if activity is None:
            return
        into = self._activities.setdefault(kept, activity)
        if into is not activity:
            into.take_over(activity)
        self._desk.rename(_part(gone), _part(kept))

    def _forget(self) -> None:
        before = self._time.now - _KEPT.total_seconds()
        while self._activities:
            incident, activity = next(iter(self._activities.items()))
            if activity.last >= before:
                break
            del self._activities[incident]

    def _name(self, brand: str) -> str:
        return self._names.get(brand, brand)


def _part(incident: str) -> str:
    """What the matters of an incident have in common."""
    return f"incident:{incident}:"


def _heard(mention: Mention, at: float) -> Heard:
    event, judgement = mention.event, mention.judgement
    return Heard(
        at=at,
        author=f"{event.channel}\n{event.author.id}",
        channel=event.channel,
        negative=judgement.probabilities.negative,
        risk=judgement.risk,
        followers=event.author.followers or 0,
        text=mention.masked_text[:_TEXT],
    )


def _expected(activity: Activity) -> Forecast | None:
    """How far an incident goes, its posts taken as one cascade."""
    times = np.sort(np.array(activity.times()))
    seconds = float(times[-1] - times[0])
    if len(times) < _FEW or seconds < 60:
        return None
    return forecast(Cascade(events=times - times[0]), seconds, model=shipped_model())
