"""The newcomer's live page: what comes when, and what a restart does to it."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from cli.settings_file import parse
from connectors.registry import REGISTRY
from connectors.replay.events import read_event
from core.model.events import Event
from core.settings import Settings
from examples.supermarket.demo import (
    LIVE,
    SHIPPED,
    demo_events,
    demo_history,
    live_posts,
    past_posts,
    shipped,
    write_feeds,
)
from examples.supermarket.live import with_live_feed, write_drill
from examples.supermarket.posts import as_event

NOW: Final = datetime(2025, 11, 3, 8, 20, 0, 250_000, tzinfo=UTC)
CONFIG: Final = Path("examples/supermarket/tingfeng.toml")


def read(path: Path) -> list[Event]:
    lines = path.read_bytes().splitlines()
    return [read_event(line, number) for number, line in enumerate(lines, 1)]


def test_posts_come_one_by_one_from_now_on() -> None:
    times = [post.at for post in live_posts(NOW, 7)]
    gaps = [(after - at).total_seconds() for at, after in pairwise(times)]
    assert NOW < times[0] <= NOW + timedelta(seconds=2)
    assert times[-1] < NOW + timedelta(hours=1)
    assert max(gaps) < 60
    assert min(gaps) >= 0
    assert 350 < len(times) < 900


def test_the_first_minute_shows_each_kind_of_answer() -> None:
    opening = [post for post in live_posts(NOW, 7) if post.at < NOW + timedelta(seconds=50)]
    texts = [post.text for post in opening]
    assert "你们几点关门" in texts
    assert "What time do you close?" in texts
    assert any("退款" in post.text and post.kind == "message" for post in opening)
    assert {post.label for post in opening} == {"ordinary"}


def test_the_crisis_has_many_authors_within_five_minutes() -> None:
    crisis = [post for post in live_posts(NOW, 7) if post.label == "crisis"]
    assert timedelta(minutes=1) < crisis[0].at - NOW < timedelta(minutes=2)
    soon = {post.author.id for post in crisis if post.at < NOW + timedelta(minutes=5)}
    assert len(soon) >= 15


def test_no_post_is_from_the_web_chat() -> None:
    posts = [*live_posts(NOW, 7), *past_posts(NOW, 7)]
    assert "webchat" not in {post.channel for post in posts}


def test_the_past_is_two_days_without_a_crisis() -> None:
    posts = past_posts(NOW, 7)
    assert 400 < len(posts) < 900
    assert all(NOW - timedelta(hours=50) <= post.at < NOW for post in posts)
    assert posts[0].at < NOW - timedelta(hours=48)
    assert {post.label for post in posts} == {"ordinary", "noise", "spam"}


def test_two_starts_on_one_day_have_the_same_past() -> None:
    later = NOW + timedelta(hours=3)
    first = {(p.channel, p.id, p.revision): p for p in past_posts(NOW, 7)}
    second = {(p.channel, p.id, p.revision): p for p in past_posts(later, 7)}
    both = first.keys() & second.keys()
    assert len(both) > 200
    assert all(first[key] == second[key] for key in both)
    assert {p.at for p in second.values() if p.at < NOW} <= {p.at for p in first.values()}


@pytest.mark.parametrize("speed", [0.5, 1, 6, 60])
def test_a_drill_ends_with_its_last_post(tmp_path: Path, speed: float) -> None:
    past, scenario = write_drill(tmp_path, NOW, speed)
    before, posts = read(past), read(scenario)
    assert len(before) > 300
    assert before[-1].posted_at < posts[0].posted_at
    first = posts[0].posted_at
    for post in posts:
        played_at = NOW + (post.posted_at - first) / speed
        assert speed < 1 or post.posted_at <= played_at + timedelta(seconds=2)
    played = (posts[-1].posted_at - first) / speed
    assert speed < 1 or abs(NOW + played - posts[-1].posted_at) < timedelta(minutes=1)


def test_two_live_hours_share_no_id() -> None:
    first = {(post.channel, post.id) for post in live_posts(NOW, 7)}
    second = {(post.channel, post.id) for post in live_posts(NOW + timedelta(hours=2), 7)}
    assert not first & second


def test_events_are_in_the_replay_format() -> None:
    events = [*demo_history(NOW, 7), *demo_events(NOW, 7)]
    for number, event in enumerate(events):
        read_event(json.dumps(event).encode(), number)
    assert list(demo_events(NOW, 7)) == [as_event(post) for post in live_posts(NOW, 7)]


def test_a_restart_keeps_the_current_feeds(tmp_path: Path) -> None:
    paths = write_feeds(tmp_path / "data", NOW, 7)
    written = [path.read_bytes() for path in paths]
    write_feeds(tmp_path / "data", NOW + timedelta(minutes=30), 7)
    assert [path.read_bytes() for path in paths] == written
    write_feeds(tmp_path / "data", NOW + timedelta(hours=2), 7)
    assert [path.read_bytes() for path in paths] != written
    assert read(paths[1])[0].posted_at >= NOW + timedelta(hours=2)
    assert max(event.posted_at for event in read(paths[0])) < NOW + timedelta(hours=2)


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff\n", b"[]\n", b'{"posted_at": "soon"}\n'])
def test_a_broken_feed_is_rewritten(tmp_path: Path, broken: bytes) -> None:
    _, running = write_feeds(tmp_path, NOW, 7)
    good = running.read_bytes()
    running.write_bytes(broken)
    write_feeds(tmp_path, NOW, 7)
    assert running.read_bytes() == good


def test_a_feed_without_its_past_is_rewritten(tmp_path: Path) -> None:
    past, _ = write_feeds(tmp_path, NOW, 7)
    past.unlink()
    write_feeds(tmp_path, NOW, 7)
    assert past.exists()


def test_the_shipped_feed_is_what_the_generator_makes() -> None:
    made = "".join(json.dumps(as_event(p), ensure_ascii=False) + "\n" for p in shipped())
    assert SHIPPED.read_text("utf-8") == made
    assert any("霉" in event.text for event in read(SHIPPED))


def test_the_live_feeds_replace_the_shipped_one(tmp_path: Path) -> None:
    settings = parse(CONFIG.read_text("utf-8"), {})
    changed = with_live_feed(settings, tmp_path, NOW)
    assert [channel.name for channel in changed.channels] == ["webchat", "feed-before", "feed"]
    for channel in changed.channels[1:]:
        kind = REGISTRY[channel.type]
        assert kind.inspect(kind.settings.model_validate(channel.settings), CONFIG.parent) == ()
    assert [channel.settings["speed"] for channel in changed.channels[1:]] == ["max", 1.0]
    assert changed.brands == settings.brands


def test_settings_without_the_feed_are_unchanged(tmp_path: Path) -> None:
    settings = parse(CONFIG.read_text("utf-8"), {})
    alone = settings.model_copy(update={"channels": settings.channels[:1]})
    unchanged: Settings = with_live_feed(alone, tmp_path, NOW)
    assert unchanged is alone
    assert not (tmp_path / LIVE).exists()


@pytest.mark.process
def test_the_command_writes_the_shipped_feed(tmp_path: Path) -> None:
    home = tmp_path / "examples" / "supermarket"
    shutil.copytree(SHIPPED.parent, home, ignore=shutil.ignore_patterns("feed.jsonl", "data"))
    shutil.copy(SHIPPED.parents[1] / "__init__.py", home.parent)
    command = [sys.executable, "-m", "examples.supermarket.demo"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)
    assert (home / "feed.jsonl").read_bytes() == SHIPPED.read_bytes()
