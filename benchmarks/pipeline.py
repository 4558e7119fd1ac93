"""Events through the whole pipeline on SQLite, beside a plain loop of snownlp, in one run.

    python benchmarks/pipeline.py                 100,000 events
    python benchmarks/pipeline.py --events 5000

Prints events a second and peak memory. snownlp judges a sample of the same texts; the ratio is what
to quote, since machines differ.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cli.commands.replay import Stopwatch
from cli.config import load_config
from cli.wiring import open_app
from connectors.replay.settings import read_feed
from core.clock import SystemClock
from examples.supermarket.posts import as_event
from examples.supermarket.scenario import write_lines
from examples.supermarket.week import week
from run import EXAMPLE

SAMPLE = 1000

PLAIN = """
import resource, sys, time
from snownlp import SnowNLP
texts = [line.rstrip("\\n") for line in sys.stdin]
SnowNLP("预热").sentiments
started = time.process_time()
for text in texts:
    if text.strip():
        SnowNLP(text).sentiments
took = time.process_time() - started
print(len(texts) / took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def texts_of(feed: Path, count: int) -> list[str]:
    """The first texts of the feed, each on one line."""
    with feed.open(encoding="utf-8") as lines:
        return [" ".join(json.loads(line)["text"].split()) for line in islice(lines, count)]


async def play(feed: Path, folder: Path) -> dict[str, object]:
    """Replay the feed through every part, over a store in ``folder``."""
    loaded = load_config(EXAMPLE.config)
    watch = Stopwatch(SystemClock())
    url = f"sqlite:{folder / 'store.db'}"
    feed_settings = read_feed(feed, "max", None)
    async with open_app(loaded, url=url, feed=feed_settings, ended=watch.ended) as app:
        before = await app.store.events.counts()
        engine = asyncio.create_task(app.engine.run())
        await app.engine.settled()
        engine.cancel()
        await asyncio.gather(engine, return_exceptions=True)
        return watch.report(before, await app.store.events.counts(), app.alerts.raised)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feed = folder / "feed.jsonl"
        weeks = max(1, options.events // 6000 + 1)
        start = datetime(2025, 1, 6, tzinfo=UTC)
        posts = (
            as_event(post) | {"id": f"{number}-{post.id}"}
            for number in range(weeks)
            for post in week(number, start + timedelta(days=7 * number))
        )
        write_lines(feed, islice(posts, options.events))
        started, used = time.perf_counter(), time.process_time()
        report = asyncio.run(play(feed, folder))
        took, used = time.perf_counter() - started, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        events = int(str(report["events_in"]))
        size = sum(path.stat().st_size for path in folder.glob("store.db*")) // 1024**2
        plain = subprocess.run(
            [sys.executable, "-c", PLAIN],
            input="\n".join(texts_of(feed, SAMPLE)),
            capture_output=True,
            text=True,
            check=True,
        )
        rate, memory = plain.stdout.split()
    print(f"{'':34}{'events/s':>12}{'per CPU-s':>12}{'peak MiB':>10}")
    print(f"{'Tingfeng, all parts, durable':34}{events / took:12.0f}{events / used:12.0f}{peak:10}")
    print(f"{'snownlp sentiment alone, plain loop':34}{'':>11}{float(rate):12.0f}{memory:>10}")
    print(f"ratio per CPU-second: {events / used / float(rate):.1f}; store: {size} MiB")
    print({key: report[key] for key in ("events_in", "done", "dropped", "tickets", "alerts")})
    return 0


if __name__ == "__main__":
    sys.exit(main())
