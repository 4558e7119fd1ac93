"""Receives posts that mention the account or match its rules: by stream, search or webhook.

The stream is connected first and the search catches up then, so that no post falls between them. If
the plan has no stream, the search goes on alone. The cursor says up to which post everything is
stored, and how much was read this month.
"""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.alerts import connector_alert, retention_gap_alert
from connectors.context import ConnectorContext
from connectors.shutdown import Shutdown
from connectors.x.account import XAccount
from connectors.x.client import XApi
from connectors.x.errors import XFault, XRequestError
from connectors.x.events import XPost, id_before
from connectors.x.limits import ReadBudget, ReadPace, StreamBackoff
from connectors.x.push import read_delivery
from connectors.x.search import SEARCH_WINDOW, XSearch
from connectors.x.seen import SeenPosts
from connectors.x.settings import XSettings
from connectors.x.stream import XStream
from core.errors import Unavailable
from core.model.events import Event, Page, Reject

log = logging.getLogger(__name__)

_PAGE: Final = 50
_OVERLAP: Final = 30
"""Seconds before the last stored post that are read again, for posts that X indexes late."""
_HEARTBEAT: Final = 600.0
"""Seconds between cursors while there are no events."""
_COUNT_INTERVAL: Final = 60.0
"""The same where posts were read that are no events, such as metrics."""
_NO_STREAM: Final = 3600.0
"""Seconds for which only the search is used after X has denied the stream."""


@dataclass(frozen=True, kw_only=True, slots=True)
class XCursor:
    """The content of the stored cursor; encoded as JSON."""

    since: int | None = None
    """Id up to which all posts are stored."""
    contact: datetime | None = None
    """Time of the last contact with X."""
    month: str = ""
    """The month that ``read`` counts, in UTC: ``2026-03``."""
    read: int = 0
    """Posts read in that month."""

    @staticmethod
    def decode(cursor: str | None) -> "XCursor":
        """Decode a stored cursor; one that is not readable counts as empty."""
        try:
            data: object = json.loads(cursor or "")
        except (ValueError, RecursionError):
            return XCursor()
        if not isinstance(data, dict):
            return XCursor()
        month = data.get("month")
        return XCursor(
            since=_number(data.get("since")),
            contact=_moment(data.get("contact")),
            month=month if isinstance(month, str) else "",
            read=_number(data.get("read")) or 0,
        )

    def encode(self) -> str:
        """The cursor as it is stored."""
        contact = self.contact and self.contact.isoformat(timespec="seconds")
        return json.dumps(
            {
                "since": None if self.since is None else str(self.since),
                "contact": contact,
                "month": self.month,
                "read": self.read,
            }
        )


