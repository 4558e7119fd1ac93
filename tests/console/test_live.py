"""Live changes: gathered, written once a language, and never held up by a slow tab."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from cli.catalogue import shipped_catalogue
from console.app import create_app
from console.live import (
    MAX_CARDS,
    MAX_QUEUE,
    MAX_TOPICS,
    REFRESH,
    ChangeBatch,
    LiveClient,
    topics_of,
)
from core.errors import ConfigError
from core.model.alerts import Alert
from core.model.health import Health
from core.model.incidents import Incident
from core.model.mentions import Mention
from core.repositories import Store
from core.runtime.bus import ConversationUpdated
from storage.sqlite.store import SqliteStore
from tests.console.running import RunningConsole, failing, open_console, over
from tests.console.seeds import NOW, add_alert, add_mention, event, judgement, reply, ticket
from tests.driven_clock import WATCHDOG_SECONDS

Message = dict[str, object]


async def receive(socket: aiohttp.ClientWebSocketResponse, kind: str) -> Message:
    """The next message of that kind."""
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while True:
            message = cast("Message", await socket.receive_json())
            if message["type"] == kind:
                return message


async def test_a_tab_gets_hello_with_the_time(browser: aiohttp.ClientSession) -> None:
    async with browser.ws_connect("/live") as socket:
        hello = await receive(socket, "hello")
        assert str(hello["now"]).endswith("Z")


async def test_a_mention_arrives_as_an_escaped_card_in_the_tabs_language(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with browser.ws_connect("/live") as zh, browser.ws_connect("/live?lang=en") as en:
        await receive(zh, "hello")
        await receive(en, "hello")
        mention = await add_mention(console.store, event("1", "<b>发霉</b>\ud83d"))
        console.bus.publish(mention)
        chinese, english = await receive(zh, "changes"), await receive(en, "changes")
    (card,) = cast("list[Message]", chinese["cards"])
    assert card["seq"] == mention.seq
    assert "&lt;b&gt;发霉" in str(card["html"])
    assert "负面" in str(card["html"])
    assert "Negative" in str(english["cards"])
    assert cast("Message", chinese["figures"])["mentions_last_hour"] == 0
    assert cast("list[str]", chinese["topics"])[0] == "mentions"


async def test_changes_are_batched_in_order(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with browser.ws_connect("/live") as socket:
        await receive(socket, "hello")
        for number in range(MAX_CARDS + 5):
            console.bus.publish(await add_mention(console.store, event(f"{number}", "面包")))
        seen: list[object] = []
        skipped = 0
        while len(seen) + skipped < MAX_CARDS + 5:
            message = await receive(socket, "changes")
            seen += [card["seq"] for card in cast("list[Message]", message["cards"])]
            skipped += cast("int", message["skipped"])
    assert seen == sorted(cast("list[int]", seen))


async def test_banner_and_figures_are_updated(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with browser.ws_connect("/live") as socket:
        await receive(socket, "hello")
        console.bus.publish(ConversationUpdated(channel="webchat", conversation="c"))
        first = await receive(socket, "changes")
        assert first["topics"] == ["talk:webchat:c"]
        console.bus.publish(await add_alert(console.store, "a-1", title="面包发霉"))
        while True:
            message = await receive(socket, "changes")
            if message["banner"] is not None:
                break
    assert "面包发霉" in str(message["banner"])
    assert cast("Message", message["figures"])["firing_alerts"] == 1


async def test_text_from_a_tab_is_ignored_and_bytes_close_it(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with browser.ws_connect("/live") as socket:
        await receive(socket, "hello")
        await socket.send_str("{" * 10_000)
        console.bus.publish(ConversationUpdated(channel="webchat", conversation="c"))
        await receive(socket, "changes")
        await socket.send_bytes(b"\x00")
        async with asyncio.timeout(20):
            assert (await socket.receive()).type in {
                aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.CLOSED,
            }


async def test_a_failing_store_sends_refresh(tmp_path: Path) -> None:
    async with (
        open_console(tmp_path, wrap=failing("mentions.get")) as console,
        aiohttp.ClientSession(console.url) as browser,
        browser.ws_connect("/live") as socket,
    ):
        await receive(socket, "hello")
        console.bus.publish(await add_mention(console.store, event("1", "面包")))
        await receive(socket, "refresh")


async def test_a_bug_about_one_change_does_not_stop_live_updates(tmp_path: Path) -> None:
    def wrap(store: SqliteStore) -> Store:
        async def mistake(seq: int) -> None:
            raise ZeroDivisionError(seq)

        return over(store, {"mentions.get": mistake})

    async with (
        open_console(tmp_path, wrap=wrap) as console,
        aiohttp.ClientSession(console.url) as browser,
        browser.ws_connect("/live") as socket,
    ):
        await receive(socket, "hello")
        console.bus.publish(await add_mention(console.store, event("1", "面包")))
        await receive(socket, "refresh")
        console.bus.publish(ConversationUpdated(channel="webchat", conversation="c"))
        assert (await receive(socket, "changes"))["topics"] == ["talk:webchat:c"]


async def test_too_many_topics_send_refresh(
    console: RunningConsole, browser: aiohttp.ClientSession
) -> None:
    async with browser.ws_connect("/live") as socket:
        await receive(socket, "hello")
        for number in range(MAX_TOPICS + 5):
            console.bus.publish(ConversationUpdated(channel="webchat", conversation=str(number)))
        await receive(socket, "refresh")


class TestLiveClient:
    async def test_gives_messages_in_order(self) -> None:
        client = LiveClient("zh")
        client.put("1")
        client.put("2")
        assert [await client.get(), await client.get()] == ["1", "2"]

    async def test_waits_for_a_message(self) -> None:
        client = LiveClient("zh")
        waiting = asyncio.create_task(client.get())
        await asyncio.sleep(0)
        client.put("1")
        assert await waiting == "1"

    async def test_gets_refresh_when_its_queue_is_full(self) -> None:
        client = LiveClient("zh")
        for number in range(MAX_QUEUE + 2):
            client.put(str(number))
        assert await client.get() == REFRESH
        assert await client.get() == str(MAX_QUEUE + 1)


class TestTopics:
    def test_every_change_has_topics(self) -> None:
        what = event("1", "面包")
        assert list(topics_of(ticket("T-1", what))) == ["tickets", "ticket:T-1"]
        assert list(topics_of(reply("r", what, "x", mention=4))) == [
            "drafts",
            "talk:weibo:conversation-1",
            "mention:4",
        ]
        assert list(topics_of(reply("r", what, "x"))) == ["drafts", "talk:weibo:conversation-1"]
        assert list(topics_of(Health(name="x", status="connected", since=NOW))) == ["health"]
        incident = Incident(
            id="INC-1", key="k", brand="b", title="t", category="c", severity="P1", state="open",
            first_at=NOW, last_at=NOW, mentions=1, authors=1,
        )  # fmt: skip
        assert list(topics_of(incident)) == ["incidents", "incident:INC-1"]
        warned = Alert(key="a", kind="incident", severity="P1", title="t", body="", created_at=NOW)
        assert list(topics_of(warned)) == ["alerts"]
        about = replace(warned, incident="INC-1")
        assert list(topics_of(about)) == ["alerts", "incident:INC-1"]

    def test_a_batch_keeps_the_newest_mentions(self) -> None:
        gathered = ChangeBatch()
        assert gathered.is_empty
        for seq in range(MAX_CARDS + 2):
            gathered.note(Mention(seq=seq, event=event("1", "x"), brands=(), judgement=judgement()))
        assert list(gathered.mentions) == list(range(2, MAX_CARDS + 2))
        assert gathered.skipped == 2


def test_missing_front_end_files_raise_with_a_remedy(
    console: RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.app.VENDOR", ("nothing.js",))
    with pytest.raises(ConfigError, match="pip install"):
        create_app(
            store=console.store,
            chat=None,
            bus=console.bus,
            clock=console.clock,
            catalogue=shipped_catalogue(),
            health=list,
            notify=lambda: None,
            brand_name="x",
        )
