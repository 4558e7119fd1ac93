"""The web chat over its socket: durable before acknowledged, replayed by number."""

import aiohttp
import pytest

from console.pages import chat
from core.model.outbox import Reply, ReplyState, Target
from core.runtime.bus import ConversationUpdated
from tests.console.chat_page import VISITOR, Message, open_chat
from tests.console.running import CHAT, RunningConsole
from tests.console.seeds import add_mention, event


async def answer(console: RunningConsole, key: str, text: str, by: str = "bot") -> None:
    """A reply to the visitor's conversation, through the outbox and the dispatcher."""
    conversation = console.chat.conversation(VISITOR)
    await console.store.outbox.add(
        Reply(
            key=key,
            target=Target(channel=CHAT, conversation=conversation),
            text=text,
            state=ReplyState.PENDING,
            language="zh",
            by=by,
            created_at=console.clock.now(),
        )
    )
    console.dispatcher.wake()


async def test_a_message_is_durable_before_it_is_acknowledged(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with open_chat(browser) as page:
        await page.hello()
        await page.say("m1", "你们几点关门")
        assert await page.receive("ack") == {"type": "ack", "id": "m1"}
        assert (await console.store.events.counts()).received == 1
        (line,) = await page.lines()
    assert (line["id"], line["direction"], line["text"]) == ("m1", "in", "你们几点关门")
    assert console.notified == ["intake"]


async def test_a_repeated_message_is_stored_once(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with open_chat(browser) as page:
        await page.hello()
        for _ in range(3):
            await page.say("m1", "面包发霉了")
            await page.receive("ack")
    assert (await console.store.events.counts()).pending == 1


async def test_an_answer_reaches_every_open_page_of_the_visitor(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with open_chat(browser) as one, open_chat(browser) as two:
        await one.hello()
        await two.hello()
        await answer(console, "r1", "我们 22:00 关门")
        for page in (one, two):
            (line,) = await page.lines()
            assert (line["by"], line["text"]) == ("bot", "我们 22:00 关门")
        await answer(console, "r2", "我是王强", by="王强")
        (line,) = await one.lines()
    assert line["by"] == "person"
    assert "王强" not in str(line["by"])


async def test_a_page_gets_the_lines_it_missed_and_none_twice(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with open_chat(browser) as page:
        await page.hello()
        await page.say("m1", "第一句")
        (first,) = await page.lines()
    await answer(console, "r1", "回复一")
    await answer(console, "r2", "回复二")
    async with open_chat(browser) as page:
        await page.hello(after=first["seq"])
        missed = await page.lines()
        while len(missed) < 2:
            missed += await page.lines()
    assert [line["text"] for line in missed] == ["回复一", "回复二"]
    async with open_chat(browser) as page:
        await page.hello(after=0)
        assert [line["text"] for line in await page.lines()] == ["第一句", "回复一", "回复二"]


async def test_a_long_history_is_sent_whole(
    console: RunningConsole, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "LINES_AT_ONCE", 3)
    for number in range(8):
        await console.chat.receive(VISITOR, f"m{number}", f"第{number}句")
    async with open_chat(browser) as page:
        await page.hello()
        found: list[Message] = []
        while len(found) < 8:
            found += await page.lines()
    assert [line["id"] for line in found] == [f"m{number}" for number in range(8)]


async def test_visitors_see_only_their_own_conversation(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    await console.chat.receive(VISITOR, "m1", "我的秘密")
    async with open_chat(browser) as page:
        await page.hello(visitor="w" * 43)
        await page.say("x", "别人")
        (line,) = await page.lines()
    assert line["text"] == "别人"


async def test_a_mention_or_a_lost_change_wakes_the_page(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    conversation = console.chat.conversation(VISITOR)
    async with open_chat(browser) as page:
        await page.hello()
        await page.say("m0", "在吗")
        await page.lines()  # from now on it waits to be woken
        await console.store.events.claim(1)  # the pipeline has it
        what = event("x", "你好", channel=CHAT, conversation=conversation)
        mention = await add_mention(console.store, what)
        console.bus.publish(mention)
        await console.chat.receive(VISITOR, "m1", "再问")
        for number in range(6000):  # more than the hub keeps: it may have missed ours
            console.bus.publish(ConversationUpdated(channel="other", conversation=str(number)))
        texts: list[object] = []
        while "再问" not in texts:
            texts += [line["text"] for line in await page.lines()]