class XReceiver:
    """The receiving side of one channel; its backoff outlasts restarts of ``pages``."""

    def __init__(
        self,
        *,
        channel: str,
        settings: XSettings,
        api: XApi,
        budget: ReadBudget,
        seen: SeenPosts,
        context: ConnectorContext,
        shutdown: Shutdown,
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._api = api
        self._budget = budget
        self._seen_posts = seen
        self._alarm = context.alarm
        self._catalogue = context.catalogue
        self._clock = context.clock
        self._shutdown = shutdown
        self._backoff = StreamBackoff()
        self._since: int | None = None
        self._stored_at = 0.0
        self._stored_read = 0
        self._searched_at: float | None = None
        self._no_stream_until = 0.0
        self.contact: datetime | None = None
        """Time of the last contact with X."""
        self.next_at: datetime | None = None
        """Time of the next search."""
        self.stream = "not connected"
        """State of the stream, for staff."""
        self.lag: timedelta | None = None
        """Age of the newest post when it was received."""

    async def pages(
        self, cursor: str | None, me: XAccount, rules: Sequence[str]
    ) -> AsyncIterator[Page]:
        """Yield posts after ``cursor`` until the connector is closed.

        Raises XRequestError and Unavailable.
        """
        last = XCursor.decode(cursor)
        self._budget.restore(last.month, last.read)
        self._since, self.contact = last.since, last.contact
        self._stored_at, self._stored_read = self._clock.monotonic(), last.read
        search = XSearch(
            api=self._api,
            me=me,
            rules=rules,
            longest=self._settings.query_length,
            budget=self._budget,
            clock=self._clock,
        )
        while not self._shutdown.is_closed():
            await self._warn()
            pace = self._budget.pace
            streams = self._settings.mode == "stream" and pace is ReadPace.NORMAL
            if pace is ReadPace.SPENT:
                source = self._pause(
                    (self._budget.renewed_at() - self._clock.now()).total_seconds()
                )
            elif streams and self._clock.monotonic() >= self._no_stream_until:
                source = self._stream_once(search, me)
            else:
                source = self._search_once(search, pace)
            async for page in source:
                yield page

    def parse(self, raw: Sequence[bytes], me: XAccount) -> tuple[Page, list[XPost]]:
        """Parse pushed lines or bodies; returns a page without a cursor, and its new posts."""
        posts, gone = dict[int, XPost](), list[Event]()
        rejects = list[Reject]()
        for line in raw:
            found = read_delivery(
                line, me, channel=self._channel, seen=self._seen_posts, now=self._clock.now()
            )
            posts |= {post.version: post for post in found.posts}
            gone += found.deletions
            rejects += found.rejects
            if found.problem:
                self.stream = found.problem
                log.warning("X reports a problem with the stream: %s", found.problem)
        self._budget.spend(str(number) for number in posts)
        unseen = self._unseen([posts[number] for number in sorted(posts)])
        events = (*(post.event for post in unseen), *gone)
        return Page(events=events, rejects=tuple(rejects)), unseen

    async def _stream_once(self, search: XSearch, me: XAccount) -> AsyncIterator[Page]:
        """Connect to the stream, catch up by search, and yield what comes until it ends."""
        stream = XStream(self._api, self._clock)
        try:
            await self._shutdown.unless_closed(stream.open())
            self.stream = "connected"
            async for page in self._catch_up(search, overlap=True):
                yield page
            async for page in self._follow(stream, search, me):
                yield page
        except XRequestError as error:
            lasts = error.fault in {XFault.CREDENTIAL, XFault.CREDITS} or error.ends_reading()
            if stream.was_connected() or lasts:
                raise
            wait = self._refused_stream(error)
            if wait is None:
                return
            async for page in self._search_instead(search):
                yield page
            raise Unavailable(f"X's stream: {error.text}", retry_after=wait) from error
        finally:
            await stream.close()
            self.stream = "not connected" if self.stream == "connected" else self.stream
        if stream.has_failed():
            self.stream = stream.error.text
            wait = self._backoff.next_delay(stream.error, self._clock.now())
            log.warning("the stream was interrupted", extra={"error": self.stream, "wait": wait})
            async for page in self._pause(wait):
                yield page

    def _refused_stream(self, error: XRequestError) -> float | None:
        """Seconds until the next attempt; ``None`` if X denies the stream."""
        self.stream = error.text
        if error.status in {403, 404}:
            log.warning("X denies the stream; the search replaces it", extra={"error": error.text})
            self._no_stream_until = self._clock.monotonic() + _NO_STREAM
            return None
        return self._backoff.next_delay(error, self._clock.now())

    async def _follow(self, stream: XStream, search: XSearch, me: XAccount) -> AsyncIterator[Page]:
        """Yield what the stream brings, until it closes or the budget throttles it."""
        sweep = self._settings.sweep_seconds
        while self._budget.pace is ReadPace.NORMAL:
            lines = await self._shutdown.unless_closed(stream.take(min(sweep, _HEARTBEAT)))
            if lines is None:
                return
            if stream.received:
                self._backoff.reset()
                self.contact = self._clock.now()
            page, posts = self.parse(lines, me)
            if page.events or page.rejects or self._is_due():
                yield self._with_cursor(page, posts)
                self._seen_posts.add(posts)
            if stream.has_ended() and not lines:
                return
            if self._since_search() >= sweep:
                async for page in self._catch_up(search, overlap=True):
                    yield page

    async def _search_once(self, search: XSearch, pace: ReadPace) -> AsyncIterator[Page]:
        """Search once, then wait for the next search."""
        pushed = self._settings.mode == "webhook"
        async for page in self._catch_up(search, overlap=pushed or self._searched_at is None):
            yield page
        every = self._settings.sweep_seconds if pushed else self._settings.poll_seconds
        async for page in self._pause(every * pace.value):
            yield page

    async def _search_instead(self, search: XSearch) -> AsyncIterator[Page]:
        """Search while the stream is refused, at most at the usual interval of searches."""
        if self._since_search() >= self._settings.poll_seconds:
            async for page in self._catch_up(search, overlap=self._searched_at is None):
                yield page

    async def _catch_up(self, search: XSearch, *, overlap: bool) -> AsyncIterator[Page]:
        """Yield the posts since the last stored one, oldest first."""
        since = self._since
        if overlap and since is not None:
            since = id_before(since, _OVERLAP)
        most = self._settings.catch_up_posts
        found = await self._shutdown.unless_closed(
            search.find(self._channel, since=since, most=most)
        )
        if found is None:
            return
        self.contact, self._searched_at = self._clock.now(), self._clock.monotonic()
        posts, rejects = self._unseen(found.posts), tuple(found.rejects)
        if found.truncated and self._since is not None:
            await self._warn_truncated(self._since, posts)
        for start in range(0, len(posts), _PAGE):
            part = posts[start : start + _PAGE]
            page = Page(events=tuple(post.event for post in part), rejects=rejects)
            yield self._with_cursor(page, part)
            self._seen_posts.add(part)
            rejects = ()
        self._since = max(self._since or 0, found.newest) or None
        if rejects or self._is_due():
            yield self._with_cursor(Page(events=(), rejects=rejects), [])

    async def _pause(self, seconds: float) -> AsyncIterator[Page]:
        """Wait; yields a page with a cursor whenever one is due."""
        until = self._clock.monotonic() + seconds
        self.next_at = self._clock.now() + timedelta(seconds=seconds)
        while (left := until - self._clock.monotonic()) > 0 and not self._shutdown.is_closed():
            await self._shutdown.unless_closed(self._clock.sleep(min(left, _HEARTBEAT)))
            if self._is_due() and not self._shutdown.is_closed():
                yield self._with_cursor(Page(events=()), [])
        self.next_at = None

    async def _warn(self) -> None:
        """Raise alerts about posts that are not read: after a gap, and when the budget is short."""
        now, pace = self._clock.now(), self._budget.pace
        if self.contact is not None and now - self.contact > SEARCH_WINDOW:
            gap = retention_gap_alert(
                name=self._channel,
                since=self.contact,
                now=now,
                retention=SEARCH_WINDOW,
                catalogue=self._catalogue,
            )
            await self._alarm.raise_alert(gap)
        if pace is not ReadPace.NORMAL:
            state = "spent" if pace is ReadPace.SPENT else "slow"
            alert = connector_alert(
                f"x_{state}",
                catalogue=self._catalogue,
                key=f"{state}:{self._channel}:{self._budget.month}",
                kind="budget",
                severity="P2" if state == "spent" else "P3",
                now=now,
                facts={
                    "name": self._channel,
                    "spent": self._budget.summary(),
                    "until": f"{self._budget.renewed_at():%Y-%m-%d %H:%M}",
                },
            )
            await self._alarm.raise_alert(alert)

    async def _warn_truncated(self, since: int, posts: Sequence[XPost]) -> None:
        """Raise an alert that posts between ``since`` and the oldest of ``posts`` are not read."""
        now = self._clock.now()
        oldest = posts[0].event.posted_at if posts else now
        alert = connector_alert(
            "x_flood",
            catalogue=self._catalogue,
            key=f"flood:{self._channel}:{since}",
            kind="gap",
            severity="P2",
            now=now,
            facts={
                "name": self._channel,
                "most": self._settings.catch_up_posts,
                "oldest": f"{oldest:%Y-%m-%d %H:%M}",
            },
        )
        await self._alarm.raise_alert(alert)

    def _unseen(self, posts: Sequence[XPost]) -> list[XPost]:
        return [post for post in posts if not self._seen_posts.has(post.version)]

    def _with_cursor(self, page: Page, posts: Sequence[XPost]) -> Page:
        """``page`` with the cursor after ``posts``."""
        now = self._clock.now()
        if posts:
            self._since = max(self._since or 0, posts[-1].version)
            self.lag = now - posts[-1].event.posted_at
        self._stored_at, self._stored_read = self._clock.monotonic(), self._budget.read
        cursor = XCursor(
            since=self._since,
            contact=self.contact,
            month=self._budget.month,
            read=self._stored_read,
        )
        return Page(events=page.events, rejects=page.rejects, cursor=cursor.encode())

    def _is_due(self) -> bool:
        """True if a cursor must be stored although there is no event."""
        age = self._clock.monotonic() - self._stored_at
        return age >= _HEARTBEAT or (
            age >= _COUNT_INTERVAL and self._budget.read != self._stored_read
        )

    def _since_search(self) -> float:
        """Seconds since the last search; infinite before the first."""
        if self._searched_at is None:
            return float("inf")
        return self._clock.monotonic() - self._searched_at


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return None
