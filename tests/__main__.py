"""All checks, in the order in which they fail fastest.

    python -m tests           everything, as CI does
    python -m tests --all     the same
    python -m tests --fast    under two minutes: no types, no coverage, and none of the tests that
                              need a browser, start processes or take seconds each

Every check runs even if an earlier one failed; the exit status is 1 if any did.
"""

import argparse
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
SLOW_MARKS: Final = ("browser", "crash", "process", "slow")
"""Marks of tests that ``--fast`` leaves out; pyproject.toml says what each means."""

Check = tuple[str, Sequence[str]]
STATIC: Final[Sequence[Check]] = (
    ("lint", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", ".")),
    ("imports", ("lint-imports",)),
)
FAST: Final[Sequence[Check]] = (
    *STATIC,
    (
        "fast tests",
        (
            *(sys.executable, "-m", "pytest", "-q", *SIDE_BY_SIDE),
            *("-m", " and ".join(f"not {mark}" for mark in SLOW_MARKS)),
        ),
    ),
)
ALL: Final[Sequence[Check]] = (
    *STATIC,
    ("types", ("mypy",)),
    ("tests", (sys.executable, "-m", "pytest", *SIDE_BY_SIDE, "--cov", "--cov-report=")),
    ("coverage", (sys.executable, "-m", "coverage", "report")),
    (
        "full coverage of what decides",
        (
            *(sys.executable, "-m", "coverage", "report"),
            *("--include=core/*,moderation/*,responders/*", "--fail-under=100"),
        ),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks that ``arguments`` ask for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the checks.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="everything, as CI does (the default)")
    which.add_argument("--fast", action="store_true", help="what takes under two minutes")
    chosen = FAST if parser.parse_args(arguments).fast else ALL
    failed = [name for name, command in chosen if not passes(name, command)]
    print("All checks passed." if not failed else f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def passes(name: str, command: Sequence[str]) -> bool:
    """Run one check; programs of the environment that runs this come first."""
    program, *arguments = command
    path = Path(sys.executable).parent / program
    started = time.monotonic()
    print(f"== {name}", flush=True)
    whole = [str(path) if path.exists() else program, *arguments]
    status = subprocess.run(whole, cwd=ROOT, check=False).returncode
    print(f"== {name}: {'ok' if status == 0 else 'FAILED'}, {time.monotonic() - started:.0f} s")
    return status == 0


if __name__ == "__main__":
    sys.exit(main())
