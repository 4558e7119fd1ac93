"""Runs the command line as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def tingfeng(*arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run ``python run.py ARGUMENTS`` to its end, on lines so wide that nothing is broken."""
    return subprocess.run(
        [sys.executable, "run.py", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "400"},
        input=given,
        capture_output=True,
        timeout=120,
        check=False,
    )


def no_traceback(done: subprocess.CompletedProcess[bytes]) -> str:
    """Everything that was printed, after making sure that no traceback is in it."""
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said, said
    return said
