"""Measures the detectors of spread: the figures of docs/explanation/spread.md.

    python -m benchmarks.spread --data ../shared/data/spread [--only volume,cascades,...]
        [--series UPS,...] [--without-claims]

The development data is not part of the repository; without it this says so and measures the speed
alone. Forecasts are measured by a model trained on the first three quarters of each file, on the
last quarter; volume by leaving one series out when the threshold is chosen; rumours are those of
families that are held out, in the streams of held-out series (``spread_split.py``).
"""

import argparse
import csv
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import cascade_measures, spread_injection, train_cascade
from benchmarks.grouping import grouping
from benchmarks.spread_split import SERIES, split_cascades
from benchmarks.triage_labels import read_labels, settled
from listeners.judgement import embedding
from listeners.judgement.embedding import Embedder
from listeners.spread.backtests import incident_groups, volume_alarms
from listeners.spread.grouping.grouper import Grouper
from listeners.spread.grouping.near_duplicates import Sketch, containment, sketch
from listeners.spread.harm.claims import ClaimReader

THRESHOLDS: Final = (6.5, 7.0, 7.5, 7.75, 8.0, 8.5, 9.0)
PROBATION: Final = 750
WEEK: Final = timedelta(weeks=1)
_SHORT: Final = 12
"""Characters; shorter texts are not passed on."""
_ORDINARY: Final = ("Weibo, with a retail word", "Weibo, ordinary")


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One labelled series."""

    lines: tuple[str, ...]
    windows: tuple[tuple[datetime, datetime], ...]
    scored_from: datetime
    weeks: float


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data/spread"))
    options.add_argument("--only", default=",".join(PARTS))
    options.add_argument("--series", default="", help="of injection; the held-out ones by default")
    options.add_argument(
        "--without-claims", action="store_true", help="injection judges posts alone"
    )
    given = options.parse_args()
    series = frozenset(filter(None, given.series.split(",")))
    parts: dict[str, Callable[[Path], Iterator[str]]] = dict(PARTS)
    parts["injection"] = partial(injection, series=series, with_claims=not given.without_claims)
    for name in given.only.split(","):
        part = parts.get(name)
        if part is None:
            options.error(f"no part {name!r}; there are {', '.join(PARTS)}")
        if name != "speed" and not given.data.is_dir():
            print(f"{name}: not measured, there is no folder {given.data} (see --data)")
            continue
        for line in part(given.data):
            print(line, flush=True)


def volume(data: Path) -> Iterator[str]:
    """Labelled bursts found, and false alarms per week."""
    windows: dict[str, list[list[str]]] = json.loads((data / "nab/windows.json").read_text())
    all_series = {name: _series(data / f"nab/{name}.csv.gz", windows[name]) for name in windows}
    scores = {
        (name, threshold): _score(series, threshold)
        for name, series in all_series.items()
        for threshold in THRESHOLDS
    }
    total = sum(len(series.windows) for series in all_series.values())
    weeks = sum(series.weeks for series in all_series.values())
    hits = false = 0
    for out in all_series:
        others = [name for name in all_series if name != out]

        def rank(threshold: float, others: Sequence[str] = others) -> tuple[float, float]:
            found = sum(scores[name, threshold][0] for name in others)
            wrong = sum(scores[name, threshold][1] for name in others)
            length = sum(all_series[name].weeks for name in others)
            return (found if wrong <= length else -1, -wrong)

        best = max(THRESHOLDS, key=rank)
        hits += scores[out, best][0]
        false += scores[out, best][1]
    yield (
        f"volume, threshold chosen on the other series: {hits}/{total} windows, "
        f"{false / weeks:.2f} false alarms a brand-week"
    )
    for threshold in THRESHOLDS:
        found = sum(scores[name, threshold][0] for name in all_series)
        wrong = sum(scores[name, threshold][1] for name in all_series)
        yield f"volume, threshold {threshold}: {found}/{total} windows, {wrong / weeks:.2f} a week"


def cascades(data: Path) -> Iterator[str]:
    """Forecasts of the last quarter by a model of the first three, calibrated online if dated."""
    parts = {
        name: cascade_measures.read(data / f"{name}_cascades.jsonl.gz", name)
        for name in ("weibo", "twitter")
    }
    samples = [sample for part in parts.values() for sample in part]
    known = np.array([sample.age > 0.25 for sample in samples])
    model = train_cascade.learn(train_cascade.tabulate(samples), known, (600, 3600, 21600))
    for name, part in parts.items():
        late = [sample for sample in part if sample.age <= 0.25]
        for observe in (600, 3600, 21600):
            found = cascade_measures.in_order(model, late, observe)
            yield f"cascades, {name} at {observe} s: {cascade_measures.measure(found, late)}"


def incidents(data: Path) -> Iterator[str]:
    """Events in many words, and copies made of distinct texts."""
    with gzip.open(data / "pheme_incidents.jsonl.gz", "rt", encoding="utf-8") as lines:
        raw = list(lines)
    records = [json.loads(line) for line in raw]
    truth = {record["id"]: record["incident"] for record in records}
    found = {str(row["id"]): str(row["incident"]) for row in incident_groups(raw)}
    yield f"incidents, PHEME in order of time: {grouping(truth, found)}"
    first: dict[str, datetime] = {}
    for record in records:
        at = datetime.fromisoformat(record["posted_at"])
        first[record["incident"]] = min(at, first.get(record["incident"], at))
    start = min(first.values())
    for record in records:
        shift = start - first[record["incident"]]
        at = datetime.fromisoformat(record["posted_at"]) + shift
        record["posted_at"] = at.isoformat()
    together = incident_groups(json.dumps(record) for record in records)
    found = {str(row["id"]): str(row["incident"]) for row in together}
    yield f"incidents, PHEME, all five at the same time: {grouping(truth, found)}"
    truth, lines_ = _copies(data)
    found = {str(row["id"]): str(row["incident"]) for row in incident_groups(lines_)}
    yield f"incidents, copies of distinct Weibo posts: {grouping(truth, found)}"


def injection(
    data: Path,
    embedder: Embedder | None = None,
    *,
    series: Collection[str] = (),
    with_claims: bool = True,
) -> Iterator[str]:
    """Rumours injected into a brand's stream, of pieces of posts and of whole real posts.

    ``series``: names of those that stand for the brand's volume; the held-out ones by default.
    """
    file = data.parent / "triage/pool.jsonl.gz"
    if not file.is_file():
        yield f"injection: not measured, there is no file {file}"
        return
    how = "" if embedder is None else " by meaning, too"
    cascades = split_cascades(data, file)
    rumours, harmless = (
        [
            spread_injection.Rumour(text=one.text, events=one.events)
            for one in cascades
            if one.part == "held_out" and one.rumour is wanted
        ]
        for wanted in (True, False)
    )
    measured = partial(
        _injected,
        data,
        embedder=embedder,
        series=series or SERIES["held_out"],
        claims=ClaimReader() if with_claims else None,
    )
    pieces = [one.text for one in cascades if not one.rumour and len(one.text) > 20]
    yield from measured(rumours, harmless, pieces, whole=False, how=how)
    if embedder is not None:
        return
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        real = [one["text"] for one in map(json.loads, lines) if one["source"] in _ORDINARY]
    how = ", whole posts of people about shops and life"
    yield from measured(rumours, harmless, real, whole=True, how=how)
    bad, good = _labelled(file, rumours)
    how = f", {len(bad)} texts that were read to harm a business"
    yield from measured(bad, good, real, whole=True, how=how)


def _labelled(
    pool: Path, cascades: Sequence[spread_injection.Rumour]
) -> tuple[list[spread_injection.Rumour], list[spread_injection.Rumour]]:
    """Held-out texts by whether their facts harm a business, passed on as real rumours were.

    The harmless ones are no complaints either.
    """
    labels = settled(read_labels())
    rng = random.Random(3)
    long = [one for one in cascades if len(one.events) >= 150]
    bad: list[spread_injection.Rumour] = []
    good: list[spread_injection.Rumour] = []
    with gzip.open(pool, "rt", encoding="utf-8") as lines:
        for one in map(json.loads, lines):
            label = labels.get(one["id"])
            if label is None or label.split != "held_out" or len(one["text"]) < _SHORT:
                continue
            passed_on = replace(rng.choice(long), text=one["text"])
            if label.first("adverse") == "1":
                bad.append(passed_on)
            elif label.first("adverse") == "0" and label.first("complaint") == "0":
                good.append(passed_on)
    return bad, good


def _injected(
    data: Path,
    rumours: Sequence[spread_injection.Rumour],
    harmless: Sequence[spread_injection.Rumour],
    pool: Sequence[str],
    *,
    whole: bool,
    embedder: Embedder | None,
    claims: ClaimReader | None,
    how: str,
    series: Collection[str],
) -> Iterator[str]:
    totals: Counter[str] = Counter()
    weeks = 0.0
    for name in series:
        brand = spread_injection.ordinary_brand(
            read_bins(data / f"nab/{name}.csv.gz"), pool, seed=1, whole=whole
        )
        for posts in (150, 50):
            hits, planted = spread_injection.share_found(
                brand, rumours, posts=posts, seed=1, embedder=embedder, claims=claims
            )
            totals[f"hits {posts}"] += hits
            totals[f"planted {posts}"] += planted
        totals["calls"] += spread_injection.benign_alerts(
            brand, harmless, seed=2, embedder=embedder, claims=claims
        )
        weeks += brand.weeks
    for posts in (150, 50):
        share = totals[f"hits {posts}"] / totals[f"planted {posts}"]
        yield (
            f"injection{how}, {posts} posts in 24 h: {share:.2f} of {totals[f'planted {posts}']} "
            "found within an hour"
        )
    rate = totals["calls"] / weeks
    yield (
        f"injection{how}, P1 or P2 where nothing is wrong: {rate:.2f} a brand-week "
        f"({totals['calls']} in {weeks:.1f})"
    )


def injection_by_meaning(data: Path) -> Iterator[str]:
    """As ``injection``, with embeddings (the extra ``semantic``)."""
    embedder = embedding.load()
    if embedder is None:
        yield "injection by meaning, too: not measured, the extra 'semantic' is not installed"
        return
    yield from injection(data, embedder)


def speed(_: Path) -> Iterator[str]:
    """Documents grouped per second of one core."""
    rng = random.Random(1)
    signs = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
    for length in (110, 16):
        texts = ["".join(rng.choices(signs, k=length)) for _ in range(5000)]
        for by_words in (True, False):
            grouper = Grouper(by_words=by_words)
            at = datetime(2026, 1, 1, tzinfo=UTC)
            began = time.process_time()
            for number, text in enumerate(texts):
                grouper.add(str(number), text, at)
            rate = len(texts) / (time.process_time() - began)
            how = "copies and words" if by_words else "copies alone"
            yield f"speed, {length} characters, {how}: {rate:,.0f} documents a second"


PARTS: Final[Mapping[str, Callable[[Path], Iterator[str]]]] = {
    "volume": volume,
    "cascades": cascades,
    "incidents": incidents,
    "injection": injection,
    "injection-by-meaning": injection_by_meaning,
    "speed": speed,
}


def _series(path: Path, windows: Sequence[Sequence[str]]) -> Series:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = tuple(file)
    rows = list(csv.DictReader(lines))
    spans = [[datetime.fromisoformat(moment) for moment in window] for window in windows]
    first, last = (datetime.fromisoformat(rows[i]["timestamp"]) for i in (PROBATION, -1))
    return Series(
        lines=lines,
        windows=tuple((start, end) for start, end in spans),
        scored_from=first,
        weeks=(last - first) / WEEK,
    )


def _score(series: Series, threshold: float) -> tuple[int, int]:
    """Windows with any alarm, and alarms outside all windows, each alarm counted."""
    alarms = [
        datetime.fromisoformat(str(alarm["time"]))
        for alarm in volume_alarms(series.lines, threshold=threshold)
    ]
    alarms = [at for at in alarms if at >= series.scored_from]
    hits = sum(any(start <= at <= end for at in alarms) for start, end in series.windows)
    false = sum(not any(start <= at <= end for start, end in series.windows) for at in alarms)
    return hits, false


def read_bins(path: Path) -> list[tuple[datetime, float]]:
    """The bins of a series of NAB."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [
            (datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC), float(row["value"]))
            for row in csv.DictReader(file)
        ]


def _copies(data: Path) -> tuple[dict[str, str], list[str]]:
    """Distinct posts, each with up to four reposts."""
    with gzip.open(data / "weibo_cascades.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    rng = random.Random(0)
    kept: list[tuple[str, Sketch]] = []
    for text in texts:
        drawn = sketch(text)
        if len(drawn.grams) < 12 or any(containment(drawn, other) >= 0.3 for _, other in kept):
            continue
        kept.append((text, drawn))
        if len(kept) == 900:
            break
    said = [
        (str(number), text if copy == 0 else spread_injection.repost(text, rng))
        for number, (text, _) in enumerate(kept)
        for copy in range(1 + rng.randrange(5))
    ]
    rng.shuffle(said)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [
        json.dumps({"id": n, "posted_at": (start + timedelta(minutes=n)).isoformat(), "text": text})
        for n, (_, text) in enumerate(said)
    ]
    return {str(n): label for n, (label, _) in enumerate(said)}, lines


if __name__ == "__main__":
    main()
