"""Follows a how-to guide word for word, in a copy of the repository.

A block of code with a ``title`` is a file, or a change of one::

    ```python title="connectors/new.py"                 a new file
    ```python title="core/x.py" after="from typing"     lines behind the line that begins so
    ```python title="core/x.py" before="X = "           lines before that line
    ```python title="core/x.py" in="REGISTRY"           lines at the beginning of that literal
    ```python title="core/x.py" over="    type:"        in place of the line that begins so
    ```po title="core/locale/en.po" end              lines at the end
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.source_tree import PACKAGES, ROOT

MOST_FILES: Final = 4
"""Files that a newcomer may have to write or change."""
_BLOCK: Final = re.compile(
    r'^```\w+ title="(?P<file>[^"]+)"'
    r'(?: (?:(?P<how>before|after|in|over)="(?P<where>[^"]+)"|(?P<end>end)))?\n'
    r"(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def follow(guide: str, copy: Path) -> list[str]:
    """Do in ``copy`` what the page ``docs/how-to/GUIDE`` says; returns the files it touched."""
    blocks = list(_BLOCK.finditer((ROOT / "docs" / "how-to" / guide).read_text("utf-8")))
    files = list(dict.fromkeys(block["file"] for block in blocks))
    assert 1 <= len(files) <= MOST_FILES, files
    changed = {file.split("/")[0] for file in files} | {"tests"}
    for name in (*PACKAGES, "benchmarks", "docs", "examples", "tests"):
        if name in changed:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (copy / name).symlink_to(ROOT / name)
    for name in ("pyproject.toml", "run.py"):
        shutil.copy(ROOT / name, copy)
    for block in blocks:
        _write(block, copy / block["file"])
    return files


def _write(block: re.Match[str], file: Path) -> None:
    body = block["body"]
    if block["end"]:
        file.write_text(f"{file.read_text('utf-8').rstrip()}\n\n{body}", "utf-8")
    elif block["how"] is None:
        assert not file.exists(), file
        file.write_text(body, "utf-8")
    else:
        lines = file.read_text("utf-8").splitlines(keepends=True)
        matches = [number for number, line in enumerate(lines) if line.startswith(block["where"])]
        assert len(matches) == 1, f"{file}: {block['where']!r} begins {len(matches)} lines"
        at = matches[0]
        assert block["how"] != "in" or lines[at].rstrip().endswith("{"), lines[at]
        before = at if block["how"] in ("before", "over") else at + 1
        behind = at if block["how"] == "before" else at + 1
        file.write_text("".join([*lines[:before], body, *lines[behind:]]), "utf-8")


def run(copy: Path, *command: str) -> str:
    """Run ``python -m COMMAND`` in the copy; fails where the command does."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


def passed(out: str) -> int:
    """Number of tests that passed, as pytest printed it."""
    found = re.search(r"(\d+) passed", out)
    assert found is not None, out
    return int(found[1])


def require_clean(copy: Path, files: Sequence[str]) -> None:
    """The linter and the type checker find nothing in ``files``; the order of imports apart."""
    python = [file for file in files if file.endswith(".py")]
    run(copy, "ruff", "check", "--ignore", "I001", *python)
    run(copy, "mypy", "--follow-imports=silent", *python)
