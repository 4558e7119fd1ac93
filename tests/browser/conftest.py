"""A real Chromium. Without one these tests say that they were left out; under CI they fail."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from tests.console.running import RunningConsole, open_console

ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LONGEST_SECONDS: Final = 120.0
PATIENCE_MS: Final = 20_000
"""For anything a test waits for; CI machines are slow."""
NAMES: Final = ("chromium", "chromium-browser", "google-chrome")

OpenTab = Callable[..., AbstractAsyncContextManager[BrowserContext]]


def chromium() -> str | None:
    """Path of the browser: ``$TINGFENG_CHROMIUM``, or the first of NAMES on the PATH."""
    named = os.environ.get("TINGFENG_CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine() -> AsyncIterator[Browser]:
    """Chromium, headless; one for all tests, which therefore share an event loop."""
    path = chromium()
    if path is None:
        said = "Chromium is missing: install it, or name it in TINGFENG_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(f"left out: {said}")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield found
        await found.close()


@pytest.fixture
def tabs(engine: Browser) -> OpenTab:
    """Opens a browser profile; at its end, fails for whatever the console complained of."""

    @asynccontextmanager
    async def open_tabs(
        *, locale: str = "zh-CN", expected: tuple[str, ...] = (), **options: object
    ) -> AsyncIterator[BrowserContext]:
        complaints: list[str] = []
        async with asyncio.timeout(LONGEST_SECONDS):
            context = await engine.new_context(locale=locale, **options)  # type: ignore[arg-type]  # as new_context
            context.set_default_timeout(PATIENCE_MS)
            context.on("weberror", lambda error: complaints.append(str(error.error)))
            context.on(
                "console",
                lambda said: (
                    complaints.append(said.text) if said.type in {"error", "warning"} else None
                ),
            )
            yield context
            for page in context.pages:  # Chromium may never close a page that is still loading
                await page.wait_for_load_state()
            await context.close()
        assert [text for text in complaints if not any(e in text for e in expected)] == []

    return open_tabs


@pytest_asyncio.fixture(loop_scope="session")
async def console(tmp_path: Path) -> AsyncIterator[RunningConsole]:
    async with open_console(tmp_path) as found:
        yield found
