"""All checks, in the order in which they fail fastest: ``python -m tests``.

Every check runs even if an earlier one failed; the exit status is 1 if any did.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent

SIDE_BY_SIDE: Final = (
    *("-n", str((os.cpu_count() or 1) + 1)),
    *("--dist", "loadfile", "--no-loadscope-reorder"),
)
"""One process more than there are cores, since many tests wait for a server or a browser; the
folders in their order, since the longest files hold few tests and would come last."""

CHECKS: Final[Sequence[tuple[str, Sequence[str]]]] = (
    ("lint", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
    ("tests", (sys.executable, "-m", "pytest", *SIDE_BY_SIDE, "--cov", "--cov-report=")),
    ("coverage", (sys.executable, "-m", "coverage", "report")),
    (
        "full coverage of what decides",
        (
            sys.executable,
            "-m",
            "coverage",
            "report",
            "--include=core/*,moderation/*,responders/*",
            "--fail-under=100",
        ),
    ),
)


def main() -> int:
    """Run every check; returns the exit status."""
    tools = Path(sys.executable).parent
    failed = []
    for name, (program, *arguments) in CHECKS:
        path = tools / program
        started = time.monotonic()
        print(f"== {name}", flush=True)
        command = [str(path) if path.exists() else program, *arguments]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        print(f"== {name}: {'ok' if status == 0 else 'FAILED'}, {time.monotonic() - started:.0f} s")
        if status != 0:
            failed.append(name)
    print("All checks passed." if not failed else f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
