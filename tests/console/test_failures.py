"""Pages while the store fails, and addresses that lead nowhere."""

from pathlib import Path

import aiohttp
import pytest

from core.repositories import Store
from storage.sqlite.store import SqliteStore
from tests.console.pages import text_of
from tests.console.running import failing, open_console, over


class TestWhenTheStoreFails:
    async def test_pages_and_probes_answer_503(self, tmp_path: Path) -> None:
        async with (
            open_console(
                tmp_path, wrap=failing("mentions.find", "maintenance.figures", "events.counts")
            ) as console,
            aiohttp.ClientSession(console.url) as browser,
        ):
            for path in ("/", "/figures", "/api/mentions", "/metrics"):
                html = await text_of(browser, path, 503)
                assert "Traceback" not in html
            async with browser.get("/health") as answer:
                assert answer.status == 503
                assert (await answer.json())["status"] == "failing"

    async def test_a_page_opens_without_its_head(self, tmp_path: Path) -> None:
        async with (
            open_console(tmp_path, wrap=failing("maintenance.figures")) as console,
            aiohttp.ClientSession(console.url) as browser,
        ):
            assert "暂时无法读取数据" in await text_of(browser, "/")

    @pytest.mark.parametrize("path", ["/", "/api/mentions"])
    async def test_a_bug_answers_500_without_a_traceback(self, tmp_path: Path, path: str) -> None:
        async def mistake(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        def wrap(store: SqliteStore) -> Store:
            return over(store, {"mentions.find": mistake})

        async with (
            open_console(tmp_path, wrap=wrap) as console,
            aiohttp.ClientSession(console.url) as browser,
            browser.get(path) as answer,
        ):
            assert answer.status == 500
            assert "Traceback" not in await answer.text()
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


class TestUnknownAddresses:
    async def test_are_not_found_in_words(self, browser: aiohttp.ClientSession) -> None:
        assert "没有这个页面" in await text_of(browser, "/nope", 404)
        async with browser.delete("/tickets", headers={"Origin": str(browser._base_url)}) as answer:
            assert answer.status in {403, 405}

    async def test_no_file_outside_static_is_served(self, browser: aiohttp.ClientSession) -> None:
        for path in (
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/..%2fapp.py",
            "/static/",
        ):
            async with browser.get(path) as answer:
                assert answer.status == 404, path
