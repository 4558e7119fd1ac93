"""``backtest``: recordings in, JSON Lines out, and a clear word where a line cannot be read."""

import json
from pathlib import Path

import pytest

from tests.cli.running import no_traceback, tingfeng

pytestmark = pytest.mark.process


def test_a_burst_in_a_quiet_series_is_an_alarm(tmp_path: Path) -> None:
    file = tmp_path / "volume.csv"
    rows = [
        f"2026-03-{1 + n // 288:02}T{n % 288 // 12:02}:{n % 12 * 5:02}:00,{3 + n % 2}"
        for n in range(288 * 6)
    ]
    rows += [f"2026-03-07T00:{n * 5:02}:00,400" for n in range(6)]
    file.write_text("\n".join(["timestamp,value", *rows]), "utf-8")
    done = tingfeng("backtest", "volume", file)
    assert done.returncode == 0, done.stderr
    alarms = [json.loads(line) for line in done.stdout.splitlines()]
    assert alarms
    assert set(alarms[0]) == {"time", "value", "expected", "z"}
    assert alarms[0]["time"].startswith("2026-03-07")


def test_a_cascade_is_forecast_at_each_observation(tmp_path: Path) -> None:
    file = tmp_path / "cascades.jsonl"
    events = [n * n for n in range(120)]
    file.write_text(json.dumps({"id": "c", "events": events}) + "\n", "utf-8")
    done = tingfeng("backtest", "cascades", file, "--observe", "600", "--observe", "3600")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["observe"] for each in found] == [600, 3600]
    for each in found:
        assert each["observed"] <= each["low"] <= each["forecast"] <= each["high"]


def test_copies_are_grouped_into_one_incident(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    texts = ("禾家超市的面包里吃出了一只虫子太恶心了大家别买", "今天天气真好适合去公园野餐")
    posts = [{"id": n, "posted_at": "2026-03-01T00:00:00Z", "text": texts[n % 2]} for n in range(4)]
    file.write_text("\n".join(map(json.dumps, posts)), "utf-8")
    done = tingfeng("backtest", "incidents", file)
    assert done.returncode == 0, done.stderr
    groups = [json.loads(line)["incident"] for line in done.stdout.splitlines()]
    assert groups[0] == groups[2] != groups[1] == groups[3]


def test_an_unreadable_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b"\xff{broken")
    for kind in (("volume",), ("cascades", "--observe", "600"), ("incidents",)):
        done = tingfeng("backtest", kind[0], file, *kind[1:])
        assert done.returncode == 1
        assert "line 1" in no_traceback(done)
        missing = tingfeng("backtest", kind[0], tmp_path / "none", *kind[1:])
        assert missing.returncode == 1
        assert "none" in no_traceback(missing)
