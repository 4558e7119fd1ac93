"""Listens to one account's mentions and rules: by the stream, the search, or for what is pushed.

The stream is connected first and the search catches up then, so that nothing falls between them.
Where there is no stream the search goes on alone.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from connectors.alerts import gap_alert
from connectors.context import Tools
from connectors.shutdown import Closing
from connectors.x.alerts import notice
from connectors.x.budget import Budget, Pace
from connectors.x.cache import Known
from connectors.x.client import XApi
from connectors.x.cursor import Mark
from connectors.x.errors import ApiError, Fault
from connectors.x.events import Me, Post, earlier
from connectors.x.payloads import read_delivery
from connectors.x.search import SEARCHED, Reader
from connectors.x.settings import XSettings
from connectors.x.stream import Backoff, Stream
from core.errors import Unavailable
from core.events import Event, Page, Reject

log = logging.getLogger(__name__)

_PAGE: Final = 50
_OVERLAP: Final = 30
"""Seconds that are read again after a gap, for posts that X shows late."""
_HEARTBEAT: Final = 600.0
"""How often the cursor is stored while nothing happens."""
_COUNTED: Final = 60.0
"""The same where something was read that is no event, such as figures."""
_NO_STREAM: Final = 3600.0
"""How long only the search is used where the plan has no stream."""


class Listener:
    """The reading side of one channel; remembers its backoff from one start to the next."""

    def __init__(
        self,
        *,
        channel: str,
        settings: XSettings,
        api: XApi,
        budget: Budget,
        known: Known,
        tools: Tools,
        closing: Closing,
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._api = api
        self._budget = budget
        self._known = known
        self._alarm = tools.alarm
        self._clock = tools.clock
        self._closing = closing
        self._backoff = Backoff()
        self._since: int | None = None
        self._stored_at = 0.0
        self._stored_read = 0
        self._searched_at: float | None = None
        self._no_stream_until = 0.0
        self.contact: datetime | None = None
        """When X was last asked what there is, or said something."""
        self.next_at: datetime | None = None
        """When it is searched next."""
        self.stream = "not connected"
        """The stream's state for staff."""
        self.lag: timedelta | None = None
        """How old the newest post was when it came."""

    async def pages(self, mark: Mark, me: Me, rules: Sequence[str]) -> AsyncIterator[Page]:
        """Posts behind ``mark`` until it is closed; raises ApiError and Unavailable."""
        self._budget.restore(mark)
        self._since, self.contact = mark.since, mark.contact
        self._stored_at, self._stored_read = self._clock.monotonic(), mark.read
        reader = Reader(
            api=self._api,
            me=me,
            rules=rules,
            longest=self._settings.query_length,
            budget=self._budget,
            clock=self._clock,
        )
        while not self._closing.is_closed():
            await self._warn()
            pace = self._budget.pace
            streams = self._settings.mode == "stream" and pace is Pace.NORMAL
            if pace is Pace.SPENT:
                source = self._pause(
                    (self._budget.renewed_at() - self._clock.now()).total_seconds()
                )
            elif streams and self._clock.monotonic() >= self._no_stream_until:
                source = self._streamed(reader, me)
            else:
                source = self._searched(reader, pace)
            async for page in source:
                yield page

    def digest(self, raw: Sequence[bytes], me: Me) -> tuple[Page, list[Post]]:
        """What stands in delivered lines as a page without a cursor, and its posts."""
        posts, gone = dict[int, Post](), list[Event]()
        rejects = list[Reject]()
        for line in raw:
            found = read_delivery(
                line, me, channel=self._channel, known=self._known, now=self._clock.now()
            )
            posts |= {post.version: post for post in found.posts}
            gone += found.gone
            rejects += found.rejects
            if found.problem:
                self.stream = found.problem
                log.warning("X says about the stream: %s", found.problem)
        self._budget.spend(str(number) for number in posts)
        fresh = self._fresh([posts[number] for number in sorted(posts)])
        events = (*(post.event for post in fresh), *gone)
        return Page(events=events, rejects=tuple(rejects)), fresh

    async def _streamed(self, reader: Reader, me: Me) -> AsyncIterator[Page]:
        """One connection of the stream, from the catching up to its end."""
        stream = Stream(self._api, self._clock)
        try:
            await self._closing.unless(stream.open())
            self.stream = "connected"
            async for page in self._catch_up(reader, overlap=True):
                yield page
            async for page in self._live(stream, reader, me):
                yield page
        except ApiError as error:
            if stream.was_open() or error.fault in {Fault.CREDENTIAL, Fault.CREDITS}:
                raise
            wait = self._refused(error)
            if wait is None:
                return
            async for page in self._fallback(reader):
                yield page
            raise Unavailable(f"X's stream: {error.text}", retry_after=wait) from error
        finally:
            await stream.close()
            self.stream = "not connected" if self.stream == "connected" else self.stream
        if stream.is_broken():
            self.stream = stream.error.text
            wait = self._backoff.failed(stream.error, self._clock.now())
            log.warning("the stream broke", extra={"error": self.stream, "wait": wait})
            async for page in self._pause(wait):
                yield page

    def _refused(self, error: ApiError) -> float | None:
        """Seconds until the stream is tried again; ``None`` where the search has to do."""
        self.stream = error.text
        if error.status in {403, 404}:
            log.warning("no stream, the search is used instead", extra={"error": error.text})
            self._no_stream_until = self._clock.monotonic() + _NO_STREAM
            return None
        return self._backoff.failed(error, self._clock.now())

    async def _live(self, stream: Stream, reader: Reader, me: Me) -> AsyncIterator[Page]:
        """What the stream brings, until it ends or has become too dear."""
        sweep = self._settings.sweep_seconds
        while self._budget.pace is Pace.NORMAL:
            lines = await self._closing.unless(stream.take(min(sweep, _HEARTBEAT)))
            if lines is None:
                return
            if stream.heard:
                self._backoff.worked()
                self.contact = self._clock.now()
            page, posts = self.digest(lines, me)
            if page.events or page.rejects or self._is_due():
                yield self._behind(page, posts)
                self._known.note(posts)
            if stream.is_over() and not lines:
                return
            if self._since_search() >= sweep:
                async for page in self._catch_up(reader, overlap=True):
                    yield page

    async def _searched(self, reader: Reader, pace: Pace) -> AsyncIterator[Page]:
        """One search, and the pause behind it."""
        pushed = self._settings.mode == "webhook"
        async for page in self._catch_up(reader, overlap=pushed or self._searched_at is None):
            yield page
        every = self._settings.sweep_seconds if pushed else self._settings.poll_seconds
        async for page in self._pause(every * pace.value):
            yield page

    async def _fallback(self, reader: Reader) -> AsyncIterator[Page]:
        """A search while the stream cannot be had, not more often than searches are made."""
        if self._since_search() >= self._settings.poll_seconds:
            async for page in self._catch_up(reader, overlap=self._searched_at is None):
                yield page

    async def _catch_up(self, reader: Reader, *, overlap: bool) -> AsyncIterator[Page]:
        """What was posted since the last post that is stored, oldest first."""
        since = self._since
        if overlap and since is not None:
            since = earlier(since, _OVERLAP)
        most = self._settings.catch_up_posts
        news = await self._closing.unless(reader.news(self._channel, since=since, most=most))
        if news is None:
            return
        self.contact, self._searched_at = self._clock.now(), self._clock.monotonic()
        posts, rejects = self._fresh(news.posts), tuple(news.rejects)
        if news.more and self._since is not None:
            await self._flooded(self._since, posts)
        for start in range(0, len(posts), _PAGE):
            part = posts[start : start + _PAGE]
            page = Page(events=tuple(post.event for post in part), rejects=rejects)
            yield self._behind(page, part)
            self._known.note(part)
            rejects = ()
        self._since = max(self._since or 0, news.newest) or None
        if rejects or self._is_due():
            yield self._behind(Page(events=(), rejects=rejects), [])

    async def _pause(self, seconds: float) -> AsyncIterator[Page]:
        """Wait, and store the cursor when it is time to."""
        until = self._clock.monotonic() + seconds
        self.next_at = self._clock.now() + timedelta(seconds=seconds)
        while (left := until - self._clock.monotonic()) > 0 and not self._closing.is_closed():
            await self._closing.unless(self._clock.sleep(min(left, _HEARTBEAT)))
            if self._is_due() and not self._closing.is_closed():
                yield self._behind(Page(events=()), [])
        self.next_at = None

    async def _warn(self) -> None:
        """Tell staff what is not read: after a gap, and where the budget forbids it."""
        now, pace = self._clock.now(), self._budget.pace
        if self.contact is not None and now - self.contact > SEARCHED:
            alert = gap_alert(name=self._channel, since=self.contact, now=now, kept=SEARCHED)
            await self._alarm.raise_alert(alert)
        if pace is not Pace.NORMAL:
            alert = notice(
                "spent" if pace is Pace.SPENT else "slow",
                name=self._channel,
                key=self._budget.month,
                now=now,
                spent=self._budget.spoken(),
                until=f"{self._budget.renewed_at():%Y-%m-%d %H:%M}",
            )
            await self._alarm.raise_alert(alert)

    async def _flooded(self, since: int, posts: Sequence[Post]) -> None:
        now = self._clock.now()
        oldest = posts[0].event.posted_at if posts else now
        alert = notice(
            "flood",
            name=self._channel,
            key=str(since),
            now=now,
            most=self._settings.catch_up_posts,
            oldest=f"{oldest:%Y-%m-%d %H:%M}",
        )
        await self._alarm.raise_alert(alert)

    def _fresh(self, posts: Sequence[Post]) -> list[Post]:
        return [post for post in posts if not self._known.has(post.version)]

    def _behind(self, page: Page, posts: Sequence[Post]) -> Page:
        """``page`` with the cursor behind these posts."""
        now = self._clock.now()
        if posts:
            self._since = max(self._since or 0, posts[-1].version)
            self.lag = now - posts[-1].event.posted_at
        self._stored_at, self._stored_read = self._clock.monotonic(), self._budget.read
        mark = Mark(
            since=self._since,
            contact=self.contact,
            month=self._budget.month,
            read=self._stored_read,
        )
        return Page(events=page.events, rejects=page.rejects, cursor=mark.write())

    def _is_due(self) -> bool:
        """True where the cursor ought to be stored though there is no event."""
        age = self._clock.monotonic() - self._stored_at
        return age >= _HEARTBEAT or (age >= _COUNTED and self._budget.read != self._stored_read)

    def _since_search(self) -> float:
        """Seconds since the last search."""
        if self._searched_at is None:
            return float("inf")
        return self._clock.monotonic() - self._searched_at
