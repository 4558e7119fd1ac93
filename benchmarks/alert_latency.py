"""Latency of alerts: from the receipt of the tenth person's post to the arrival of the alert.

    python -m benchmarks.alert_latency                 200 events a second for a minute
    python -m benchmarks.alert_latency --seconds 20 --rate 100

Everything runs: a replay at the speed of life, the store on disk, judge, decider, outbox, the watch
over spread, and a webhook that answers on this machine. Among ordinary posts about one brand each
other brand has a crisis: a complaint that another person passes on every tenth of a second. Ten
people make an alert here, so that the tenth is the one to be timed.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aiohttp import web

from cli.config import LoadedConfig, load_config
from cli.wiring import open_app
from connectors.replay.settings import read_feed
from core.model.events import Received
from core.model.outcomes import Outcome
from core.settings import AlertSettings, BrandSettings, ReceiverSettings
from examples.supermarket.posts import as_event
from examples.supermarket.scenario import write_lines
from examples.supermarket.week import week
from run import EXAMPLE

PEOPLE: Final = 10
EVERY: Final = 0.1
"""Seconds between two posts of one crisis."""
APART: Final = 1.5
"""Seconds between the beginnings of two crises."""


@dataclass(kw_only=True, slots=True)
class Watchers:
    """When what was received, and when staff heard of it."""

    received: dict[str, datetime] = field(default_factory=dict)
    heard: dict[str, datetime] = field(default_factory=dict)

    def ended(self, item: Received, _: Outcome) -> None:
        self.received[item.event.id] = item.received_at

    async def take(self, request: web.Request) -> web.Response:
        alert = json.loads(await request.read())
        self.heard.setdefault(str(alert.get("brand")), datetime.now(UTC))
        return web.Response()


def crisis_brands(seconds: float) -> list[str]:
    """One brand for every crisis that fits."""
    return [f"b{number}" for number in range(int((seconds - 5) / APART))]


def name_of(brand: str) -> str:
    """The name of the brand in the posts."""
    return f"安和{chr(0x4E00 + 7 * int(brand[1:]))}铺"


def feed(start: datetime, seconds: float, rate: int) -> Iterator[dict[str, object]]:
    """``rate`` events a second from ``start`` on, oldest first."""
    texts = [post for post in week(1, start) if post.kind in {"post", "comment", "message"}]
    random.Random(1).shuffle(texts)
    events = [
        as_event(replace(post, at=start + timedelta(seconds=n / rate), id=f"o{n}", reply_to=None))
        for n, post in zip(range(int(seconds * rate)), itertools.cycle(texts), strict=False)
    ]
    for number, brand in enumerate(crisis_brands(seconds)):
        text = f"{name_of(brand)}的吐司打开整片发霉，绿的黑的都有，太恶心了，要求退款"
        for n in range(PEOPLE + 5):
            at = start + timedelta(seconds=2 + number * APART + n * EVERY)
            place = min(int((at - start).total_seconds() * rate), len(events) - 1)
            events[place] |= {
                "channel": "weibo",
                "id": f"{brand}-{n}",
                "kind": "repost" if n else "post",
                "author": {"id": f"{brand}-{n}", "name": "n", "followers": 5},
                "text": f"太过分了//@甲:{text}" if n else text,
                "conversation": f"{brand}-{n}",
                "solicited": False,
            }
    yield from events


def config_for(url: str, brands: list[str]) -> LoadedConfig:
    """The example's, with more brands and a webhook."""
    loaded = load_config(EXAMPLE.config)
    more = tuple(
        BrandSettings(id=brand, name=name_of(brand), terms=(name_of(brand),)) for brand in brands
    )
    hook = ReceiverSettings.model_validate({"url": url, "secret": "a secret of the benchmark"})
    settings = loaded.settings.model_copy(
        update={
            "brands": (*loaded.settings.brands, *more),
            "alerts": AlertSettings(authors=PEOPLE, webhooks=(hook,)),
        }
    )
    return replace(loaded, settings=settings)


async def play(folder: Path, seconds: float, rate: int) -> Watchers:
    """Run it all."""
    watchers = Watchers()
    hooks = web.Application()
    hooks.router.add_post("/", watchers.take)
    runner = web.AppRunner(hooks)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    loaded = config_for(f"http://127.0.0.1:{port}/", crisis_brands(seconds))
    file = folder / "feed.jsonl"
    write_lines(file, feed(datetime.now(UTC), seconds, rate))
    settings = read_feed(file, "1", None)
    url = f"sqlite:{folder / 'store.db'}"
    async with open_app(loaded, url=url, feed=settings, ended=watchers.ended) as app:
        work = [asyncio.create_task(one()) for one in (app.engine.run, app.alerts.run)]
        await app.engine.settled()
        await asyncio.sleep(3)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    await runner.cleanup()
    return watchers


def main() -> int:
    """Command line."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rate", type=int, default=200)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        began, used = time.perf_counter(), time.process_time()
        watchers = asyncio.run(play(Path(name), given.seconds, given.rate))
        took, used = time.perf_counter() - began, time.process_time() - used
    waits = sorted(
        (watchers.heard[brand] - watchers.received[f"{brand}-{PEOPLE - 1}"]).total_seconds()
        for brand in crisis_brands(given.seconds)
        if brand in watchers.heard
    )
    missed = len(crisis_brands(given.seconds)) - len(waits)
    if len(waits) < 2:
        print(f"alerts missed: {missed}")
        return 1
    print(
        f"{len(watchers.received)} events done in {took:.0f} s ({used / took:.0%} of one core); "
        f"tenth person's post received to alert arrived: p50 {statistics.median(waits):.3f} s, "
        f"p95 {waits[int(len(waits) * 0.95)]:.3f} s, longest {waits[-1]:.3f} s; "
        f"{len(waits)} alerts, {missed} missed"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
