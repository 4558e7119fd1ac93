"""Acts of staff through the forms of the console."""

from collections.abc import Mapping

import aiohttp

from core.bus import Subscription

PART = {"HX-Request": "true", "HX-Target": "detail"}


def heard(changes: Subscription) -> list[object]:
    """What was published since the subscription, without waiting."""
    return list(changes._waiting)


async def post(
    browser: aiohttp.ClientSession, path: str, headers: dict[str, str] | None = None, **form: str
) -> tuple[int, str, Mapping[str, str]]:
    async with browser.post(path, data=form, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers
