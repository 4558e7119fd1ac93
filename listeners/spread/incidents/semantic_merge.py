"""Which cases turn out to be one by what their posts mean: found out later, beside the work.

Asking for a meaning takes a hundred times as long as all else that is done with a post. So what
no case claimed is asked about in a thread, one text at a time, for a small share of one core; a
full line forgets what one person said first. An answer may come late or never: then the matter
is grouped by words alone.
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
from listeners.spread.grouping.words import original_text
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex

log = logging.getLogger(__name__)

CPU_SHARE: Final = 0.2
"""Of one core's time."""
MAX_QUEUED: Final = 256
"""Texts that may wait."""
_CROWD: Final = 3
"""A case of so many people is asked about before what one or two said."""
_MAX_REMEMBERED: Final = 2_000
"""Cases whose meaning is remembered; the ones that were longest quiet go first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """A text whose meaning is asked for."""

    key: str
    """BrandPost.key."""
    case: TrackedIncident
    """That of the post when it was asked."""
    language: str
    text: str


class SemanticMerger:
    """Asks, and has cases united that turn out to be one."""

    def __init__(
        self,
        embedder: Embedder | None,
        *,
        clock: Clock,
        book: IncidentIndex,
        unite: Callable[[TrackedIncident, TrackedIncident], None],
        share: float = CPU_SHARE,
    ) -> None:
        """``embedder``: ``None`` where there is none, and nothing is asked.

        ``unite(kept, gone)`` makes two cases one. ``share``: of one core.
        """
        self._embedder = embedder
        self._usual = BackgroundMeaning({} if embedder is None else shipped_background())
        self._clock = clock
        self._book = book
        self._unite = unite
        self._rest = (1 - share) / share
        self._line: deque[_Request] = deque()
        self._known: OrderedDict[str, TrackedIncident] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    @property
    def asks(self) -> bool:
        """True where there is something to ask, and it has not failed."""
        return self._embedder is not None

    def note(self, case: TrackedIncident, post: BrandPost, text: str, language: str) -> None:
        """Ask for the meaning of a bad post that says something new in its case, later."""
        if self._embedder is None or not post.bad or not self._usual.knows(language):
            return
        if case.key in self._known:
            self._known.move_to_end(case.key)
        if case.asked >= min(MAX_WORDINGS, case.profile.texts):
            return
        case.asked += 1
        self._line.append(
            _Request(
                key=post.key,
                case=case,
                language=language,
                text=self._book.without_names(case.brand, original_text(text)),
            )
        )
        if len(self._line) > MAX_QUEUED:
            slightest = next((one for one in self._line if not _is_crowd(one.case)), self._line[0])
            self._drop(slightest)

    def kick(self, *, then: Callable[[], Awaitable[None]]) -> None:
        """Begin to ask, if there is anything; returns at once.

        ``then`` is called whenever cases were united; what it raises is logged.
        """
        if self._line and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work(then))

    async def settle(self) -> None:
        """Return once all is answered that is being asked; for measuring."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Forget what was not answered."""
        self._line.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self, then: Callable[[], Awaitable[None]]) -> None:
        while self._line and self._embedder is not None:
            asked = self._next()
            began = self._clock.monotonic()
            try:
                vector = await asyncio.wrap_future(self._embedder.ask(asked.text))
            except Exception as error:
                log.error("meanings are not asked for any more", extra={"error": str(error)})
                self._embedder = None
                self._line.clear()
                return
            try:
                if self._use(asked, vector):
                    await then()
            except Exception:
                log.exception("what a post means was not put to use", extra={"key": asked.key})
            await self._clock.sleep(self._rest * (self._clock.monotonic() - began))

    def _next(self) -> _Request:
        found = next((one for one in self._line if _is_crowd(one.case)), self._line[0])
        self._line.remove(found)
        return found

    def _use(self, asked: _Request, vector: Vector) -> bool:
        """Let the post's case know its meaning; True where it is united with another one."""
        case = self._book.of_post(asked.key)
        if case is None:
            return False
        own = self._usual.without(vector, brand=case.brand, language=asked.language)
        if not case.meaning.count:
            self._usual.learn(vector, brand=case.brand, language=asked.language)
        case.meaning.add(own)
        self._known[case.key] = case
        self._known.move_to_end(case.key)
        if len(self._known) > _MAX_REMEMBERED:
            _, forgotten = self._known.popitem(last=False)
            forgotten.meaning, forgotten.asked = MeaningCentroid(), 0
        pair = self._book.partner(case, self._known.values())
        if pair is None:
            return False
        log.info("one matter", extra={"kept": pair[0].key, "gone": pair[1].key})
        self._known.pop(pair[1].key, None)
        self._unite(*pair)
        return True

    def _drop(self, asked: _Request) -> None:
        self._line.remove(asked)
        asked.case.asked -= 1


def _is_crowd(case: TrackedIncident) -> bool:
    return len(case.activity.authors) >= _CROWD
