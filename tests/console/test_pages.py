"""Content of the pages; nothing that a stranger wrote is ever interpreted."""

import re
from pathlib import Path

import aiohttp

from tests.console.pages import EVIL, fill, page_paths, text_of
from tests.console.running import RunningConsole, open_console


class TestEveryPage:
    async def test_shows_untrusted_text_escaped(
        self, console: RunningConsole, browser: aiohttp.ClientSession
    ) -> None:
        await fill(console.store, EVIL)
        for path in await page_paths(console):
            if path not in {"/figures", "/system", "/chat"}:
                assert "&lt;script&gt;alert(1)" in await text_of(browser, path), path

    async def test_allows_scripts_and_styles_of_its_own_only(
        self, browser: aiohttp.ClientSession
    ) -> None:
        for path in ("/", "/nope", "/health", "/static/base.css", "/api/health"):
            async with browser.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "script-src 'self'" in policy
                assert "unsafe" not in policy
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"

    async def test_is_not_cached_but_static_files_are(self, browser: aiohttp.ClientSession) -> None:
        html = await text_of(browser, "/")
        (style,) = re.findall(r'href="(/static/console.css\?v=\w+)"', html)
        for path, caching in (
            ("/", "no-store"),
            (style, "immutable"),
            ("/static/console.css", "no-cache"),
            ("/chat.js", "max-age=300"),
        ):
            async with browser.get(path) as answer:
                assert caching in answer.headers["Cache-Control"], path

    async def test_only_the_chat_may_be_framed_by_allowed_origins(self, tmp_path: Path) -> None:
        origins = ("https://www.Example.com/",)
        async with (
            open_console(tmp_path, chat_origins=origins) as console,
            aiohttp.ClientSession(console.url) as browser,
            browser.get("/chat") as chat,
            browser.get("/") as page,
        ):
            allowed = chat.headers["Content-Security-Policy"]
            assert allowed.endswith("frame-ancestors 'self' https://www.example.com")
            assert "X-Frame-Options" not in chat.headers
            assert page.headers["X-Frame-Options"] == "DENY"


class TestLanguage:
    async def test_the_chosen_language_is_kept_in_a_cookie(
        self, browser: aiohttp.ClientSession
    ) -> None:
        assert "收件箱" in await text_of(browser, "/")
        assert "Inbox" in await text_of(browser, "/?lang=en")
        assert "Inbox" in await text_of(browser, "/")

    async def test_an_unknown_language_changes_nothing(
        self, browser: aiohttp.ClientSession
    ) -> None:
        assert "收件箱" in await text_of(browser, "/?lang=xx")
        async with browser.get("/?lang=xx") as answer:
            assert "tf_lang" not in answer.cookies
