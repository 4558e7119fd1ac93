"""The command that writes the week."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from connectors.replay.files import FeedFile
from core.model.events import Event
from examples.supermarket.scenario import main


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, arguments)


def unboxed(result: Result) -> str:
    """The output without the frame and the line ends that typer puts into a message."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


@pytest.mark.process
@pytest.mark.parametrize("name", ["week.jsonl", "week.jsonl.gz"])
def test_two_processes_write_the_same_bytes(tmp_path: Path, name: str) -> None:
    for number in ("1", "2"):
        command = [sys.executable, "-m", "examples.supermarket.scenario", "--seed", "3"]
        command += ["--days", "5", "--out", str(tmp_path / f"{number}-{name}")]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": number})
    first, second = ((tmp_path / f"{number}-{name}").read_bytes() for number in "12")
    assert first == second
    file = FeedFile(tmp_path / f"1-{name}", channel="replay")
    entries = file.read(100_000)
    file.close()
    assert len(entries) > 3000
    assert all(isinstance(entry.content, Event) for entry in entries)


def test_labels_stand_in_the_order_of_the_events(tmp_path: Path) -> None:
    out, labels = tmp_path / "week.jsonl.gz", tmp_path / "labels.jsonl"
    result = run("--out", str(out), "--labels", str(labels), "--days", "5")
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()]
    truth = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
    assert f"{len(events)} events" in result.output
    assert [(e["channel"], e["id"], e.get("revision", 0)) for e in events] == [
        (t["channel"], t["id"], t["revision"]) for t in truth
    ]
    assert {t["label"] for t in truth} == {"ordinary", "promotion", "crisis", "noise", "spam"}


@pytest.mark.parametrize(
    ("given", "first"),
    [("2025-06-01", "2025-06-01T00"), ("2025-06-01T02:00:00+00:00", "2025-06-01T0")],
)
def test_the_first_day_is_chosen(tmp_path: Path, given: str, first: str) -> None:
    out = tmp_path / "feed.jsonl"
    assert run("--out", str(out), "--days", "1", "--start", given).exit_code == 0
    line = out.read_text("utf-8").splitlines()[0]
    assert json.loads(line)["posted_at"].startswith(first)


def test_mistakes_are_named_without_a_traceback(tmp_path: Path) -> None:
    wrong_day = run("--out", str(tmp_path / "x"), "--start", "tomorrow")
    assert wrong_day.exit_code == 2
    assert "is not an ISO 8601 date" in unboxed(wrong_day)
    no_folder = run("--out", str(tmp_path / "none" / "x"), "--days", "1")
    assert no_folder.exit_code == 2
    assert "cannot be written" in unboxed(no_folder)
