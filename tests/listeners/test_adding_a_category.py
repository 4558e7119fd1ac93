"""Follows docs/how-to/add-a-category.md: the category works everywhere, and is never predicted."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from cli.settings_file import parse
from core.taxonomy import CATEGORIES
from listeners import factory
from tests.how_to import follow, passed, run
from tests.source_tree import ROOT

pytestmark = pytest.mark.process
GUIDE = "add-a-category.md"
TEXTS = ("停车费太贵了，找个车位要半小时", "The car park is always full", "面包发霉了")
CONFIG = """
[[brands]]
id = "hejia"
name = "禾家"
terms = ["禾家"]
[[channels]]
name = "chat"
type = "webchat"
"""
USE_IT = f"""
import re
from pathlib import Path

from cli.config import VOCABULARY
from console.pages.mentions import CATEGORIES
from cli.settings_file import parse
from listeners.factory import build_understanding
from responders.answering.playbook import parse_playbook

assert "parking" in CATEGORIES
guide = Path({str(ROOT / "docs" / "how-to" / GUIDE)!r})
(rule,) = re.findall(r"^```toml\\n(.*?)^```$", guide.read_text("utf-8"), re.M | re.S)
parse_playbook("version = 1\\n" + rule, VOCABULARY)
judge = build_understanding(parse({CONFIG!r}, {{}})).judge
print(*(found.category for found in judge.judge_now({TEXTS!r})))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    follow(GUIDE, copy)
    (copy / "use_it.py").write_text(USE_IT, encoding="utf-8")
    return copy


def test_the_playbook_and_staff_know_it_and_the_judge_does_not_predict_it(tree: Path) -> None:
    found = run(tree, "use_it").splitlines()[-1].split()
    assert len(found) == len(TEXTS)
    assert set(found) <= set(CATEGORIES)


def test_check_says_that_it_is_untrained(tree: Path) -> None:
    done = subprocess.run(
        [sys.executable, "run.py", "check", "--config", "examples/supermarket/tingfeng.toml"],
        cwd=tree,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=300,
    )
    assert "category.parking" in done.stderr


def test_its_names_satisfy_the_tests_of_the_catalogue(tree: Path) -> None:
    tests = ("tests/cli/test_catalogue.py", "tests/console/test_i18n.py")
    assert passed(run(tree, "pytest", "-q", *tests))


def test_untrained_labels_are_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING, logger="listeners.factory")
    monkeypatch.setattr(factory, "untrained_labels", lambda: ("category.parking",))
    factory._warn_of_untrained_labels.cache_clear()
    for _ in range(2):
        factory.build_understanding(parse(CONFIG, {}))
    factory._warn_of_untrained_labels.cache_clear()
    assert caplog.text.count("category.parking") == 1
