"""The web chat over its socket: durable before acknowledged, replayed by number."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from connectors.webchat import WebchatSettings
from console import chat_session
from console.ports import ConsoleStore
from core.bus import Talked
from core.errors import StoreError
from core.records import Line, Reply, ReplyState, Target
from storage.sqlite import SqliteStore
from tests.console.house import CHAT, House, failing, open_house, over
from tests.console.seeds import add_mention, event

VISITOR = "v" * 43
Message = dict[str, object]


class Page:
    """What the shopper's page does."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.waiting: list[Message] = []

    async def hello(self, visitor: object = VISITOR, after: object = 0) -> None:
        await self.send(type="hello", visitor=visitor, after=after)

    async def say(self, name: object, text: object) -> None:
        await self.send(type="say", id=name, text=text)

    async def send(self, **message: object) -> None:
        await self._socket.send_str(json.dumps(message))

    async def raw(self, text: str) -> None:
        await self._socket.send_str(text)

    async def hear(self, kind: str) -> Message:
        """The next message of that kind; others are kept for later."""
        for message in self.waiting:
            if message["type"] == kind:
                self.waiting.remove(message)
                return message
        async with asyncio.timeout(5):
            while True:
                message = cast("Message", await self._socket.receive_json())
                if message["type"] == kind:
                    return message
                self.waiting.append(message)

    async def lines(self) -> list[Message]:
        return cast("list[Message]", (await self.hear("lines"))["lines"])

    async def closed(self) -> int | None:
        async with asyncio.timeout(5):
            while not self._socket.closed:
                await self._socket.receive()
        return self._socket.close_code


@asynccontextmanager
async def chatting(browser: aiohttp.ClientSession, lang: str = "zh") -> AsyncIterator[Page]:
    async with browser.ws_connect(f"/chat/ws?lang={lang}") as socket:
        yield Page(socket)


async def answer(house: House, key: str, text: str, by: str = "bot") -> None:
    """A reply to the visitor's conversation, through the outbox and the dispatcher."""
    conversation = house.chat.conversation(VISITOR)
    await house.store.add_reply(
        Reply(
            key=key,
            target=Target(channel=CHAT, conversation=conversation),
            text=text,
            state=ReplyState.PENDING,
            language="zh",
            by=by,
            created_at=house.clock.now(),
        )
    )
    house.dispatcher.wake()


async def test_a_message_is_durable_before_it_is_acknowledged(
    house: House, browser: aiohttp.ClientSession
) -> None:
    async with chatting(browser) as page:
        await page.hello()
        await page.say("m1", "你们几点关门")
        assert await page.hear("ack") == {"type": "ack", "id": "m1"}
        assert (await house.store.counts()).received == 1
        (line,) = await page.lines()
    assert (line["id"], line["direction"], line["text"]) == ("m1", "in", "你们几点关门")
    assert house.notified == ["intake"]


async def test_a_repeated_message_is_one(house: House, browser: aiohttp.ClientSession) -> None:
    async with chatting(browser) as page:
        await page.hello()
        for _ in range(3):
            await page.say("m1", "面包发霉了")
            await page.hear("ack")
    assert (await house.store.counts()).pending == 1


async def test_an_answer_reaches_every_open_page_of_the_visitor(
    house: House, browser: aiohttp.ClientSession
) -> None:
    async with chatting(browser) as one, chatting(browser) as two:
        await one.hello()
        await two.hello()
        await answer(house, "r1", "我们 22:00 关门")
        for page in (one, two):
            (line,) = await page.lines()
            assert (line["by"], line["text"]) == ("bot", "我们 22:00 关门")
        await answer(house, "r2", "我是王强", by="王强")
        (line,) = await one.lines()
    assert line["by"] == "person"
    assert "王强" not in str(line["by"])


async def test_a_page_gets_what_it_missed_and_nothing_twice(
    house: House, browser: aiohttp.ClientSession
) -> None:
    async with chatting(browser) as page:
        await page.hello()
        await page.say("m1", "第一句")
        (first,) = await page.lines()
    await answer(house, "r1", "回复一")
    await answer(house, "r2", "回复二")
    async with chatting(browser) as page:
        await page.hello(after=first["seq"])
        missed = await page.lines()
        while len(missed) < 2:
            missed += await page.lines()
    assert [line["text"] for line in missed] == ["回复一", "回复二"]
    async with chatting(browser) as page:
        await page.hello(after=0)
        assert [line["text"] for line in await page.lines()] == ["第一句", "回复一", "回复二"]


async def test_a_long_history_comes_whole(
    house: House, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_session, "LINES_AT_ONCE", 3)
    for number in range(8):
        await house.chat.receive(VISITOR, f"m{number}", f"第{number}句")
    async with chatting(browser) as page:
        await page.hello()
        found: list[Message] = []
        while len(found) < 8:
            found += await page.lines()
    assert [line["id"] for line in found] == [f"m{number}" for number in range(8)]


async def test_visitors_see_only_their_own(house: House, browser: aiohttp.ClientSession) -> None:
    await house.chat.receive(VISITOR, "m1", "我的秘密")
    async with chatting(browser) as page:
        await page.hello(visitor="w" * 43)
        await page.say("x", "别人")
        (line,) = await page.lines()
    assert line["text"] == "别人"


