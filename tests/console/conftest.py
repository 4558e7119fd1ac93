"""A house with its console open, and a client that behaves like a browser on this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.console.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as found:
        yield found


@pytest.fixture
async def browser(house: House) -> AsyncIterator[aiohttp.ClientSession]:
    """Speaks Chinese, keeps cookies, follows no redirect by itself."""
    async with aiohttp.ClientSession(
        base_url=house.url,
        headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"},
        cookie_jar=aiohttp.CookieJar(unsafe=True),
    ) as session:
        yield session
