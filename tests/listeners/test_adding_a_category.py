"""Follows docs/how-to/add-a-category.md: the category works everywhere, and is never predicted."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.taxonomy import CATEGORIES
from tests.how_to import follow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-category.md"
PACKAGES = (
    *("core", "connectors", "listeners", "moderation", "responders", "storage", "console"),
    *("cli", "examples"),
)
TEXTS = ("停车费太贵了，找个车位要半小时", "The car park is always full", "面包发霉了")
USE_IT = f"""
import re
from pathlib import Path

from console.pages.correcting import CATEGORIES
from core.config import parse
from listeners.factory import build_understanding
from responders.answering.playbook import parse_playbook
from run import VOCABULARY

CONFIG = '''
[[brands]]
id = "hejia"
name = "禾家"
terms = ["禾家"]
[[channels]]
name = "chat"
type = "webchat"
'''
assert "parking" in CATEGORIES
(rule,) = re.findall(r"^```toml\\n(.*?)^```$", Path("page.md").read_text("utf-8"), re.M | re.S)
parse_playbook("version = 1\\n" + rule, VOCABULARY)
judge = build_understanding(parse(CONFIG, {{}})).judge
print(*(found.category for found in judge.judge_now({TEXTS!r})))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for part in PACKAGES:
        leave = shutil.ignore_patterns("__pycache__", "training")
        shutil.copytree(ROOT / part, copy / part, ignore=leave)
    for name in ("__init__.py", "console/__init__.py", "console/test_i18n.py"):
        (copy / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, copy / "tests" / name)
    for name in ("run.py", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    shutil.copy(PAGE, copy / "page.md")
    assert len(follow(PAGE, copy)) <= 4
    return copy


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_playbook_and_staff_know_it_and_the_judge_does_not_predict_it(tree: Path) -> None:
    found = run(tree, "-c", USE_IT).stdout.splitlines()[-1].split()
    assert len(found) == len(TEXTS)
    assert set(found) <= set(CATEGORIES)


def test_check_says_that_it_is_untrained(tree: Path) -> None:
    config = "examples/supermarket/tingfeng.toml"
    assert "category.parking" in run(tree, "run.py", "check", "--config", config).stderr


def test_its_names_satisfy_the_test_of_the_catalogues(tree: Path) -> None:
    out = run(tree, "-m", "pytest", "-q", "-k", "every_term or both", "tests/console/test_i18n.py")
    assert "passed" in out.stdout
