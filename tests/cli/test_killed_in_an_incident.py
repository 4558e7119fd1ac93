"""A process killed in the middle of an incident: the next one continues it."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.model.mentions import MentionFilter
from examples.supermarket.scenario import write_lines
from storage.factory import open_store
from tests.cli.running import ROOT, no_traceback, tingfeng

pytestmark = pytest.mark.process

POSTS = 30
AFTER = 600
"""Posts about something else that follow, so that the process does not end with the incident."""


def feed(folder: Path) -> Path:
    """A complaint, passed on by so many people within half an hour."""
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    text = "禾家江湾店的吐司打开整片发霉，绿的黑的都有，太恶心了，要求退款"
    file = folder / "feed.jsonl"
    write_lines(
        file,
        (
            {
                "channel": "weibo",
                "id": f"e{n}",
                "kind": "repost" if n else "post",
                "author": {"id": f"a{n}", "name": "n", "followers": 1},
                "text": _said(n, text),
                "posted_at": (start + timedelta(minutes=n)).isoformat(),
                "conversation": f"c{n}",
            }
            for n in range(POSTS + AFTER)
        ),
    )
    return file


def _said(n: int, text: str) -> str:
    if n >= POSTS:
        return "今天天气不错"
    return f"太过分了//@甲:{text}" if n else text


def replay(config: Path, file: Path) -> tuple[str | Path, ...]:
    return ("replay", file, "--config", config, "--live")


def killed(config: Path, file: Path, point: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.points", point, *replay(config, file)],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize("point", ["after-record:12", "before-alert:1", "after-alert:1"])
async def test_a_restart_leaves_one_incident_and_one_alert(config: Path, point: str) -> None:
    file = feed(config.parent)
    killed(config, file, point)
    done = tingfeng(*replay(config, file))
    assert done.returncode == 0, no_traceback(done)
    url = f"sqlite:{config.parent / 'data' / 'tingfeng.db'}"
    store = await open_store(url, clock=SystemClock())
    try:
        [alert] = [one for one in await store.alerts.recent(limit=50) if one.kind == "incident"]
        [incident] = await store.incidents.find()
        assert alert.incident == incident.id
        assert alert.key == f"incident:{incident.id}"
        assert (incident.mentions, incident.authors) == (POSTS, POSTS)
        page = await store.mentions.find(MentionFilter(incident=incident.id), limit=200)
        assert len(page.mentions) == POSTS
        assert [note.what for note in incident.timeline].count("opened") == 1
    finally:
        await store.close()
