"""A thousand alerts through receivers that fail, stall, reset and are cut off.

    python -m benchmarks.alert_delivery

Each receiver is a real server on the loopback, the store is SQLite, time runs sixty times as fast.
Printed for each receiver: alerts it never got (missed); alerts it passed on to a person more than
once, after it had dropped the Idempotency-Keys it knew (told twice); and alerts that came again
though it had taken them, which a receiver without a memory would pass on twice (taken again). Once
the receivers can be asked by HEAD what they have, once they cannot.
"""

import asyncio
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from cli.catalogue import shipped_catalogue
from core.model.alerts import Alert
from core.runtime.bus import Bus
from responders.alerting.manager import AlertManager
from responders.alerting.receivers.kind import ReceiverContext
from responders.alerting.receivers.message import MessageFormat
from responders.alerting.receivers.webhook import KEY, Webhook, WebhookSettings
from storage.sqlite.store import SqliteStore

Fault = Literal["none", "fails", "stalls", "resets", "cut off", "all"]
FAULTS: Final[tuple[Fault, ...]] = ("none", "fails", "stalls", "resets", "cut off", "all")
SPEED: Final = 60.0
TIMEOUT: Final = 0.25
SECRET: Final = SecretStr("a secret of enough length")


class FastClock:
    """A clock that runs ``SPEED`` times as fast."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._day = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._day + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.monotonic() - self._start) * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / SPEED)


@dataclass
class Receiver:
    """A server that takes alerts badly; drops the keys it knows, as the documentation asks."""

    fault: Fault
    random: random.Random
    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests taken on the wire, by key."""
    taken: Counter[str] = field(default_factory=Counter)
    """Times that each was passed on to a person."""
    known: set[str] = field(default_factory=set)
    can_be_asked: bool = True
    began: float = field(default_factory=time.monotonic)

    async def handle(self, request: web.Request) -> web.Response:
        key = request.headers[KEY]
        await request.read()
        is_asked = request.method == "HEAD"
        if is_asked and not self.can_be_asked:
            return web.Response(status=405)
        fault, chance = self.fault, self.random.random()
        if fault == "all":
            fault = self.random.choice(FAULTS[:-1])
        if fault == "fails" and chance < 0.1:
            return web.Response(status=500)
        if fault == "cut off" and (time.monotonic() - self.began) % 3 < 1:
            self._hang_up(request)
            return web.Response()
        if not is_asked:
            if key not in self.known:
                self.known.add(key)
                self.taken[key] += 1
            self.requests[key] += 1
        if fault == "stalls" and chance < 0.01:
            await asyncio.sleep(4 * TIMEOUT)
        if fault == "resets" and chance < 0.02:
            self._hang_up(request)
        if is_asked and key not in self.known:
            return web.Response(status=404)
        return web.Response(status=204, headers={KEY: key})

    def _hang_up(self, request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()


@asynccontextmanager
async def open_receiver(fault: Fault, seed: int, *, asked: bool) -> AsyncIterator[Receiver]:
    """A receiver on a port of its own; ``asked``: whether it can be asked what it has."""
    receiver = Receiver(fault=fault, random=random.Random(seed), can_be_asked=asked)
    app = web.Application()
    app.router.add_route("POST", "/hook", receiver.handle)
    app.router.add_route("HEAD", "/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/hook"
        yield receiver
    finally:
        await runner.cleanup()


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The fate of the alerts at one receiver."""

    fault: Fault
    missed: int
    told_twice: int
    taken_again: int
    """Requests that a receiver took and had taken before."""
    seconds: float
    """Until it had all of them."""


def one(number: int, at: datetime) -> Alert:
    """An alert about an incident of its own."""
    return Alert(
        key=f"bench:{number}",
        kind="incident",
        severity="P1",
        title=f"第 {number} 件事",
        body="8 位作者",
        created_at=at,
        incident=f"INC-{number}",
    )


async def deliver(
    count: int,
    folder: Path,
    *,
    faults: tuple[Fault, ...] = FAULTS,
    asked: bool = True,
    patience: float = 120.0,
) -> list[Result]:
    """Raise ``count`` alerts, and wait until every receiver has all of them, or ``patience``.

    ``asked``: whether the receivers can be asked what they have.
    """
    clock = FastClock()
    async with AsyncExitStack() as stack:
        store = await SqliteStore.open(folder / "alerts.db", clock=clock)
        stack.push_async_callback(store.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        receivers = [
            await stack.enter_async_context(open_receiver(fault, seed, asked=asked))
            for seed, fault in enumerate(faults)
        ]
        context = ReceiverContext(
            format=MessageFormat(
                catalogue=shipped_catalogue(), language="zh", resolve_after=timedelta(hours=6)
            ),
            session=session,
            clock=clock,
        )
        desk = AlertManager(
            store=store.alerts,
            receivers=[
                Webhook(
                    receiver.fault.replace(" ", "-"),
                    WebhookSettings(url=receiver.url, secret=SECRET),
                    context,
                    timeout=TIMEOUT,
                )
                for receiver in receivers
            ],
            bus=Bus(),
            clock=clock,
            random=random.Random(7).random,
        )
        working = asyncio.create_task(desk.run())
        began = time.monotonic()
        await asyncio.gather(*(desk.raise_alert(one(n, clock.now())) for n in range(count)))
        ended: dict[int, float] = {}
        while len(ended) < len(receivers) and time.monotonic() - began < patience:
            await asyncio.sleep(0.05)
            for number, receiver in enumerate(receivers):
                if len(receiver.known) >= count:
                    ended.setdefault(number, time.monotonic() - began)
        await asyncio.sleep(1.0)  # whatever comes again comes now
        working.cancel()
        await asyncio.wait([working])
    return [
        Result(
            fault=receiver.fault,
            missed=count - len(receiver.known),
            told_twice=sum(n - 1 for n in receiver.taken.values()),
            taken_again=sum(n - 1 for n in receiver.requests.values()),
            seconds=ended.get(number, float("inf")),
        )
        for number, receiver in enumerate(receivers)
    ]


COUNT: Final = 1000


def main() -> None:
    """Print the table."""
    logging.disable(logging.WARNING)
    for asked in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            results = asyncio.run(deliver(COUNT, Path(folder), asked=asked))
        print("receivers that " + ("can be asked by HEAD" if asked else "cannot be asked"))
        print(
            f"{'receiver':10} {'missed':>7} {'told twice':>11} {'taken again':>12} {'seconds':>8}"
        )
        for found in results:
            again = f"{found.taken_again} ({found.taken_again / COUNT:.1%})"
            print(
                f"{found.fault:10} {found.missed:7} {found.told_twice:11} {again:>12}"
                f" {found.seconds:8.1f}"
            )


if __name__ == "__main__":
    main()
