"""One alert when many different people speak badly of a brand within a short time.

The state follows from the mentions alone, so that ``rebuild`` after a restart comes to the same
episodes and the same alert keys.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from core.clock import Clock
from core.records import Alert
from core.types import Mention
from listeners.author_counts import MEMORY, AuthorCounts, Crowd, Mark
from listeners.author_texts import body, title
from listeners.ports import Raises

_PREFIX: Final = "authors"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_EPISODES: Final = 50
_TEXT: Final = 160
_BAD: Final = 0.5
_SURE: Final = 0.75
"""The most likely sentiment is too often wrong to count by; a sure one is not."""
_GRAVE: Final = frozenset({"death", "food_poisoning", "injury", "fire", "child", "self_harm"})
_GRAVE_AUTHORS: Final = 2


@dataclass(slots=True)
class _Episode:
    first: float
    """Event time of the first negative mention; the alert's key is made of it."""
    last: float
    """Event time at which it was still going on."""
    level: float | None
    """So many authors in a window keep it going; ``None`` until a crowd was seen by us."""


class _Brand:
    def __init__(self, *, window: float, floor: int) -> None:
        self.counts = AuthorCounts(window=window, floor=floor)
        self.episodes: list[_Episode] = []


class AuthorsLane:
    """Watches for crowds of negative authors, brand by brand."""

    memory: Final = timedelta(seconds=MEMORY)
    """How far back ``rebuild`` wants to be told."""

    def __init__(
        self,
        raises: Raises,
        *,
        clock: Clock,
        names: Mapping[str, str],
        floor: int = 8,
        window: timedelta = timedelta(hours=1),
        quiet: timedelta = timedelta(hours=6),
        language: Literal["zh", "en"] = "zh",
    ) -> None:
        """``names``: what staff call each brand id; ``quiet``: after that an episode is over."""
        self._raises = raises
        self._clock = clock
        self._names = dict(names)
        self._floor = floor
        self._window = window.total_seconds()
        self._quiet = quiet.total_seconds()
        self._language: Literal["zh", "en"] = language
        self._brands: dict[str, _Brand] = {}
        self._unsent: dict[str, Alert] = {}

    async def observe(self, mention: Mention) -> None:
        """As core.ports.Spread. An alert that could not be raised is tried with the next mention.

        Raises what ``raise_alert`` raises.
        """
        self._take(mention)
        await self._send()

    async def rebuild(self, mentions: Iterable[Mention], alerts: Iterable[Alert] = ()) -> None:
        """Take in what was seen before the start: mentions of the last ``memory``.

        ``alerts``: those that were raised before, so that their episodes are known even where the
        mentions have changed since. Episodes that go on are raised again under their old keys.
        """
        for alert in alerts:
            self._know(alert)
        for mention in sorted(mentions, key=lambda one: (one.event.posted_at, one.seq)):
            self._take(mention)
        for brand, state in self._brands.items():
            for episode in state.episodes:
                if episode.last < state.counts.now - self._quiet:
                    self._unsent.pop(_key(brand, episode.first), None)
        await self._send()

    def _take(self, mention: Mention) -> None:
        event, judgement = mention.event, mention.judgement
        at = event.posted_at.timestamp()
        author = f"{event.channel}\n{event.author.id}"
        angry = judgement.probabilities.negative >= _SURE
        bad = angry or judgement.complaint >= _BAD or judgement.risk
        mark = (
            Mark(
                at=at,
                seq=mention.seq,
                author=author,
                channel=event.channel,
                text=mention.masked_text[:_TEXT],
                risk=judgement.risk,
            )
            if bad
            else None
        )
        clock = self._clock.now().timestamp()
        for brand in mention.brands:
            state = self._state(brand)
            if state.counts.add(at, author, mark, clock=clock) and mark is not None:
                self._look(brand, state, at)

    def _look(self, brand: str, state: _Brand, at: float) -> None:
        episode = self._around(state, at)
        if episode is not None and episode.level is not None:
            aged = at - episode.last > self._window / 10
            if aged and state.counts.authors_near(at) >= episode.level:
                episode.last = at
            return
        crowd = state.counts.crowd(at)
        if crowd is None:
            return
        # Halfway back to what is usual, an episode is over.
        level = max(2.0, (crowd.usual + crowd.threshold) / 2)
        episode = episode or self._around(state, crowd.marks[0].at)
        if episode is None:
            self._open(brand, state, crowd, level)
        else:
            episode.level = level
            episode.last = max(episode.last, at)

    def _around(self, state: _Brand, at: float) -> _Episode | None:
        for episode in reversed(state.episodes):
            if episode.first - self._quiet <= at <= episode.last + self._quiet:
                return episode
        return None

    def _open(self, brand: str, state: _Brand, crowd: Crowd, level: float) -> None:
        first, last = crowd.marks[0].at, crowd.marks[-1].at
        self._add(state, _Episode(first=first, last=last, level=level))
        grave = {mark.author for mark in crowd.marks if not _GRAVE.isdisjoint(mark.risk)}
        key = _key(brand, first)
        name = self._names.get(brand, brand)
        minutes = round(self._window / 60)
        self._unsent[key] = Alert(
            key=key,
            kind="incident",
            severity="P1" if len(grave) >= _GRAVE_AUTHORS else "P2",
            title=title(crowd, brand=name, minutes=minutes, language=self._language),
            body=body(crowd, language=self._language),
            created_at=self._clock.now(),
            brand=brand,
        )

    def _add(self, state: _Brand, episode: _Episode) -> None:
        state.episodes.append(episode)
        del state.episodes[:-_EPISODES]

    def _know(self, alert: Alert) -> None:
        prefix, _, rest = alert.key.partition(":")
        brand, _, stamp = rest.rpartition(":")
        if prefix != _PREFIX or not brand:
            return
        first = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
        self._add(self._state(brand), _Episode(first=first, last=first + self._window, level=None))

    def _state(self, brand: str) -> _Brand:
        if brand not in self._brands:
            self._brands[brand] = _Brand(window=self._window, floor=self._floor)
        return self._brands[brand]

    async def _send(self) -> None:
        for key, alert in tuple(self._unsent.items()):
            await self._raises.raise_alert(alert)
            self._unsent.pop(key, None)


def _key(brand: str, first: float) -> str:
    return f"{_PREFIX}:{brand}:{datetime.fromtimestamp(first, tz=UTC).strftime(_STAMP)}"
