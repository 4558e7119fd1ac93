"""Follows docs/how-to/add-a-connector.md word for word, in a copy of the repository."""

from pathlib import Path

import pytest

from tests.how_to import follow, require_clean, run, suite

pytestmark = pytest.mark.process

GUIDE = "add-a-connector.md"
CONTRACT = "tests/contracts/test_connector.py"


def test_the_connector_keeps_the_contract_and_is_clean(tmp_path: Path) -> None:
    files = follow(GUIDE, tmp_path)
    assert suite(tmp_path, CONTRACT, chosen="guestbook") >= 15
    require_clean(tmp_path, files)


@pytest.mark.parametrize(
    "part", ["tests/connectors/rigs/guestbook.py", "docs/reference/channels/guestbook.md"]
)
def test_a_registered_connector_without_rig_or_page_fails_with_the_remedy(
    tmp_path: Path, part: str
) -> None:
    follow(GUIDE, tmp_path)
    (tmp_path / part).unlink()
    command = ("-m", "pytest", CONTRACT, "-k", "rig_and_a_page", "-q")
    out = run(tmp_path, *command, status=1).stdout
    assert "1 failed" in out
    assert part in out
