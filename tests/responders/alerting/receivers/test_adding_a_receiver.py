"""Follows docs/how-to/add-a-receiver.md."""

from pathlib import Path

import pytest

from tests.how_to import follow, passed, require_clean, run

pytestmark = pytest.mark.process


def test_the_receiver_passes_the_suites_of_robots(tmp_path: Path) -> None:
    files = follow("add-a-receiver.md", tmp_path)
    folder = "tests/responders/alerting/receivers"
    names = [f"{folder}/test_robots.py", f"{folder}/test_robot_limits.py"]
    assert passed(run(tmp_path, "pytest", "-q", *names, "-k", "mattermost")) >= 12
    assert passed(run(tmp_path, "pytest", "-q", *names, "-k", "every_kind")) == 2
    require_clean(tmp_path, files)
