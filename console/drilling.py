"""Scores an exercise: how soon the matter was noticed, taken and answered."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.bus import Bus, Change
from core.clock import Clock
from core.records import Alert, Incident, Reply, ReplyState
from core.types import Mention

MANY: Final = 100_000
_BOT: Final = "bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Seconds since the first negative post came in; ``None`` for what has not happened."""

    posts: int
    began_at: datetime | None
    """When the first negative post came in."""
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
            case Incident(owner=owner, statement=statement):
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
            began_at=self._began,
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
        if mention.judgement.sentiment == "negative":
            self._began = self._began or now

    def _warn(self, alert: Alert, now: datetime) -> None:
        if alert.severity in ("P1", "P2") and self._began is not None:
            self._detected = self._detected or now
        if alert.state == "acknowledged" and alert.owner not in (None, _BOT):
            self._take(now)

    def _take(self, now: datetime) -> None:
        if self._detected is not None:
            self._taken = self._taken or now

    def _answer(self, now: datetime) -> None:
        if self._detected is not None:
            self._answered = self._answered or now

    def _after(self, at: datetime | None) -> float | None:
        if at is None or self._began is None:
            return None
        return max(0.0, (at - self._began).total_seconds())
