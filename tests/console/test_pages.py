"""What the pages show, and that nothing a stranger wrote is ever interpreted."""

import re
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest

from core.health import Health
from tests.console.house import House, open_house
from tests.console.pages import EVIL, fill, pages_of, text_of
from tests.console.seeds import (
    NOW,
    add_dead_letters,
)


class Attributes(HTMLParser):
    """Collects what could run: elements, event attributes, styles, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "script" and not (names.get("src") or "").startswith("/static/"):
            self.found.append(f"script {names}")
        if tag in {"style", "iframe", "object", "embed", "base", "img"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith(("on", "hx-on")) or name == "style":
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "action"} and (value or "").lower().startswith("javascript"):
                self.found.append(f"{tag} {name}={value}")


def runnable(html: str) -> list[str]:
    parser = Attributes()
    parser.feed(html)
    return parser.found


class TestEveryPage:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    async def test_opens_in_both_languages(
        self, house: House, browser: aiohttp.ClientSession, lang: str
    ) -> None:
        await fill(house.store, "发霉")
        await add_dead_letters(house.store)
        house.health.append(Health(name="weibo", status="retrying", since=NOW, reason="503"))
        for path in pages_of(house.app):
            html = await text_of(browser, f"{path}?lang={lang}")
            assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in html, path
            assert runnable(html) == [], path

    async def test_shows_what_strangers_wrote_and_runs_nothing(
        self, house: House, browser: aiohttp.ClientSession
    ) -> None:
        await fill(house.store, EVIL)
        house.health.append(
            Health(name="weibo", status="refused", since=NOW, reason=EVIL, detail=((EVIL, EVIL),))
        )
        shown = 0
        for path in pages_of(house.app)[:-1]:
            html = await text_of(browser, path)
            assert runnable(html) == [], path
            assert "<script>alert(1)" not in html, path
            shown += "&lt;script&gt;alert(1)" in html
            assert (
                "49" not in re.sub(r"\d{2}:\d{2}|v=\w+|value=\"\S+\"", "", html)
                or "{{7*7}}" in html
            )
        assert shown >= 9, "all but the figures show what strangers wrote"

    async def test_tells_the_browser_to_run_only_our_files(
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

    async def test_is_not_kept_by_the_browser_but_static_files_are(
        self, browser: aiohttp.ClientSession
    ) -> None:
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

    async def test_only_the_chat_may_be_framed_and_only_where_allowed(self, tmp_path: Path) -> None:
        origins = ("https://www.Example.com/",)
        async with (
            open_house(tmp_path, chat_origins=origins) as house,
            aiohttp.ClientSession(house.url) as browser,
            browser.get("/chat") as chat,
            browser.get("/") as page,
        ):
            allowed = chat.headers["Content-Security-Policy"]
            assert allowed.endswith("frame-ancestors 'self' https://www.example.com")
            assert "X-Frame-Options" not in chat.headers
            assert page.headers["X-Frame-Options"] == "DENY"


class TestLanguage:
    async def test_a_choice_is_kept(self, browser: aiohttp.ClientSession) -> None:
        assert "收件箱" in await text_of(browser, "/")
        assert "Inbox" in await text_of(browser, "/?lang=en")
        assert "Inbox" in await text_of(browser, "/")

    async def test_an_unknown_language_changes_nothing(
        self, browser: aiohttp.ClientSession
    ) -> None:
        assert "收件箱" in await text_of(browser, "/?lang=xx")
        async with browser.get("/?lang=xx") as answer:
            assert "tf_lang" not in answer.cookies
