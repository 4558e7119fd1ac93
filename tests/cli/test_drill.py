"""``drill`` as a process: marked everywhere, played in the real console, scored at the end."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from tests.cli.invoking import commands
from tests.cli.running import ROOT, no_traceback, tingfeng
from tests.cli.test_wiring import root_logger_kept

pytestmark = pytest.mark.process

WATCHDOG_SECONDS = 120.0
"""A bound for hangs, not a measure of speed."""


def get(url: str) -> str:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200, url
    return answer.text


def post(url: str, **form: str) -> None:
    assert requests.post(url, data=form, timeout=10).status_code == 200


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WATCHDOG_SECONDS
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.2)


def test_the_crisis_is_detected_acknowledged_and_scored(tmp_path: Path) -> None:
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
    assert 0 < score["detect"] <= score["acknowledge"]
    assert score["answer"] is None, "a statement that is only saved answers nobody"
    assert score["posts"] > 5
    shown = out.decode()
    assert "发现 detected" in shown
    assert shown.count("尚未") == 1


@contextmanager
def drilled(*given: str) -> Iterator[str]:
    """The address of a running exercise."""
    command = (sys.executable, "run.py", "drill", "--port", "0", *given)
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            assert running.stderr is not None
            said = ""
            while not (found := re.search(r"(http://127\.0\.0\.1:\d+)/incidents", said)):
                line = running.stderr.readline().decode()
                assert line, said
                said += line
            yield found[1]
        finally:
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=30)
    assert "Traceback" not in err.decode()


def own_data() -> dict[Path, tuple[int, int]]:
    """Size and time of all that the example has kept."""
    files = (ROOT / "examples/supermarket/data").glob("*")
    return {file: (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def firing(url: str) -> list[dict[str, object]]:
    alerts: list[dict[str, object]] = json.loads(get(f"{url}/api/alerts"))["alerts"]
    return [one for one in alerts if one["state"] == "firing"]


@pytest.mark.parametrize("speed", ["60", "600"])
def test_one_crisis_is_one_alert_and_own_data_is_untouched(speed: str) -> None:
    before = own_data()
    with drilled("--speed", speed, "--minutes", "3") as url:
        until(lambda: json.loads(get(f"{url}/api/drill"))["posts"] >= 300, "nothing is played")
        # That two are one matter by what they mean is found out beside the work.
        until(lambda: len(firing(url)) == 1, "there are two alerts about one matter")
        alerts = json.loads(get(f"{url}/api/alerts"))["alerts"]
        incidents = json.loads(get(f"{url}/api/incidents"))["incidents"]
        counts = json.loads(get(f"{url}/api/figures"))["counts"]
    [alert] = [one for one in alerts if one["state"] == "firing"]
    assert {one["part_of"] for one in alerts} <= {None, alert["incident"]}
    called = [
        one for one in incidents if one["severity"] in ("P1", "P2") and not one["merged_into"]
    ]
    assert [one["id"] for one in called] == [alert["incident"]]
    assert called[0]["mentions"] > 100
    assert counts["received"] > 800, "with two days before it"
    assert own_data() == before


def test_a_given_past_is_processed_and_not_scored(tmp_path: Path) -> None:
    past = tmp_path / "past.jsonl"
    said = json.loads(quiet_feed(tmp_path).read_text("utf-8"))
    lines = [{**said, "id": f"p{n}", "conversation": f"p{n}"} for n in range(50)]
    past.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    given = (str(quiet_feed(tmp_path)), "--past", str(past), "--minutes", "1")
    with drilled(*given) as url:
        until(lambda: json.loads(get(f"{url}/api/drill"))["posts"] == 1, "nothing is played")
        counts = json.loads(get(f"{url}/api/figures"))["counts"]
        assert (counts["received"], json.loads(get(f"{url}/api/tickets"))["tickets"]) == (51, [])


@pytest.mark.parametrize(
    ("given", "remedy"),
    [(["--past", "p.jsonl"], "Name a feed, too"), (["FEED", "--past", "no.jsonl"], "no.jsonl")],
)
def test_an_invalid_past_is_reported(tmp_path: Path, given: list[str], remedy: str) -> None:
    names = [str(quiet_feed(tmp_path)) if one == "FEED" else one for one in given]
    done = tingfeng("drill", *names, "--port", "0", "--minutes", "0.05")
    assert done.returncode in (1, 2)
    assert remedy in " ".join(no_traceback(done).split())


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


def test_it_ends_after_its_minutes_with_the_score_so_far(tmp_path: Path) -> None:
    done = tingfeng("drill", str(quiet_feed(tmp_path)), "--port", "0", "--minutes", "0.05")
    assert done.returncode == 0
    shown = no_traceback(done)
    assert shown.count("尚未 not yet") == 3
    assert "posts" in shown


@pytest.mark.parametrize("told", [(), ("--receivers",)])
def test_the_score_is_written_as_a_report(tmp_path: Path, told: tuple[str, ...]) -> None:
    feed, report = quiet_feed(tmp_path), tmp_path / "score.json"
    given = ["drill", str(feed), "--port", "0", "--minutes", "0.02", "--report", str(report)]
    with root_logger_kept():
        done = CliRunner().invoke(commands(), [*given, *told])
    assert done.exit_code == 0, done.output
    score = json.loads(report.read_text("utf-8"))
    assert (score["posts"], score["detect"], score["ended"]) == (1, None, True)


@pytest.mark.parametrize("given", [["nothing.jsonl"], []])
def test_an_unplayable_feed_is_reported(tmp_path: Path, config: Path, given: list[str]) -> None:
    names = [str(tmp_path / name) for name in given]
    done = tingfeng("drill", *names, "--config", str(config), "--minutes", "0.05")
    assert done.returncode in (1, 2)
    shown = no_traceback(done)
    assert ("cannot be opened" in shown) if given else ("Name a feed" in shown)
