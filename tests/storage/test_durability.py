"""Acknowledged data is on the disk: the kernel is asked to flush for every commit.

A kill proves nothing about a power cut, so the calls themselves are counted with strace.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.process

CALLERS: Final = 20
EACH: Final = 25


def run(folder: Path, *options: str) -> tuple[int, int]:
    """Store with 20 callers at once; returns how many were acknowledged, and the flushes."""
    if shutil.which("strace") is None:
        said = "strace is not installed, so that flushes cannot be counted"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(f"left out: {said}")
    trace = folder / "trace"
    counting = ["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", str(trace)]
    worker = [sys.executable, "-m", "tests.storage.durable_worker", str(folder / "store.db")]
    done = subprocess.run(
        [*counting, *worker, str(CALLERS), str(EACH), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if "ptrace" in done.stderr:
        # Containers may forbid it whatever is installed, so this is no failure in CI either.
        pytest.skip("left out: this machine does not allow tracing")
    assert done.returncode == 0, done.stderr
    calls = re.findall(r"f(?:data)?sync\(\d+.*= 0$", trace.read_text(), re.MULTILINE)
    return int(done.stdout), len(calls)


def is_durable(acknowledged: int, flushes: int) -> bool:
    """A commit serves at most one insert of each caller, so it takes this many flushes."""
    return acknowledged <= flushes * CALLERS


def test_every_acknowledged_insert_was_flushed(tmp_path: Path) -> None:
    acknowledged, flushes = run(tmp_path)
    assert acknowledged == CALLERS * EACH
    assert is_durable(acknowledged, flushes), flushes


def test_the_check_notices_a_store_that_does_not_flush(tmp_path: Path) -> None:
    acknowledged, flushes = run(tmp_path, "careless")
    assert acknowledged == CALLERS * EACH
    assert not is_durable(acknowledged, flushes), flushes
