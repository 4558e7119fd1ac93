"""Pages of the console in a browser."""

from playwright.async_api import BrowserContext, Page, expect

from tests.console.running import RunningConsole


async def open_page(context: BrowserContext, console: RunningConsole, path: str) -> Page:
    page = await context.new_page()
    await page.goto(console.url + path)
    return page


async def live(page: Page) -> None:
    """Wait until the page hears of changes."""
    await expect(page.locator("#live-state")).to_have_attribute("data-state", "on")
