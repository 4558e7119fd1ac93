"""Follows docs/how-to/add-a-connector.md word for word, in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-connector.md"
BLOCK = re.compile(
    r'^```(?:python|markdown) title="(?P<file>[^"]+)"(?: (?P<how>after|in)="(?P<where>[^"]+)")?\n'
    r"(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for part in ("core", "connectors", "docs/reference/channels", "tests/connectors"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    contracts = tmp_path / "tests" / "contracts"
    contracts.mkdir()
    for name in ("__init__.py", "connector_rig.py", "test_connector.py"):
        shutil.copy(ROOT / "tests" / "contracts" / name, contracts)
    for name in ("__init__.py", "driven_clock.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        follow(block, tmp_path / block["file"])
    return tmp_path


def follow(block: re.Match[str], file: Path) -> None:
    """Write a new file, or put lines where the page says."""
    if block["how"] is None:
        assert not file.exists()
        file.write_text(block["body"], "utf-8")
        return
    lines = file.read_text("utf-8").splitlines(keepends=True)
    matches = [number for number, line in enumerate(lines) if line.startswith(block["where"])]
    assert len(matches) == 1, block["where"]
    at = matches[0] + 1
    if block["how"] == "in":
        assert lines[at - 1].rstrip().endswith("{")
    file.write_text("".join([*lines[:at], block["body"], *lines[at:]]), "utf-8")


def execute(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def run(copy: Path, *command: str) -> str:
    done = execute(copy, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_connector_is_four_files() -> None:
    assert len({block["file"] for block in BLOCK.finditer(PAGE.read_text("utf-8"))}) == 4


@pytest.mark.parametrize(
    "part", ["tests/connectors/rigs/guestbook.py", "docs/reference/channels/guestbook.md"]
)
def test_a_registered_connector_without_rig_or_page_fails_with_the_remedy(
    copy: Path, part: str
) -> None:
    (copy / part).unlink()
    done = execute(
        copy, "pytest", "tests/contracts/test_connector.py", "-k", "rig_and_a_page", "-q"
    )
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert part in done.stdout


def test_the_guestbook_keeps_the_contract(copy: Path) -> None:
    out = run(copy, "pytest", "tests/contracts/test_connector.py", "-k", "guestbook", "-q")
    found = re.search(r"(\d+) passed", out)
    assert found is not None
    assert int(found[1]) >= 15
    assert "failed" not in out


def test_the_guestbook_is_clean(copy: Path) -> None:
    files = [
        "connectors/guestbook.py",
        "connectors/registry.py",
        "tests/connectors/rigs/guestbook.py",
    ]
    run(copy, "mypy", *files)
    run(copy, "ruff", "check", "--ignore", "I001", *files)
