"""Acts on an incident, and a grouping that notes what staff say."""

import aiohttp

from core.incidents import Incident
from tests.console.running import RunningConsole


async def act(browser: aiohttp.ClientSession, name: str, status: int = 200, /, **form: str) -> str:
    headers = {"HX-Request": "true", "HX-Target": "incident"}
    async with browser.post(f"/incidents/{name}", data=form, headers=headers) as answer:
        assert answer.status == status
        return await answer.text()


async def read(console: RunningConsole, name: str = "INC-101") -> Incident:
    found = await console.store.incidents.get(name)
    assert found is not None
    return found
