"""Incidents and alerts in the language of the browser, on a wide screen and on a phone."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.console.running import RunningConsole
from tests.console.test_reader_language import ALERT_TEXTS, CHINESE, PAGES, fill

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("width", [390, 1440])
async def test_pages_are_in_the_language_of_the_browser(
    console: RunningConsole, tabs: OpenTab, width: int
) -> None:
    await fill(console.store)
    for locale in ("zh-CN", "en-US"):
        async with tabs(locale=locale, viewport={"width": width, "height": 844}) as context:
            page = await context.new_page()
            for path in PAGES:
                await page.goto(console.url + path)
                await expect(page.locator("#live-state")).to_have_attribute("data-state", "on")
                shown = await page.evaluate("document.body.innerText")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
                if locale == "en-US":
                    assert set(CHINESE.findall(shown)) <= {"中文", "绿篮超市"}, path
                else:
                    assert not re.search(r"\b(posts|authors|volume|unclaimed)\b", shown), path


async def test_a_live_alert_is_in_the_language_of_the_page(
    console: RunningConsole, tabs: OpenTab
) -> None:
    async with tabs(locale="zh-CN") as chinese, tabs(locale="en-US") as english:
        pages = [await context.new_page() for context in (chinese, english)]
        for page in pages:
            await page.goto(f"{console.url}/alerts")
            await expect(page.locator("#live-state")).to_have_attribute("data-state", "on")
        await fill(console.store)
        [alert] = await console.store.alerts.recent()
        console.bus.publish(alert)
        for page, text in zip(pages, ALERT_TEXTS, strict=True):
            await expect(page.locator("#alerts")).to_contain_text(text.title)
            await expect(page.locator("#alerts")).to_contain_text(text.body)
