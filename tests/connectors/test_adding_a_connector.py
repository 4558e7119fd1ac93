"""Follows docs/how-to/add-a-connector.md word for word, in a copy of the house."""

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
    r'^```python title="(?P<file>[^"]+)"(?: (?P<how>after|in)="(?P<where>[^"]+)")?\n'
    r"(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for part in ("core", "connectors", "tests/connectors"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    contracts = tmp_path / "tests" / "contracts"
    contracts.mkdir()
    for name in ("__init__.py", "connector_rig.py", "connector_rigs.py", "test_connector.py"):
        shutil.copy(ROOT / "tests" / "contracts" / name, contracts)
    shutil.copy(ROOT / "tests" / "__init__.py", tmp_path / "tests")
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


def run(house: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_guestbook_keeps_the_contract(house: Path) -> None:
    out = run(house, "pytest", "tests/contracts/test_connector.py", "-k", "guestbook", "-q")
    found = re.search(r"(\d+) passed", out)
    assert found is not None
    assert int(found[1]) >= 15
    assert "failed" not in out


def test_the_guestbook_is_clean(house: Path) -> None:
    files = [
        "connectors/guestbook.py",
        "connectors/registry.py",
        "tests/connectors/rig_guestbook.py",
        "tests/contracts/connector_rigs.py",
    ]
    run(house, "mypy", *files)
    run(house, "ruff", "check", "--ignore", "I001", *files)
