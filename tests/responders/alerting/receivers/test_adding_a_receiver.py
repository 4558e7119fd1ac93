"""Follows docs/how-to/add-a-receiver.md."""

from pathlib import Path

import pytest

from tests.how_to import follow, passed, require_clean, run

pytestmark = pytest.mark.process


def test_the_guide_adds_a_receiver_that_passes_every_suite(tmp_path: Path) -> None:
    files = follow("add-a-receiver.md", tmp_path)
    suites = [
        "tests/contracts/test_receiver.py",
        "tests/responders/alerting/receivers/test_robots.py",
    ]
    assert passed(run(tmp_path, "pytest", "-q", *suites, "-k", "mattermost")) >= 20
    require_clean(tmp_path, files)
