"""Sends the forms of staff, as htmx or as a browser without scripts."""

from collections.abc import Mapping
from typing import Final

import aiohttp

from core.model.incidents import Incident
from core.runtime.bus import Subscription
from tests.console.running import RunningConsole

DETAIL: Final = {"HX-Request": "true", "HX-Target": "detail"}
"""Headers with which htmx asks for the open entry."""
INCIDENT: Final = {"HX-Request": "true", "HX-Target": "incident"}


def published(changes: Subscription) -> list[object]:
    """The changes since the subscription, without waiting."""
    return list(changes._waiting)


async def post(
    browser: aiohttp.ClientSession, path: str, headers: dict[str, str] | None = None, **form: str
) -> tuple[int, str, Mapping[str, str]]:
    """Send a form; returns status, body and headers of the response."""
    async with browser.post(path, data=form, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers


async def act(browser: aiohttp.ClientSession, name: str, status: int = 200, /, **form: str) -> str:
    """Send a form of an incident's page; returns the page."""
    found, text, _ = await post(browser, f"/incidents/{name}", INCIDENT, **form)
    assert found == status
    return text


async def read_incident(console: RunningConsole, name: str = "INC-101") -> Incident:
    found = await console.store.incidents.get(name)
    assert found is not None
    return found
