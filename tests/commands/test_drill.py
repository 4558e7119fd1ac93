"""The exercise, as a process: marked as one everywhere, real console, score at the end."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

import run
from tests.commands.running import ROOT, no_traceback, tingfeng
from tests.commands.test_wiring import root_logger_kept

SECONDS = 60.0


def get(url: str) -> str:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200, url
    return answer.text


def post(url: str, **form: str) -> None:
    assert requests.post(url, data=form, timeout=10).status_code == 200


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def test_the_crisis_is_found_taken_answered_and_scored(tmp_path: Path) -> None:
    report = tmp_path / "score.json"
    with subprocess.Popen(
        [
            *(sys.executable, "run.py", "drill", "--port", "0", "--speed", "40"),
            *("--minutes", "3", "--report", str(report)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        try:
            assert running.stderr is not None
            said = ""
            while not (found := re.search(r"(http://127\.0\.0\.1:\d+)/incidents", said)):
                line = running.stderr.readline().decode()
                assert line, said
                said += line
            url = found[1]
            alerts: list[dict[str, object]] = []

            def raised() -> bool:
                alerts[:] = json.loads(get(f"{url}/api/alerts"))["alerts"]
                return any(one["incident"] for one in alerts)

            until(raised, "nothing was found")
            assert all(one["drill"] and "【演练】" in str(one["title"]) for one in alerts)
            for page in ("/", "/alerts", "/incidents", "/figures", "/system"):
                assert "演练中" in get(url + page), page
            incident = next(str(one["incident"]) for one in alerts if one["incident"])
            post(f"{url}/incidents/{incident}", do="own")
            post(
                f"{url}/incidents/{incident}", do="statement", text="正在核实", was="", version="0"
            )
        finally:
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err.decode()
    assert "Traceback" not in err.decode()
    score = json.loads(report.read_text("utf-8"))
    assert 0 < score["detect"] <= score["acknowledge"] <= score["answer"] < SECONDS
    assert score["posts"] > 20
    shown = out.decode()
    assert "发现 detected" in shown
    assert "尚未" not in shown


def quiet_feed(folder: Path) -> Path:
    feed = folder / "feed.jsonl"
    feed.write_text(
        json.dumps(
            {
                "channel": "weibo",
                "id": "1",
                "kind": "post",
                "author": {"id": "a"},
                "text": "禾家超市的面包真好吃",
                "posted_at": "2026-01-05T09:00:00+00:00",
                "conversation": "c",
            }
        )
        + "\n",
        "utf-8",
    )
    return feed


def test_it_ends_by_itself_with_the_score_so_far(tmp_path: Path) -> None:
    done = tingfeng("drill", str(quiet_feed(tmp_path)), "--port", "0", "--minutes", "0.05")
    assert done.returncode == 0
    shown = no_traceback(done)
    assert shown.count("尚未 not yet") == 3
    assert "posts" in shown


@pytest.mark.parametrize("told", [(), ("--receivers",)])
def test_the_score_is_written_down(tmp_path: Path, told: tuple[str, ...]) -> None:
    feed, report = quiet_feed(tmp_path), tmp_path / "score.json"
    given = ["drill", str(feed), "--port", "0", "--minutes", "0.02", "--report", str(report)]
    with root_logger_kept():
        done = CliRunner().invoke(run.command_line(), [*given, *told])
    assert done.exit_code == 0, done.output
    score = json.loads(report.read_text("utf-8"))
    assert (score["posts"], score["detect"], score["ended"]) == (1, None, True)


@pytest.mark.parametrize("given", [["nothing.jsonl"], []])
def test_what_cannot_be_played_is_said(tmp_path: Path, config: Path, given: list[str]) -> None:
    names = [str(tmp_path / name) for name in given]
    done = tingfeng("drill", *names, "--config", str(config), "--minutes", "0.05")
    assert done.returncode in (1, 2)
    shown = no_traceback(done)
    assert ("cannot be opened" in shown) if given else ("Name a feed" in shown)
