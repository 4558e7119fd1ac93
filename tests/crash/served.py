"""The real ``run.py serve`` over one channel with a loopback platform, killed at will."""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Final

from core.clock import SystemClock
from core.model.alerts import Alert
from core.model.events import EventCounts
from core.model.mentions import MentionFilter, MentionRecord
from core.model.tickets import Ticket, TicketFilter
from storage.sqlite.store import SqliteStore
from tests.crash.harness import EXAMPLE, ROOT
from tests.driven_clock import WATCHDOG_SECONDS

QUESTION: Final = "你们几点关门"
"""The example's knowledge base answers it."""
COMPLAINT: Final = "你们的牛奶过期了，要求退款"
PRAISE: Final = "禾家的面包真好吃"
POINTS: Final = ("-m", "tests.crash.points")
"""Runs the command line in a process that is killed at a point."""
_SECONDS: Final = WATCHDOG_SECONDS
_QUIET: Final = 1.5
"""A server that is asked for nothing new for so long has all it will get."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The content of a store in the end."""

    counts: EventCounts
    mentions: list[MentionRecord]
    """In the order in which they were stored."""
    tickets: list[Ticket]
    alerts: list[Alert]

    @property
    def stored(self) -> int:
        """Events that were processed, repeats not counted; fails where any is still waiting."""
        assert self.counts.pending == self.counts.dead == 0, self.counts
        repeats = self.counts.dropped.get("duplicate", 0)
        return self.counts.received - repeats

    def ids(self, kind: str | None = None) -> list[str]:
        """Native ids in the order of storing, what was deleted left out; of one kind or all."""
        events = [one.mention.event for one in self.mentions]
        return [event.id for event in events if kind is None or event.kind == kind]

    def unsure(self) -> Counter[str]:
        """By the id of what was asked: replies that a person was given to look after."""
        return Counter(
            one.mention.event.id
            for one in self.mentions
            for reply in one.replies
            if reply.state == "unknown" and reply.ticket is not None
        )


@dataclass
class ServedSite:
    """One configuration and its store; each run is a process that ends by SIGKILL."""

    folder: Path
    channel: Mapping[str, object]
    """The keys of the one channel."""
    more: Sequence[str] = ()
    """Further lines of the configuration."""
    kills: list[str] = field(default_factory=list)
    """The point at which each run was killed, in order."""
    dice: random.Random = field(default_factory=lambda: random.Random(20260301))

    def __post_init__(self) -> None:
        lines = ["[[brands]]", 'id = "hejia"', 'name = "禾家超市"', 'terms = ["禾家"]']
        lines += [
            "[[channels]]",
            *(f"{key} = {_toml(value)}" for key, value in self.channel.items()),
        ]
        lines += ["[store]", f'url = "sqlite:{self.folder / "store.db"}"']
        lines += ["[knowledge]", f'folder = "{EXAMPLE / "knowledge"}"']
        lines += ["[playbook]", f'file = "{EXAMPLE / "playbook.toml"}"']
        lines += self.more
        (self.folder / "tingfeng.toml").write_text("\n".join(lines), encoding="utf-8")

    async def killed_at(self, point: str) -> None:
        """Run until the process stops itself at the Nth checkpoint; fails where it never does."""
        process = await self._start(point)
        async with asyncio.timeout(_SECONDS):
            assert await process.wait() == -SIGKILL, self.log()
        self.kills.append(point)

    async def killed_within(self, seconds: float, begun: Callable[[], bool]) -> None:
        """Run, and kill at a random moment of the first ``seconds`` after ``begun`` holds."""
        process = await self._start(None)
        try:
            await self._until(process, begun)
            await asyncio.sleep(self.dice.uniform(0, seconds))
        finally:
            await _kill(process)
        self.kills.append("random")

    async def run_until_quiet(self, done: Callable[[], object], least: Callable[[], bool]) -> None:
        """Run until ``least`` holds and what ``done`` returns has not changed for a while."""
        process = await self._start(None)
        try:
            await self._until(process, least)
            state, since = done(), time.monotonic()
            while time.monotonic() - since < _QUIET:
                await asyncio.sleep(0.05)
                if (now := done()) != state:
                    state, since = now, time.monotonic()
        finally:
            await _kill(process)

    async def kept(self) -> Kept:
        """Everything in the store; no process may be running."""
        store = await SqliteStore.open(self.folder / "store.db", clock=SystemClock())
        try:
            page = await store.mentions.find(MentionFilter(), limit=1000)
            return Kept(
                counts=await store.events.counts(),
                mentions=list(page.mentions[::-1]),
                tickets=list((await store.tickets.find(TicketFilter(), limit=1000)).tickets),
                alerts=list(await store.alerts.recent(limit=1000)),
            )
        finally:
            await store.close()

    def log(self) -> str:
        """The last lines that the processes logged."""
        return (self.folder / "log").read_text("utf-8", "replace")[-5000:]

    async def _start(self, stop_at: str | None) -> asyncio.subprocess.Process:
        program = [str(ROOT / "run.py")] if stop_at is None else [*POINTS, stop_at]
        command: Sequence[str] = ("serve", "--config", "tingfeng.toml", "--port", "0")
        with (self.folder / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, *program, *command),
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    async def _until(
        self, process: asyncio.subprocess.Process, condition: Callable[[], bool]
    ) -> None:
        end = time.monotonic() + _SECONDS
        while not condition():
            assert process.returncode is None, self.log()
            assert time.monotonic() < end, f"it never came so far:\n{self.log()}"
            await asyncio.sleep(0.005)


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(_toml(one) for one in value)}]"
        case str():
            return f'"{value}"'
    return str(value)
