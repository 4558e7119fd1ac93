"""Limits of the web chat."""

import asyncio
import json
import random
import re
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from connectors.webchat.settings import WebchatSettings
from console.pages import chat
from core.errors import StoreError
from core.model.conversations import ConversationLine
from core.repositories import Store
from storage.sqlite.store import SqliteStore
from tests.console.chat_page import VISITOR, open_chat
from tests.console.running import RunningConsole, failing, open_console, over


@pytest.mark.parametrize(
    "first",
    [
        '{"type": "hello"}',
        '{"type": "hello", "visitor": 7}',
        '{"type": "hello", "visitor": "short"}',
        '{"type": "say", "visitor": "' + VISITOR + '"}',
        "[1]",
        "not json",
        "[" * 50_000,
    ],
)
async def test_a_page_without_a_valid_hello_gets_an_error_and_is_closed(
    browser: aiohttp.ClientSession, first: str
) -> None:
    async with open_chat(browser) as page:
        await page.raw(first)
        assert (await page.receive("error"))["code"] == "visitor"
        assert await page.closed() == 1008


async def test_a_silent_page_is_closed_after_the_timeout(
    browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "HELLO_SECONDS", 0.05)
    async with open_chat(browser) as page:
        assert await page.closed() == 1008


async def test_a_page_that_leaves_before_hello_does_no_harm(browser: aiohttp.ClientSession) -> None:
    async with open_chat(browser):
        pass
    async with browser.get("/health") as found:
        assert found.status == 200


@pytest.mark.parametrize("after", [-1, "x", None, 2**70, 1.5, True])
async def test_an_invalid_after_means_from_the_start(
    console: RunningConsole, browser: aiohttp.ClientSession, after: object
) -> None:
    await console.chat.receive(VISITOR, "m1", "你好")
    async with open_chat(browser) as page:
        await page.hello(after=after)
        if after is not True:
            assert len(await page.lines()) == 1


@pytest.mark.parametrize(
    ("lang", "message", "code", "words"),
    [
        ("zh", ("m1", "  "), "empty", "请先输入内容"),
        ("en", ("m1", ""), "empty", "Write something first"),
        ("zh", ("m1", "长" * 4001), "too_long", "4001"),
        ("en", ("m1", "x" * 4001), "too_long", "4000"),
        ("zh", ("bad id!", "你好"), "message_id", "重新输入"),
        ("zh", ("", "你好"), "message", "重新输入"),
        ("zh", (7, "你好"), "message", "重新输入"),
        ("zh", ("m1", None), "message", "重新输入"),
    ],
)
async def test_an_invalid_message_is_refused_with_a_code(
    browser: aiohttp.ClientSession, lang: str, message: tuple[object, object], code: str, words: str
) -> None:
    async with open_chat(browser, lang) as page:
        await page.hello()
        await page.say(*message)
        error = await page.receive("error")
        assert error["code"] == code
        assert words in str(error["message"])
        await page.say("m2", "还能继续")
        await page.receive("ack")
        (line,) = await page.lines()
        assert line["id"] == "m2"


async def test_too_many_messages_are_refused_with_a_retry_time(tmp_path: Path) -> None:
    settings = WebchatSettings(burst=1, per_second=0.1)
    async with (
        open_console(tmp_path, chat_settings=settings) as console,
        aiohttp.ClientSession(console.url) as browser,
        open_chat(browser) as page,
    ):
        await page.hello()
        await page.say("m1", "一")
        await page.receive("ack")
        await page.say("m2", "二")
        error = await page.receive("error")
    assert (error["code"], error["id"]) == ("too_fast", "m2")
    assert 8 <= cast("int", error["again"]) <= 10


async def test_hostile_text_is_stored_unchanged(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    hostile = "<script>alert(1)</script>\x00\u202e\ud83d"
    async with open_chat(browser) as page:
        await page.hello()
        await page.say("m1", hostile)
        await page.receive("ack")
        (line,) = await page.lines()
    assert line["text"] == hostile


async def test_an_oversized_frame_closes_the_socket(browser: aiohttp.ClientSession) -> None:
    async with open_chat(browser) as page:
        await page.hello()
        await page.say("m1", "长" * chat.MAX_FRAME)
        assert await page.closed() == 1009


async def test_binary_frames_are_refused(browser: aiohttp.ClientSession) -> None:
    async with open_chat(browser) as page:
        await page.hello()
        await page._socket.send_bytes(b"\x00")
        assert (await page.receive("error"))["code"] == "message"


async def test_a_failing_store_refuses_with_a_retry_time(tmp_path: Path) -> None:
    async with (
        open_console(tmp_path, wrap=failing("conversations.lines")) as console,
        aiohttp.ClientSession(console.url) as browser,
        open_chat(browser) as page,
    ):
        await page.hello()
        await console.store.close()
        await page.say("m1", "你好")
        error = await page.receive("error")
        assert (error["code"], error["again"]) == ("store", chat.STORE_RETRY_SECONDS)


async def test_lines_are_sent_once_the_store_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "STORE_RETRY_SECONDS", 0.05)
    broken = [True]

    def wrap(store: SqliteStore) -> Store:
        async def lines(
            channel: str, conversation: str, *, after: int = 0, limit: int = 200
        ) -> list[ConversationLine]:
            if broken:
                broken.pop()
                raise StoreError("disk I/O error")
            return list(
                await store.conversations.lines(channel, conversation, after=after, limit=limit)
            )

        return over(store, {"conversations.lines": lines})

    async with open_console(tmp_path, wrap=wrap) as console:
        await console.chat.receive(VISITOR, "m1", "你好")
        async with aiohttp.ClientSession(console.url) as browser, open_chat(browser) as page:
            await page.hello()
            assert len(await page.lines()) == 1


