"""Follows docs/how-to/add-a-category.md: the category works everywhere, and is never predicted."""

import shutil
from pathlib import Path

import pytest

from core.taxonomy import CATEGORIES
from tests.how_to import follow, run, suite
from tests.source_tree import ROOT

pytestmark = pytest.mark.process

GUIDE = "add-a-category.md"
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
    follow(GUIDE, copy)
    shutil.copy(ROOT / "docs" / "how-to" / GUIDE, copy / "page.md")
    return copy


def test_the_playbook_and_staff_know_it_and_the_judge_does_not_predict_it(tree: Path) -> None:
    found = run(tree, "-c", USE_IT).stdout.splitlines()[-1].split()
    assert len(found) == len(TEXTS)
    assert set(found) <= set(CATEGORIES)


def test_check_says_that_it_is_untrained(tree: Path) -> None:
    config = "examples/supermarket/tingfeng.toml"
    assert "category.parking" in run(tree, "run.py", "check", "--config", config).stderr


def test_its_names_satisfy_the_test_of_the_catalogues(tree: Path) -> None:
    assert suite(tree, "tests/console/test_i18n.py", chosen="every_term or both") >= 3
