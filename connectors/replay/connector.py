"""Replays recorded events from a file, at their recorded pace or as fast as they are stored.

Replies are counted and optionally appended to a file; nothing leaves the machine.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from connectors.replay.files import FeedFile, FeedLine, RepliesFile
from connectors.replay.settings import ReplaySettings, read_feed
from connectors.shutdown import Shutdown
from core.clock import Clock
from core.connector import SendResult, Sent
from core.model.events import Event, Page, Reject
from core.model.outbox import Target

_CURSOR: Final = re.compile(r"(\d{1,15}) (\d{1,6}):([0-9a-f]{32})")


class Replay:
    """One file as a connector; its cursor is the line reached and a fingerprint of the file."""

    idempotent_send: Final = True

    def __init__(self, *, name: str, settings: ReplaySettings, clock: Clock, folder: Path) -> None:
        self.name = name
        self.sent = 0
        """Replies accepted so far."""
        self.progress = 0.0
        """Share of the file that has been read, in [0, 1]."""
        self._path = folder / settings.file
        self._replies = RepliesFile(folder / settings.replies) if settings.replies else None
        self._settings = settings
        self._clock = clock
        self._shutdown = Shutdown()

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """Yield the file's events after ``cursor``, then end.

        Raises Refused if the file is damaged, after all events before that have been yielded.
        """
        file = await asyncio.to_thread(FeedFile, self._path, channel=self.name)
        try:
            known = cursor if self._settings.resume else None
            fingerprint = await asyncio.to_thread(_resume, file, known)
            schedule = _Schedule(self._settings.speed, self._clock)
            while not self._shutdown.is_closed():
                entries = await asyncio.to_thread(file.read, self._settings.page)
                if not entries:
                    break
                for due, part in schedule.parts(entries):
                    await self._wait(due)
                    if self._shutdown.is_closed():
                        return
                    self.progress = min(1.0, file.position / max(1, file.size))
                    yield _page(part, fingerprint)
            self.progress = 1.0
        finally:
            await asyncio.to_thread(file.close)

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """Count the reply and append it to the file of replies."""
        if self._replies is not None:
            await asyncio.to_thread(self._replies.append, target, text, key)
        self.sent += 1
        return Sent(native_id=key)

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """As core.connector.ReadsBack."""
        found = self._replies is not None and await asyncio.to_thread(self._replies.has, key)
        return key if found else None

    async def close(self) -> None:
        """End ``pages`` at the next event."""
        self._shutdown.close()

    async def _wait(self, due: float) -> None:
        """Sleep until the monotonic time ``due`` or until ``close``."""
        seconds = due - self._clock.monotonic()
        if seconds > 0:
            await self._shutdown.unless_closed(self._clock.sleep(seconds))


class _Schedule:
    """Computes when each event is due from the intervals between the recorded times."""

    def __init__(self, speed: float | Literal["max"], clock: Clock) -> None:
        self._speed = speed
        self._clock = clock
        self._first: tuple[datetime, float] | None = None

    def parts(self, entries: Sequence[FeedLine]) -> Iterator[tuple[float, Sequence[FeedLine]]]:
        """Group lines that are due together; yields (monotonic time, lines)."""
        start = self._clock.monotonic()
        if self._speed == "max":
            yield start, entries
            return
        due, part = start, list[FeedLine]()
        for entry in entries:
            when = self._due(entry.content, self._speed)
            if part and when > max(due, self._clock.monotonic()):
                yield due, part
                part = []
            due = max(due, when)
            part.append(entry)
        yield due, part

    def _due(self, content: Event | Reject, speed: float) -> float:
        now = self._clock.monotonic()
        if isinstance(content, Reject):
            return now
        if self._first is None:
            self._first = (content.posted_at, now)
        posted_at, start = self._first
        return start + (content.posted_at - posted_at).total_seconds() / speed


def _resume(file: FeedFile, cursor: str | None) -> str:
    """Skip to behind ``cursor`` if it belongs to this file; returns the file's fingerprint."""
    found = _CURSOR.fullmatch(cursor or "")
    if found and file.fingerprint(int(found[2])) == f"{found[2]}:{found[3]}":
        file.skip(int(found[1]))
        return f"{found[2]}:{found[3]}"
    return file.fingerprint()


def _page(entries: Sequence[FeedLine], fingerprint: str) -> Page:
    return Page(
        events=tuple(entry.content for entry in entries if isinstance(entry.content, Event)),
        rejects=tuple(entry.content for entry in entries if isinstance(entry.content, Reject)),
        cursor=f"{entries[-1].number} {fingerprint}",
    )


def backfill_feed(file: Path, clock: Clock) -> Replay:
    """A replay of ``file`` at full speed, to backfill history; raises ConfigError."""
    settings = read_feed(file, "max", None)
    return Replay(name="past", settings=settings, clock=clock, folder=Path())
