"""What is spreading, on a wide screen and on a telephone, for who reads Chinese or English."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.console.house import House
from tests.console.test_tongues import CHINESE, PAGES, TOLD, fill

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("width", [390, 1440])
async def test_each_reads_their_own_language(house: House, tabs: OpenTab, width: int) -> None:
    await fill(house.store)
    for locale in ("zh-CN", "en-US"):
        async with tabs(locale=locale, viewport={"width": width, "height": 844}) as context:
            page = await context.new_page()
            for path in PAGES:
                await page.goto(house.url + path)
                await expect(page.locator("#live-state")).to_have_attribute("data-state", "on")
                shown = await page.evaluate("document.body.innerText")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
                if locale == "en-US":
                    assert set(CHINESE.findall(shown)) <= {"中文", "绿篮超市"}, path
                else:
                    assert not re.search(r"\b(posts|authors|volume|unclaimed)\b", shown), path


async def test_an_open_page_hears_of_an_alert_in_its_language(house: House, tabs: OpenTab) -> None:
    async with tabs(locale="zh-CN") as chinese, tabs(locale="en-US") as english:
        pages = [await context.new_page() for context in (chinese, english)]
        for page in pages:
            await page.goto(f"{house.url}/alerts")
            await expect(page.locator("#live-state")).to_have_attribute("data-state", "on")
        await fill(house.store)
        [alert] = await house.store.alerts.recent()
        house.bus.publish(alert)
        for page, told in zip(pages, TOLD, strict=True):
            await expect(page.locator("#alerts")).to_contain_text(told.title)
            await expect(page.locator("#alerts")).to_contain_text(told.body)
