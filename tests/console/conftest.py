"""A running console, and a client that behaves like a browser on this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.console.running import RunningConsole, open_console


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[RunningConsole]:
    async with open_console(tmp_path) as found:
        yield found


@pytest.fixture
async def browser(console: RunningConsole) -> AsyncIterator[aiohttp.ClientSession]:
    """Speaks Chinese, keeps cookies, follows no redirect by itself."""
    async with aiohttp.ClientSession(
        base_url=console.url,
        headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"},
        cookie_jar=aiohttp.CookieJar(unsafe=True),
    ) as session:
        yield session
