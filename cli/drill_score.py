"""Scores an exercise: how soon the matter was noticed, taken and answered."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.alerts import Alert
from core.bus import Bus, Change
from core.clock import Clock
from core.incidents import Incident
from core.mentions import Mention
from core.outbox import Reply, ReplyState

MANY: Final = 100_000
_BOT: Final = "bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Seconds since the matter began; ``None`` for what has not happened."""

    posts: int
    began_at: datetime | None
    """When the first post of the incident that was found came in; before that, the first negative
    one."""
    detect: float | None
    """Until the first alert that calls people."""
    acknowledge: float | None
    """Until somebody took an alert or its incident."""
    answer: float | None
    """Until a person first answered, or a holding statement was agreed on."""
    ended: bool = False


@dataclass
class DrillBoard:
    """Listens to what happens in an exercise and keeps its score."""

    bus: Bus
    clock: Clock
    speed: float = 1.0
    """How many times faster than life it is played."""
    posts: int = 0
    ended: bool = False
    _began: datetime | None = None
    _detected: datetime | None = None
    _taken: datetime | None = None
    _answered: datetime | None = None
    _seen: set[int] = field(default_factory=set)
    _heard: dict[datetime, datetime] = field(default_factory=dict)
    """When posts came in, by when they were posted."""
    _first: dict[str, datetime] = field(default_factory=dict)
    """When the first post of an incident was posted."""
    _found: str | None = None
    """Id of the incident that was found first."""

    async def run(self) -> None:
        """Until cancelled."""
        heard = self.bus.subscribe(MANY)
        try:
            async for change in heard:
                self.note(change)
        finally:
            heard.close()

    def note(self, change: Change) -> None:
        """Take what happened into account."""
        now = self.clock.now()
        match change:
            case Mention():
                self._hear(change, now)
            case Alert():
                self._warn(change, now)
            case Incident(id=name, first_at=first_at, owner=owner, statement=statement):
                self._first[name] = first_at
                if name == self._found and change.merged_into is not None:
                    self._found = change.merged_into
                if owner not in (None, _BOT):
                    self._take(now)
                if statement:
                    self._answer(now)
            case Reply(by=by, state=state):
                if by != _BOT and state in (ReplyState.PENDING, ReplyState.SENT):
                    self._answer(now)

    def score(self) -> Score:
        """As it stands."""
        return Score(
            posts=self.posts,
            began_at=self._start(),
            detect=self._after(self._detected),
            acknowledge=self._after(self._taken),
            answer=self._after(self._answered),
            ended=self.ended,
        )

    def _hear(self, mention: Mention, now: datetime) -> None:
        if mention.seq in self._seen:
            return
        self._seen.add(mention.seq)
        self.posts += 1
        self._heard.setdefault(mention.event.posted_at, now)
        if mention.judgement.sentiment == "negative":
            self._began = self._began or now

    def _warn(self, alert: Alert, now: datetime) -> None:
        calls = alert.kind == "incident" and alert.severity in ("P1", "P2")
        if calls and self._began is not None and self._detected is None:
            self._detected, self._found = now, alert.incident
        if alert.state == "acknowledged" and alert.owner not in (None, _BOT):
            self._take(now)

    def _take(self, now: datetime) -> None:
        if self._detected is not None:
            self._taken = self._taken or now

    def _answer(self, now: datetime) -> None:
        if self._detected is not None:
            self._answered = self._answered or now

    def _start(self) -> datetime | None:
        posted = self._first.get(self._found or "")
        return self._began if posted is None else self._heard.get(posted, self._began)

    def _after(self, at: datetime | None) -> float | None:
        start = self._start()
        if at is None or start is None:
            return None
        return max(0.0, (at - start).total_seconds())
