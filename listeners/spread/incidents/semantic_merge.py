"""Merges incidents that turn out to be the same by the meaning of their posts, in the background.

Embedding a text takes a hundred times as long as everything else that is done with a post. So only
the first wordings of an incident are embedded, one at a time, in the embedder's thread, for a small
share of one core. If the queue is full, wordings of incidents with few authors are dropped first.
An answer may be late or never come: until then incidents are distinguished by words alone.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from listeners.judgement.embedding import Embedder
from listeners.spread.activity import BrandPost
from listeners.spread.grouping.meaning import (
    MAX_WORDINGS,
    BackgroundMeaning,
    MeaningCentroid,
    Vector,
    shipped_background,
)
from listeners.spread.grouping.vocabulary import original_text
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from listeners.spread.incidents.similarity import best_merge

log = logging.getLogger(__name__)

CPU_SHARE: Final = 0.2
"""Of one core's time."""
MAX_QUEUED: Final = 256
"""Texts."""
_MANY_AUTHORS: Final = 3
"""Incidents with this many authors are embedded first."""
_MAX_REMEMBERED: Final = 2_000
"""Incidents whose centroid is kept; the least recently active is dropped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    key: str
    """BrandPost.key."""
    incident: TrackedIncident
    """The incident of the post when it was queued."""
    language: str
    text: str


class SemanticMerger:
    """Embeds posts and merges incidents of similar meaning."""

    def __init__(
        self,
        embedder: Embedder | None,
        *,
        clock: Clock,
        index: IncidentIndex,
        merge: Callable[[TrackedIncident, TrackedIncident], None],
        share: float = CPU_SHARE,
    ) -> None:
        """Create a merger; with ``embedder=None`` it does nothing.

        ``merge(kept, gone)`` is called with incidents that are the same. ``share``: of one core.
        """
        self._embedder = embedder
        self._background = BackgroundMeaning({} if embedder is None else shipped_background())
        self._clock = clock
        self._index = index
        self._merge = merge
        self._rest = (1 - share) / share
        self._queue: deque[_Request] = deque()
        self._remembered: OrderedDict[str, TrackedIncident] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_active(self) -> bool:
        """True if there is an embedder that has not failed."""
        return self._embedder is not None

    def queue(self, incident: TrackedIncident, post: BrandPost, text: str, language: str) -> None:
        """Queue an adverse post for embedding if it is among the first wordings of its incident."""
        supported = self._background.supports(language)
        if self._embedder is None or not post.adverse or not supported:
            return
        if incident.key in self._remembered:
            self._remembered.move_to_end(incident.key)
        if incident.embedded >= min(MAX_WORDINGS, incident.words.texts):
            return
        incident.embedded += 1
        self._queue.append(
            _Request(
                key=post.key,
                incident=incident,
                language=language,
                text=self._index.without_names(incident.brand, original_text(text)),
            )
        )
        if len(self._queue) > MAX_QUEUED:
            least = next(
                (one for one in self._queue if not _has_many_authors(one.incident)), self._queue[0]
            )
            self._queue.remove(least)
            least.incident.embedded -= 1

    def start(self, *, then: Callable[[], Awaitable[None]]) -> None:
        """Begin to embed in the background if anything is queued; returns at once.

        ``then`` is called after incidents were merged; what it raises is logged.
        """
        if self._queue and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run(then))

    async def drain(self) -> None:
        """Wait until the queue is empty, for measurements."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Drop the queue."""
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, then: Callable[[], Awaitable[None]]) -> None:
        while self._queue and self._embedder is not None:
            request = self._next()
            began = self._clock.monotonic()
            try:
                vector = await asyncio.wrap_future(self._embedder.ask(request.text))
            except Exception as error:  # whatever the library raises, incidents go on without it
                log.error("semantic merging is off", extra={"error": str(error)})
                self._embedder = None
                self._queue.clear()
                return
            try:
                if self._use(request, vector):
                    await then()
            except Exception:  # a bug about one post must not end the embedding of others
                log.exception("an embedding was not used", extra={"key": request.key})
            await self._clock.sleep(self._rest * (self._clock.monotonic() - began))

    def _next(self) -> _Request:
        found = next(
            (one for one in self._queue if _has_many_authors(one.incident)), self._queue[0]
        )
        self._queue.remove(found)
        return found

    def _use(self, request: _Request, vector: Vector) -> bool:
        """Add an embedding to the post's incident; True if that is merged with another one."""
        incident = self._index.of_post(request.key)
        if incident is None:
            return False
        brand, language = incident.brand, request.language
        own = self._background.subtract(vector, brand=brand, language=language)
        if not incident.centroid.count:
            self._background.learn(vector, brand=brand, language=language)
        incident.centroid.add(own)
        self._remembered[incident.key] = incident
        self._remembered.move_to_end(incident.key)
        if len(self._remembered) > _MAX_REMEMBERED:
            _, dropped = self._remembered.popitem(last=False)
            dropped.centroid, dropped.embedded = MeaningCentroid(), 0
        pair = best_merge(
            incident,
            self._index.present(self._remembered.values()),
            background=self._index.background(brand),
        )
        if pair is None:
            return False
        kept, gone = pair
        log.info("incidents merged by meaning", extra={"kept": kept.key, "gone": gone.key})
        self._remembered.pop(gone.key, None)
        self._merge(kept, gone)
        return True


def _has_many_authors(incident: TrackedIncident) -> bool:
    return len(incident.activity.authors) >= _MANY_AUTHORS