async def test_what_a_mention_or_a_lost_notice_says_wakes_the_page(
    house: House, browser: aiohttp.ClientSession
) -> None:
    conversation = house.chat.conversation(VISITOR)
    async with chatting(browser) as page:
        await page.hello()
        await asyncio.sleep(0.05)
        what = event("x", "你好", channel=CHAT, conversation=conversation)
        mention = await add_mention(house.store, what)
        house.bus.publish(mention)
        await house.chat.receive(VISITOR, "m1", "再问")
        for number in range(6000):  # more than the hub keeps: it may have missed ours
            house.bus.publish(Talked(channel="other", conversation=str(number)))
        texts: list[object] = []
        while "再问" not in texts:
            texts += [line["text"] for line in await page.lines()]


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
async def test_who_does_not_say_hello_is_told_and_closed(
    browser: aiohttp.ClientSession, first: str
) -> None:
    async with chatting(browser) as page:
        await page.raw(first)
        assert (await page.hear("error"))["code"] == "visitor"
        assert await page.closed() == 1008


async def test_who_says_nothing_is_closed(
    browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_session, "HELLO_SECONDS", 0.05)
    async with chatting(browser) as page:
        assert await page.closed() == 1008


async def test_who_goes_before_hello_leaves_nothing(browser: aiohttp.ClientSession) -> None:
    async with chatting(browser):
        pass
    async with browser.get("/health") as found:
        assert found.status == 200


@pytest.mark.parametrize("after", [-1, "x", None, 2**70, 1.5, True])
async def test_an_odd_number_means_from_the_start(
    house: House, browser: aiohttp.ClientSession, after: object
) -> None:
    await house.chat.receive(VISITOR, "m1", "你好")
    async with chatting(browser) as page:
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
async def test_what_cannot_be_taken_is_explained(
    browser: aiohttp.ClientSession, lang: str, message: tuple[object, object], code: str, words: str
) -> None:
    async with chatting(browser, lang) as page:
        await page.hello()
        await page.say(*message)
        error = await page.hear("error")
        assert error["code"] == code
        assert words in str(error["message"])
        await page.say("m2", "还能继续")
        await page.hear("ack")
        (line,) = await page.lines()
        assert line["id"] == "m2"


async def test_a_hasty_shopper_is_told_when_to_try_again(tmp_path: Path) -> None:
    settings = WebchatSettings(burst=1, per_second=0.1)
    async with (
        open_house(tmp_path, chat_settings=settings) as house,
        aiohttp.ClientSession(house.url) as browser,
        chatting(browser) as page,
    ):
        await page.hello()
        await page.say("m1", "一")
        await page.hear("ack")
        await page.say("m2", "二")
        error = await page.hear("error")
    assert (error["code"], error["id"]) == ("too_fast", "m2")
    assert 8 <= cast("int", error["again"]) <= 10


async def test_hostile_text_is_kept_as_it_is(house: House, browser: aiohttp.ClientSession) -> None:
    hostile = "<script>alert(1)</script>\x00\u202e\ud83d"
    async with chatting(browser) as page:
        await page.hello()
        await page.say("m1", hostile)
        await page.hear("ack")
        (line,) = await page.lines()
    assert line["text"] == hostile


async def test_a_frame_that_is_too_big_closes_the_socket(browser: aiohttp.ClientSession) -> None:
    async with chatting(browser) as page:
        await page.hello()
        await page.say("m1", "长" * chat_session.LONGEST_FRAME)
        assert await page.closed() == 1009


async def test_bytes_are_no_message(browser: aiohttp.ClientSession) -> None:
    async with chatting(browser) as page:
        await page.hello()
        await page._socket.send_bytes(b"\x00")
        assert (await page.hear("error"))["code"] == "message"


async def test_a_failing_store_refuses_and_says_when_to_try_again(tmp_path: Path) -> None:
    async with (
        open_house(tmp_path, wrap=failing("lines")) as house,
        aiohttp.ClientSession(house.url) as browser,
        chatting(browser) as page,
    ):
        await page.hello()
        await house.store.close()
        await page.say("m1", "你好")
        error = await page.hear("error")
        assert (error["code"], error["again"]) == ("store", chat_session.STORE_AGAIN_SECONDS)


async def test_lines_come_once_the_store_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_session, "STORE_AGAIN_SECONDS", 0.05)
    broken = [True]

    def wrap(store: SqliteStore) -> ConsoleStore:
        async def lines(
            channel: str, conversation: str, *, after: int = 0, limit: int = 200
        ) -> list[Line]:
            if broken:
                broken.pop()
                raise StoreError("disk I/O error")
            return list(await store.lines(channel, conversation, after=after, limit=limit))

        return over(store, lines=lines)

    async with open_house(tmp_path, wrap=wrap) as house:
        await house.chat.receive(VISITOR, "m1", "你好")
        async with aiohttp.ClientSession(house.url) as browser, chatting(browser) as page:
            await page.hello()
            assert len(await page.lines()) == 1


class TestPage:
    async def test_greets_for_the_brand_in_the_browsers_language(self, house: House) -> None:
        for accepts, words in (
            ("en-GB,en;q=0.9", "Hello, this is 绿篮超市"),
            ("zh-TW", "您好，这里是绿篮超市"),
            ("fr", "您好，这里是绿篮超市"),
            ("fr;q=0.9, en;q=0.1, zh;q=0", "Hello"),
        ):
            async with (
                aiohttp.ClientSession(house.url, headers={"Accept-Language": accepts}) as browser,
                browser.get("/chat") as found,
            ):
                assert words in await found.text()

    async def test_the_script_for_the_brands_site_has_its_words(
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

    async def test_without_a_web_chat_there_is_none(self, tmp_path: Path) -> None:
        async with (
            open_house(tmp_path, with_chat=False) as house,
            aiohttp.ClientSession(house.url) as browser,
        ):
            for path in ("/chat", "/chat.js"):
                async with browser.get(path) as found:
                    assert found.status == 404
