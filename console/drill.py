"""Scores an exercise: seconds until the crisis was detected, acknowledged and answered."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.clock import Clock
from core.model.alerts import Alert
from core.model.incidents import Incident
from core.model.mentions import Mention
from core.model.outbox import Reply, ReplyState
from core.runtime.bus import Bus, Change

QUEUE: Final = 100_000
_BOT: Final = "bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillScore:
    """Seconds since the crisis began; ``None`` for what has not happened yet."""

    posts: int
    began_at: datetime | None
    """Arrival of the first post of the detected incident; of the first negative post before."""
    detect: float | None
    """Until the first P1 or P2 alert about an incident."""
    acknowledge: float | None
    """Until a person took the alert or its incident."""
    answer: float | None
    """Until a person first replied; a statement that is saved has not been read by anyone."""
    ended: bool = False


@dataclass
class DrillScoreboard:
    """Keeps the score of an exercise from the changes on the bus."""

    bus: Bus
    clock: Clock
    posts: int = 0
    ended: bool = False
    _began: datetime | None = None
    _detected: datetime | None = None
    _acknowledged: datetime | None = None
    _answered: datetime | None = None
    _seen: set[int] = field(default_factory=set)
    _arrivals: dict[datetime, datetime] = field(default_factory=dict)
    """Posted time to arrival of posts."""
    _first_posts: dict[str, datetime] = field(default_factory=dict)
    """Incident.id to the posted time of its first post."""
    _incident: str | None = None
    """Id of the incident that was detected first."""

    async def run(self) -> None:
        """Follow the bus until cancelled."""
        changes = self.bus.subscribe(QUEUE)
        try:
            async for change in changes:
                self.note(change)
        finally:
            changes.close()

    def note(self, change: Change) -> None:
        """Take one change into account."""
        now = self.clock.now()
        match change:
            case Mention():
                self._note_mention(change, now)
            case Alert():
                self._note_alert(change, now)
            case Incident(id=name, first_at=first_at, owner=owner):
                self._first_posts[name] = first_at
                if name == self._incident and change.merged_into is not None:
                    self._incident = change.merged_into
                if owner not in (None, _BOT):
                    self._acknowledge(now)
            case Reply(by=by, state=state):
                if by != _BOT and state in (ReplyState.PENDING, ReplyState.SENT):
                    self._answer(now)

    def score(self) -> DrillScore:
        """The score so far."""
        return DrillScore(
            posts=self.posts,
            began_at=self._start(),
            detect=self._seconds_until(self._detected),
            acknowledge=self._seconds_until(self._acknowledged),
            answer=self._seconds_until(self._answered),
            ended=self.ended,
        )

    def _note_mention(self, mention: Mention, now: datetime) -> None:
        if mention.seq in self._seen:
            return
        self._seen.add(mention.seq)
        self.posts += 1
        self._arrivals.setdefault(mention.event.posted_at, now)
        if mention.judgement.sentiment == "negative":
            self._began = self._began or now

    def _note_alert(self, alert: Alert, now: datetime) -> None:
        pages_staff = alert.kind == "incident" and alert.severity in ("P1", "P2")
        if pages_staff and self._began is not None and self._detected is None:
            self._detected, self._incident = now, alert.incident
        if alert.state == "acknowledged" and alert.owner not in (None, _BOT):
            self._acknowledge(now)

    def _acknowledge(self, now: datetime) -> None:
        if self._detected is not None:
            self._acknowledged = self._acknowledged or now

    def _answer(self, now: datetime) -> None:
        if self._detected is not None:
            self._answered = self._answered or now

    def _start(self) -> datetime | None:
        posted = self._first_posts.get(self._incident or "")
        return self._began if posted is None else self._arrivals.get(posted, self._began)

    def _seconds_until(self, at: datetime | None) -> float | None:
        start = self._start()
        if at is None or start is None:
            return None
        return max(0.0, (at - start).total_seconds())
