"""Plays recorded events from a file, as they came or as fast as they can be taken.

What is answered to them goes nowhere, or into a file of replies.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from connectors.replay.files import Entry, EventFile
from connectors.replay.replies_file import Ledger
from connectors.shutdown import Closing
from core.clock import Clock
from core.connector import Capabilities, SendResult, Sent
from core.errors import Problem, Refused
from core.events import Event, Page, Reject
from core.outbox import Target
from core.settings import Section

_CURSOR: Final = re.compile(r"(\d{1,15}) (\d{1,6}):([0-9a-f]{32})")


class ReplaySettings(Section):
    """Which file, and how fast."""

    file: str = Field(min_length=1)
    """JSON Lines, optionally gzipped; see docs/reference/event-format.md."""
    speed: float | Literal["max"] = Field(default="max")
    """How many times faster than the events were posted, or ``max``."""
    replies: str | None = Field(default=None, min_length=1)
    """A file that replies are appended to, as JSON Lines; without one they are only counted."""
    resume: bool = True
    """Whether a restart goes on where the file was left; else it begins anew, and repeats show."""
    page: int = Field(default=200, ge=1, le=10_000)
    """Most events that are stored in one transaction."""


def inspect_replay(settings: ReplaySettings, folder: Path) -> tuple[Problem, ...]:
    """Whether the file can be opened and the speed means something."""
    if settings.speed != "max" and not 0 < settings.speed < float("inf"):
        problem = f"{settings.speed} is no speed"
        return (Problem(key="speed", message=problem, remedy='Give a number above 0, or "max".'),)
    try:
        EventFile(folder / settings.file, channel="").close()
    except Refused as error:
        return (Problem(key="file", message="cannot be opened", remedy=str(error)),)
    return ()


class Replay:
    """One file as a connector; its cursor is the line reached in this very file."""

    capabilities: Final = Capabilities(reply=True, edits=True, deletes=True, idempotent_send=True)

    def __init__(self, *, name: str, settings: ReplaySettings, clock: Clock, folder: Path) -> None:
        self.name = name
        self.sent = 0
        """How many replies the sink has taken."""
        self.progress = 0.0
        """The part of the file that is read, in [0, 1]."""
        self._path = folder / settings.file
        self._ledger = Ledger(folder / settings.replies) if settings.replies else None
        self._settings = settings
        self._clock = clock
        self._closing = Closing()

    async def pages(self, cursor: str | None) -> AsyncIterator[Page]:
        """The file's events after ``cursor``, then the end.

        Raises Refused where the file cannot be read on; what came before that was delivered.
        """
        file = await asyncio.to_thread(EventFile, self._path, channel=self.name)
        try:
            known = cursor if self._settings.resume else None
            mark = await asyncio.to_thread(_resume, file, known)
            pace = _Pace(self._settings.speed, self._clock)
            while not self._closing.is_closed():
                entries = await asyncio.to_thread(file.read, self._settings.page)
                if not entries:
                    break
                for due, part in pace.parts(entries):
                    await self._wait(due)
                    if self._closing.is_closed():
                        return
                    self.progress = min(1.0, file.position / max(1, file.size))
                    yield _page(part, mark)
            self.progress = 1.0
        finally:
            await asyncio.to_thread(file.close)

    async def send(self, target: Target, text: str, key: str) -> SendResult:
        """Count the reply and write it down; nothing leaves the machine."""
        if self._ledger is not None:
            await asyncio.to_thread(self._ledger.append, target, text, key)
        self.sent += 1
        return Sent(native_id=key)

    async def find_sent(self, target: Target, text: str, key: str) -> str | None:
        """As ReadsBack.find_sent."""
        found = self._ledger is not None and await asyncio.to_thread(self._ledger.has, key)
        return key if found else None

    async def close(self) -> None:
        """End ``pages`` at the next event."""
        self._closing.close()

    async def _wait(self, due: float) -> None:
        """Sleep until the monotonic time ``due``, but no longer than until ``close``."""
        seconds = due - self._clock.monotonic()
        if seconds > 0:
            await self._closing.unless(self._clock.sleep(seconds))


class _Pace:
    """When each event is due, from the gaps between the times of posting."""

    def __init__(self, speed: float | Literal["max"], clock: Clock) -> None:
        self._speed = speed
        self._clock = clock
        self._first: tuple[datetime, float] | None = None

    def parts(self, entries: Sequence[Entry]) -> Iterator[tuple[float, Sequence[Entry]]]:
        """Entries that are due together, with the monotonic time when they are."""
        start = self._clock.monotonic()
        if self._speed == "max":
            yield start, entries
            return
        due, part = start, list[Entry]()
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


def _resume(file: EventFile, cursor: str | None) -> str:
    """Skip what ``cursor`` has passed in this file; returns the file's mark for new cursors."""
    found = _CURSOR.fullmatch(cursor or "")
    if found and file.fingerprint(int(found[2])) == f"{found[2]}:{found[3]}":
        file.skip(int(found[1]))
        return f"{found[2]}:{found[3]}"
    return file.fingerprint()


def _page(entries: Sequence[Entry], mark: str) -> Page:
    return Page(
        events=tuple(entry.content for entry in entries if isinstance(entry.content, Event)),
        rejects=tuple(entry.content for entry in entries if isinstance(entry.content, Reject)),
        cursor=f"{entries[-1].number} {mark}",
    )
