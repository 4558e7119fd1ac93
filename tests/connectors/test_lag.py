"""A platform that hangs delays no other, and not the loop."""

from pathlib import Path

from tests.connectors.lag import measured


async def test_while_reddit_hangs_telegram_goes_on(tmp_path: Path) -> None:
    found = await measured(tmp_path, answers=20)
    assert found.hung == 1, "it neither answered nor gave up meanwhile"
    assert found.answered == 40, "twenty before Reddit was started, twenty while it hung"