class TestPage:
    async def test_greets_in_the_language_of_the_browser(self, console: RunningConsole) -> None:
        for accepts, words in (
            ("en-GB,en;q=0.9", "Hello, this is 绿篮超市"),
            ("zh-TW", "您好，这里是绿篮超市"),
            ("fr", "您好，这里是绿篮超市"),
            ("fr;q=0.9, en;q=0.1, zh;q=0", "Hello"),
        ):
            async with (
                aiohttp.ClientSession(console.url, headers={"Accept-Language": accepts}) as browser,
                browser.get("/chat") as found,
            ):
                assert words in await found.text()

    async def test_the_embed_script_has_its_labels_in_every_language(
        self, browser: aiohttp.ClientSession
    ) -> None:
        async with browser.get("/chat.js") as found:
            script = await found.text()
            assert found.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert found.headers["Content-Type"].startswith("text/javascript")
        assert json.loads(re.findall(r"const words = (.*);", script)[0]) == {
            "zh": "在线客服",
            "en": "Chat with us",
        }

    async def test_without_a_web_chat_channel_there_is_no_page(self, tmp_path: Path) -> None:
        async with (
            open_console(tmp_path, with_chat=False) as console,
            aiohttp.ClientSession(console.url) as browser,
        ):
            for path in ("/chat", "/chat.js"):
                async with browser.get(path) as found:
                    assert found.status == 404


class TestOrder:
    """A page that repeats each message on a timer of its own, as older ones do."""

    async def test_those_behind_a_held_message_are_held_with_it(self, tmp_path: Path) -> None:
        settings = WebchatSettings(burst=1, per_second=1)
        async with (
            open_console(tmp_path, chat_settings=settings) as console,
            aiohttp.ClientSession(console.url) as browser,
            open_chat(browser) as page,
        ):
            await page.hello()
            await page.say("m1", "一")
            await page.receive("ack")
            await page.say("m2", "二")
            again = cast("int", (await page.receive("error"))["again"])
            await asyncio.sleep(again + 0.1)
            await page.say("m3", "三")  # its timer ran out first
            error = await page.receive("error")
            assert (error["id"], error["code"]) == ("m3", "too_fast")
            await page.say("m2", "二")
            assert (await page.receive("ack"))["id"] == "m2"
            await asyncio.sleep(1.1)
            await page.say("m3", "三")
            assert (await page.receive("ack"))["id"] == "m3"
            items = await console.store.events.claim(9)
            assert [item.event.text for item in items] == ["一", "二", "三"]

    async def test_an_outage_of_the_store_holds_the_order(
        self,
        console: RunningConsole,
        browser: aiohttp.ClientSession,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        store, broken = console.chat.receive, [True]

        async def failing(visitor: str, name: str, text: str) -> None:
            if broken and broken.pop():
                raise StoreError("disk I/O error")
            await store(visitor, name, text)

        monkeypatch.setattr(console.chat, "receive", failing)
        async with open_chat(browser) as page:
            await page.hello()
            for name in ("m1", "m2", "m3"):
                await page.say(name, name)
                assert (await page.receive("error"))["code"] == "store"
            for name in ("m1", "m2", "m3"):
                await page.say(name, name)
                assert (await page.receive("ack"))["id"] == name

    async def test_the_order_holds_among_all_that_were_refused(
        self,
        console: RunningConsole,
        browser: aiohttp.ClientSession,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Whatever timer runs out first: a seeded shuffle of repeats, twenty times over."""
        store, outage = console.chat.receive, [True]

        async def failing(visitor: str, name: str, text: str) -> None:
            if outage or rng.random() < 0.3:
                raise StoreError("disk I/O error")
            await store(visitor, name, text)

        monkeypatch.setattr(console.chat, "receive", failing)
        for seed in range(20):
            rng = random.Random(seed)
            visitor, names = f"{seed:043}", [f"m{n}" for n in range(8)]
            outage[:] = [True]
            async with open_chat(browser) as page:
                await page.hello(visitor=visitor)
                for name in names:
                    await page.say(name, name)
                    await page.receive("error")
                outage.clear()
                waiting = list(names)
                while waiting:
                    rng.shuffle(waiting)
                    for name in list(waiting):
                        await page.say(name, name)
                        answer = await page.receive("ack", "error")
                        if answer["type"] == "ack":
                            waiting.remove(name)
            where = console.chat.conversation(visitor)
            lines = await console.store.conversations.lines(console.chat.name, where)
            assert [line.text for line in lines] == names, seed

    async def test_a_message_that_never_comes_again_ends_the_wait(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(chat, "GIVEN_UP_AFTER", -1)
        settings = WebchatSettings(burst=1, per_second=1)
        async with (
            open_console(tmp_path, chat_settings=settings) as console,
            aiohttp.ClientSession(console.url) as browser,
            open_chat(browser) as page,
        ):
            await page.hello()
            await page.say("m1", "一")
            await page.receive("ack")
            await page.say("m2", "二")
            again = cast("int", (await page.receive("error"))["again"])
            await asyncio.sleep(again + 0.1)
            await page.say("m3", "三")
            assert (await page.receive("ack"))["id"] == "m3"

    async def test_what_is_refused_for_good_holds_nothing_up(self, tmp_path: Path) -> None:
        settings = WebchatSettings(burst=2, per_second=0.5, longest=5)
        async with (
            open_console(tmp_path, chat_settings=settings) as console,
            aiohttp.ClientSession(console.url) as browser,
            open_chat(browser) as page,
        ):
            await page.hello()
            await page.say("m1", "这一句太长了")
            assert (await page.receive("error"))["code"] == "too_long"
            await page.say("m2", "二")
            assert (await page.receive("ack"))["id"] == "m2"
