"""The main job as a newcomer sees it: the real process, the real page, a real kill."""

import asyncio
import json
import re
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenTab
from tests.cli.conftest import CONFIG, EXAMPLE
from tests.driven_clock import WATCHDOG_SECONDS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ROOT = Path(__file__).parents[2]


class Shop:
    """A running ``serve`` with its address."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as response:  # noqa: S310 - ours
            return bool(json.load(response)["store"])
    except OSError:
        return False


@asynccontextmanager
async def serving(folder: Path, port: int = 0) -> AsyncIterator[Shop]:
    config = folder / "tingfeng.toml"
    await asyncio.to_thread(config.write_text, CONFIG.format(example=EXAMPLE), "utf-8")
    command = [sys.executable, "run.py", "serve", "--config", str(config), "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said = b""
    try:
        async with asyncio.timeout(60):
            while (found := re.search(rb"http://127\.0\.0\.1:\d+", said)) is None:
                line = await process.stderr.readline()
                assert line, said.decode()
                said += line
            url = found[0].decode()
            reading = asyncio.create_task(process.stderr.read())
            while not await asyncio.to_thread(answers, url):
                await asyncio.sleep(0.02)
        yield Shop(process, url)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        status = await process.wait()
        rest = await reading
    assert status in (0, -signal.SIGKILL), (said + rest).decode()
    assert b"Traceback" not in rest, rest.decode()


async def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox")
    await box.fill(text)
    await box.press("Enter")


async def test_shoppers_are_answered_in_both_languages(tmp_path: Path, tabs: OpenTab) -> None:
    async with serving(tmp_path) as shop, tabs() as context:
        page = await context.new_page()
        await page.goto(f"{shop.url}/chat")
        for question, answer in (
            ("你们几点关门", "22:00"),
            ("What time do you close?", "close at 22:00"),
        ):
            await say(page, question)
            await expect(page.get_by_text(answer).last).to_be_visible()


async def test_a_complaint_becomes_a_ticket_and_survives_a_kill(
    tmp_path: Path, tabs: OpenTab
) -> None:
    async with tabs(expected=("WebSocket", "ERR_CONNECTION")) as context:
        shopper = await context.new_page()
        async with serving(tmp_path) as shop:
            port = int(shop.url.rpartition(":")[2])
            await shopper.goto(f"{shop.url}/chat")
            await say(shopper, "面包发霉了，要退款")
            told = shopper.get_by_text(re.compile(r"T-\d{4}"))
            await expect(told).to_be_visible()
            await expect(told).to_contain_text(re.compile("同事|工作人员|专人"))
            shop.process.send_signal(signal.SIGKILL)
            await shop.process.wait()
        async with serving(tmp_path, port) as shop:
            await shopper.reload()
            await expect(shopper.get_by_text("面包发霉了，要退款")).to_have_count(1)
            await expect(shopper.get_by_text(re.compile(r"T-\d{4}"))).to_have_count(1)
            staff = await context.new_page()
            await staff.goto(f"{shop.url}/tickets/T-1001")
            await staff.locator("#reply-text").fill("您好，我是店长小林，这就为您退款。")
            await staff.locator("form.answer button.primary").click()
            await expect(shopper.get_by_text("店长小林")).to_be_visible()
            await shopper.reload()
            await expect(shopper.get_by_text("店长小林")).to_have_count(1)
