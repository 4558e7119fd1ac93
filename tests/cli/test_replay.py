"""``replay``: everything is accounted for, whatever the file holds."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from examples.supermarket.posts import as_event
from examples.supermarket.scenario import write_lines
from examples.supermarket.week import week
from tests.cli.running import no_traceback, tingfeng

pytestmark = pytest.mark.process


def line(number: int, text: str, **more: object) -> bytes:
    event = {
        "channel": "weibo",
        "id": f"e{number}",
        "kind": "post",
        "author": {"id": f"a{number}", "name": "n", "followers": 1},
        "text": text,
        "posted_at": "2026-03-02T09:00:00Z",
    }
    return json.dumps(event | more).encode()


def report_of(config: Path, feed: Path, *more: str | Path) -> dict[str, object]:
    out = config.parent / "report.json"
    done = tingfeng("replay", feed, "--config", config, "--report", out, *more)
    assert done.returncode == 0, done.stderr.decode()
    no_traceback(done)
    report = cast("dict[str, object]", json.loads(out.read_text("utf-8")))
    dropped = cast("dict[str, int]", report["dropped"])
    parts = [cast("int", report[name]) for name in ("done", "pending", "dead_lettered")]
    assert report["events_in"] == sum(parts) + sum(dropped.values())
    return report


def test_garbage_becomes_dead_letters_and_the_rest_is_processed(config: Path) -> None:
    feed = config.parent / "feed.jsonl.gz"
    lines = [
        line(1, "禾家的面包发霉了，要求退款"),
        b"{broken",
        b'{"channel": "weibo"}',
        b"\xff\xfe",
        b"x" * 10_000_000,
        line(2, "禾家 \ud800\x00 \u202e 的早晨"),
        line(3, ""),
        line(4, "你们几点关门", kind="message", conversation="c"),
        line(1, "禾家的面包发霉了，要求退款"),
        line(5, "别的事"),
    ]
    feed.write_bytes(gzip.compress(b"\n".join(lines)))
    report = report_of(config, feed)
    assert report["events_in"] == 10
    assert report["dead_lettered"] == 4
    assert report["dropped"] == {"duplicate": 1, "no_brand": 2}
    assert report["done"] == 3
    assert report["tickets"] == 1
    assert cast("dict[str, float]", report["latency_ms"])["p99"] > 0


def test_a_second_run_finds_only_duplicates(config: Path) -> None:
    feed, replies = config.parent / "feed.jsonl", config.parent / "replies.jsonl"
    feed.write_bytes(line(1, "你们几点关门", kind="message", conversation="c") + b"\n")
    kept = ("--replies", replies, "--into", config.parent / "rehearsal.db")
    first = report_of(config, feed, *kept)
    assert (first["done"], first["replies"]) == (1, 1)
    second = report_of(config, feed, *kept)
    assert (second["done"], second["replies"], second["dropped"]) == (0, 0, {"duplicate": 1})
    [sent] = [json.loads(one) for one in replies.read_bytes().splitlines()]
    assert "22:00" in sent["text"]


def test_a_week_with_a_promotion_and_a_crisis_is_one_alert(config: Path) -> None:
    feed = config.parent / "week.jsonl"
    write_lines(feed, (as_event(post) for post in week(7, datetime(2025, 3, 3, tzinfo=UTC))))
    kept = ("--into", config.parent / "rehearsal.db")
    report = report_of(config, feed, *kept)
    assert report["alerts"] == 1
    assert report["pending"] == report["dead_lettered"] == 0
    assert report_of(config, feed, *kept)["alerts"] == 0


def test_a_feed_can_be_played_at_a_multiple_of_real_time(config: Path) -> None:
    feed = config.parent / "feed.jsonl"
    later = line(2, "禾家二", posted_at="2026-03-02T09:00:30Z")
    feed.write_bytes(line(1, "禾家一") + b"\n" + later)
    assert report_of(config, feed, "--speed", "60")["done"] == 2


def test_an_unplayable_feed_is_reported(config: Path) -> None:
    good = config.parent / "good.jsonl"
    good.write_bytes(line(1, "禾家"))
    for arguments in (("none.jsonl",), (good, "--speed", "0"), (good, "--speed", "fast")):
        done = tingfeng("replay", *arguments, "--config", config)
        assert done.returncode in (1, 2)
        no_traceback(done)


def test_a_truncated_gzip_is_reported_after_its_readable_part(config: Path) -> None:
    feed = config.parent / "cut.jsonl.gz"
    packed = gzip.compress(b"\n".join(line(n, f"禾家 {n} " + "长" * 999) for n in range(2000)))
    feed.write_bytes(packed[: len(packed) // 2])
    done = tingfeng("replay", feed, "--config", config)
    assert done.returncode == 1
    assert "cut.jsonl.gz" in no_traceback(done).replace("\n", "")
