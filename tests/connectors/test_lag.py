"""A platform that hangs delays no other, and not the loop."""

from pathlib import Path

from tests.connectors.lag import measured


async def test_while_reddit_hangs_the_loop_is_on_time(tmp_path: Path) -> None:
    found = await measured(tmp_path, 5)
    assert found.hung >= 1
    assert found.answered >= 20, "Telegram goes on meanwhile"
    assert found.p99 <= max(50, 3 * found.alone), "a machine that is busy is late without it, too"
