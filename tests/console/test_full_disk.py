"""A store without room turns the health red, and it recovers by itself once there is room."""

from pathlib import Path

import aiohttp
import pytest

from core.errors import StoreFull
from tests.console.running import open_console
from tests.contracts.store_support import event, put


async def test_health_fails_while_nothing_can_be_stored_and_recovers(tmp_path: Path) -> None:
    async with open_console(tmp_path) as console, aiohttp.ClientSession(console.url) as probe:

        async def status() -> tuple[int, str]:
            async with probe.get("/health") as answer:
                return answer.status, (await answer.json())["status"]

        async def limit(pages: int) -> None:
            ask = f"PRAGMA max_page_count = {pages}"
            await console.store._db.write(lambda tx: tx.db.execute(ask).fetchall())

        assert await status() == (200, "ok")
        await limit(1)
        for n in range(3):
            with pytest.raises(StoreFull):
                await put(console.store, event(f"e{n}", text="x" * 1_000_000))
            assert await status() == (503, "failing")
        assert (await console.store.events.counts()).received == 0
        await limit(100_000)
        assert await status() == (200, "ok")
        assert (await put(console.store, event("after", text="x" * 1_000_000))).accepted == 1
