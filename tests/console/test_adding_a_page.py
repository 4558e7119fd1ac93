"""Follows docs/how-to/add-a-console-page.md."""

from pathlib import Path

import pytest

from tests.how_to import follow, passed, require_clean, run

pytestmark = pytest.mark.process

CHECKS = (
    "tests/console/test_every_page.py",
    "tests/console/test_i18n.py",
    "tests/cli/test_catalogue.py",
)
SHOWS = """
from datetime import timedelta

from tests.console.pages import page_paths, text_of
from tests.console.seeds import NOW, add_mention, event, ticket


async def test_late_tickets_are_shown_and_others_are_not(console, browser):
    assert "/late" in await page_paths(console)
    for number, due in (("T-1", NOW), ("T-2", NOW + timedelta(days=36_500))):
        what = event(number, "x", posted_at=NOW)
        one = ticket(number, what, subject=f"<b>{number}</b>", due_at=due)
        await add_mention(console.store, what, ticket=one)
    html = await text_of(browser, "/late")
    assert "&lt;b&gt;T-1&lt;/b&gt;" in html
    assert "T-2" not in html
    assert 'href="/late" aria-current="page"' in html
"""


def test_the_page_is_shown_and_passes_the_suites(tmp_path: Path) -> None:
    files = follow("add-a-console-page.md", tmp_path)
    (tmp_path / "tests/console/test_late.py").write_text(SHOWS, "utf-8")
    names = (*CHECKS, "tests/console/test_late.py")
    assert passed(run(tmp_path, "pytest", "-q", *names)) > 30
    require_clean(tmp_path, files)
