"""Measures the grouping of incidents that are described in many words and two languages.

    pip install -e '.[semantic]'
    python -m benchmarks.spread_meaning [--data ../shared/data/spread] [--part unseen] [--write]

Twenty-four made-up incidents (``spread_incidents.toml``) happen one after the other and side by
side, each described by ten people in their own words, most of them reposted, among ordinary posts
about the same shop. They pass through the judge and the whole watch, by words alone and by meaning,
too; every embedding is waited for, as in a stream that is slower than the model. ``--write`` makes
the shipped file: the mean embedding of a complaint in each language, from the part that thresholds
were chosen on.
"""

import argparse
import asyncio
import gzip
import json
import random
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final, cast

import numpy as np

from benchmarks.grouping import grouping
from benchmarks.spread_incidents import BRAND, ORDINARY, START, mention, ordinary, posts, read
from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.model.alerts import Alert
from core.model.mentions import Mention
from core.taxonomy import Language
from listeners.judgement import embedding
from listeners.judgement.embedding import Embedder, Vectors
from listeners.spread.grouping.vocabulary import name_patterns
from listeners.spread.watch import SpreadWatch
from tests.listeners.spread.memory_store import MemorySpreadStore

OUT: Final = Path(str(resources.files("listeners.spread") / "models" / "meaning.npz"))
CALLED: Final = ("禾家超市", "禾家", "Hejia")
NAMES: Final = name_patterns({BRAND: CALLED})[BRAND]
MEMORY: Final = timedelta(hours=30)
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupedStream:
    """The incidents that a watch made of a stream."""

    incidents: Mapping[str, str]
    """By the id of each post."""
    alerts: int
    drawn_in: int
    """Ordinary posts in made-up incidents."""


class CachingModel:
    """The library, called once per text."""

    def __init__(self) -> None:
        self._model = embedding.embeds()
        self._known: dict[str, Vectors] = {}

    def query(self, texts: str) -> Vectors:
        if texts not in self._known:
            self._known[texts] = self._model.query(texts)
        return self._known[texts]


class AlertCounter:
    """Counts the incidents that staff would have been alerted of."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    async def raise_alert(self, alert: Alert) -> bool:
        self.keys.add(alert.key)
        return True

    def end(self, incident: str) -> None:
        """Ends are not counted."""

    async def merge(self, gone: str, kept: str) -> None:
        self.keys.discard(f"incident:{gone}")


def follow(stream: Sequence[Mention], embedder: Embedder | None) -> GroupedStream:
    """Feed a watch with a stream."""
    ordered = sorted(stream, key=lambda one: one.event.posted_at)
    counter = AlertCounter()
    clock = ManualClock(ordered[-1].event.posted_at + timedelta(days=1))
    watch = SpreadWatch(
        counter,
        store=MemorySpreadStore(),
        clock=clock,
        catalogue=shipped_catalogue(),
        names={BRAND: "禾家超市"},
        terms={BRAND: CALLED},
        embedder=embedder,
    )
    incidents = {one.event.id: one.event.id for one in ordered}

    def note(seen: Sequence[Mention]) -> None:
        for one in seen:
            key = watch.incident_key_of(BRAND, one)
            if key is not None:
                incidents[one.event.id] = key

    async def run() -> None:
        recent: deque[Mention] = deque()
        noted = ordered[0].event.posted_at
        for one in ordered:
            if one.event.posted_at - noted > timedelta(hours=1):
                note(recent)
                noted = one.event.posted_at
            while recent and one.event.posted_at - recent[0].event.posted_at > MEMORY:
                recent.popleft()
            await watch.observe(one)
            await watch.drain()
            recent.append(one)
        note(recent)
        await watch.close()

    asyncio.run(run())
    made_up = {one for name, one in incidents.items() if not name.startswith(ORDINARY)}
    drawn_in = sum(name.startswith(ORDINARY) and one in made_up for name, one in incidents.items())
    return GroupedStream(incidents=incidents, alerts=len(counter.keys), drawn_in=drawn_in)


def made_up_incidents(part: str, embedder: Embedder) -> Iterator[str]:
    """One a day, two at a time, and all within an hour."""
    listed = read(part)
    ways = {"one a day": 1, "two at a time": 2, "all within an hour": len(listed)}
    for name, together in ways.items():
        rng = random.Random(7)
        stream = ordinary(days=3 + len(listed) // together)
        for number, incident in enumerate(rng.sample(listed, len(listed))):
            at = START + timedelta(days=2 + number // together, hours=10)
            stream += posts(incident, at + timedelta(minutes=rng.uniform(0, 10)), rng)
        names = [one.event.id for one in stream if not one.event.id.startswith(ORDINARY)]
        truth = {one: one.rpartition("-")[0] for one in names}
        for how, asked in (("words alone", None), ("with meaning", embedder)):
            grouped = follow(stream, asked)
            yield (
                f"{part}, {len(listed)} incidents {name}, {how}: "
                f"{grouping(truth, grouped.incidents)}, "
                f"{grouped.drawn_in} of {len(stream) - len(truth)} ordinary posts in them, "
                f"{grouped.alerts} alerts"
            )


def pheme(data: Path, embedder: Embedder) -> Iterator[str]:
    """Tweets about five events, in order of time, all as adverse posts."""
    with gzip.open(data / "pheme_incidents.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    stream = [
        mention(one["id"], one["text"], datetime.fromisoformat(one["posted_at"]).astimezone(UTC))
        for one in records
    ]
    truth = {one["id"]: one["incident"] for one in records}
    for how, asked in (("words alone", None), ("with meaning", embedder)):
        grouped = follow(stream, asked)
        yield f"PHEME, {len(stream)} tweets, {how}: {grouping(truth, grouped.incidents)}"


def write(embedder: Embedder) -> str:
    """Write the mean embedding of the tuning part, by language."""
    listed = read("tuning")
    means = {
        language: np.mean(
            [
                embedder.meaning(NAMES.sub(" ", text))
                for one in listed
                for text in cast("tuple[str, ...]", getattr(one, language))
            ],
            axis=0,
        )
        for language in LANGUAGES
    }
    np.savez_compressed(OUT, zh=means["zh"].astype("f2"), en=means["en"].astype("f2"))
    return f"{OUT.name}: {OUT.stat().st_size} bytes"


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data/spread"))
    options.add_argument("--part", choices=("tuning", "unseen"), default="unseen")
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    embedder = Embedder(CachingModel)
    if given.write:
        print(write(embedder))
        return
    began = time.process_time()
    for line in made_up_incidents(given.part, embedder):
        print(line, flush=True)
    if given.data.is_dir():
        for line in pheme(given.data, embedder):
            print(line, flush=True)
    print(f"{time.process_time() - began:.0f} CPU-seconds")


if __name__ == "__main__":
    main()
