"""Sending through a real connection: what each failure means, and never two of one reply."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.telegram.connector import Telegram
from connectors.telegram.settings import TelegramSettings
from core.connector import Rejected, RetryAt, SendResult, Sent, Unknown
from core.model.outbox import Target
from tests.connectors.support import START, ConnectorKit
from tests.connectors.telegram.server import (
    TOKEN,
    TelegramServer,
    TelegramTrouble,
    error,
    flood,
    telegram_server,
)
from tests.driven_clock import DrivenClock


class Channel:
    """A connector that sends to a server of its own."""

    def __init__(self, server: TelegramServer, folder: Path) -> None:
        self.server = server
        self.clock = DrivenClock(START)
        server.monotonic = self.clock.monotonic
        self.kit = ConnectorKit(folder=folder, clock=self.clock)
        chosen: dict[str, object] = {"token": TOKEN, "base_url": server.url, "send_seconds": 1}
        self.telegram = Telegram(
            name="tg",
            settings=TelegramSettings.model_validate(chosen),
            context=self.kit.context,
        )

    async def send(
        self, text: str = "答复", *, to: str = "7", key: str = "k", reply_to: str | None = None
    ) -> SendResult:
        target = Target(channel="tg", conversation=to, reply_to=reply_to)
        sending = asyncio.create_task(self.telegram.send(target, text, key))
        return await self.clock.finish(sending)

    async def send_two_parts(self, trouble: TelegramTrouble) -> SendResult:
        """A reply of two messages; the second one meets ``trouble``."""
        target = Target(channel="tg", conversation="7")
        sending = asyncio.create_task(self.telegram.send(target, "面包。" * 2000, "k"))
        await self.clock.idle()
        assert len(self.server.texts) == 1
        self.server.trouble("sendMessage", trouble)
        return await self.clock.finish(sending)

    def seconds(self, result: SendResult) -> float:
        assert isinstance(result, RetryAt)
        return (result.at - self.clock.now()).total_seconds()


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Channel]:
    async with telegram_server() as server:
        made = Channel(server, tmp_path)
        yield made
        await made.telegram.close()


async def test_a_reply_goes_to_its_conversation(channel: Channel) -> None:
    result = await channel.send("<b>答复</b> & _x_")
    (call,) = channel.server.calls
    assert result == Sent(native_id=f"7:{channel.server.next_message}")
    assert call.fields == {"chat_id": "7", "text": "<b>答复</b> & _x_"}


async def test_in_a_group_the_reply_answers_its_message_in_its_topic(channel: Channel) -> None:
    await channel.send(to="-100/12:7", reply_to="-100:5")
    fields = channel.server.calls[0].fields
    assert (fields["chat_id"], fields["message_thread_id"]) == ("-100", "12")
    answers = json.loads(fields["reply_parameters"])
    assert answers["message_id"] == 5
    assert answers["allow_sending_without_reply"] is True


@pytest.mark.parametrize("to", ["", "weibo-1", "7;drop"])
async def test_a_conversation_of_another_platform_is_rejected(channel: Channel, to: str) -> None:
    assert isinstance(await channel.send(to=to), Rejected)
    assert not channel.server.calls


async def test_an_empty_reply_is_rejected(channel: Channel) -> None:
    assert await channel.send(" \x00 ") == Rejected(reason="the reply is empty")
    assert not channel.server.calls


async def test_a_long_reply_goes_in_order_as_several_messages(channel: Channel) -> None:
    text = "面包的事我们很抱歉。" * 1000
    result = await channel.send(text)
    assert isinstance(result, Sent)
    assert result.native_id == "7:2"
    texts = channel.server.texts
    assert len(texts) == 3
    assert "".join(texts) == text
    assert all(len(part) <= 4096 and part.endswith("。") for part in texts)
    times = [call.at for call in channel.server.calls]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert min(gaps) >= 1.0


async def test_the_pace_is_told_as_a_time_to_come_back(channel: Channel) -> None:
    assert isinstance(await channel.send(key="a"), Sent)
    wait = channel.seconds(await channel.send(key="b"))
    assert wait == 1
    assert len(channel.server.calls) == 1
    channel.clock.leap(wait)
    assert isinstance(await channel.send(key="b"), Sent)


async def test_a_flood_is_waited_for_to_the_second(channel: Channel) -> None:
    channel.server.trouble("sendMessage", flood(30))
    wait = channel.seconds(await channel.send(key="a"))
    assert wait == 30
    assert channel.seconds(await channel.send(key="b")) == 31, "one a second in each chat"
    assert isinstance(await channel.send(to="8", key="c"), Sent)
    assert len(channel.server.asked("sendMessage")) == 2
    channel.clock.leap(wait)
    assert isinstance(await channel.send(key="a"), Sent)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 9"}, 9),
        ({"ok": False, "error_code": 429, "description": "Too Many Requests"}, 1),
    ],
)
async def test_a_flood_without_parameters_is_understood(
    channel: Channel, body: dict[str, object], seconds: int
) -> None:
    channel.server.trouble("sendMessage", TelegramTrouble(status=429, body=body))
    assert channel.seconds(await channel.send()) == seconds


async def test_a_blocked_bot_ends_the_conversation(channel: Channel) -> None:
    channel.server.trouble("sendMessage", error(403, "Forbidden: bot was blocked by the user"))
    result = await channel.send()
    assert isinstance(result, Rejected)
    assert result.ends_conversation
    assert "blocked" in result.reason
    assert len(channel.server.calls) == 1


@pytest.mark.parametrize("code", [400, 413, 402])
async def test_what_will_never_work_is_rejected(channel: Channel, code: int) -> None:
    channel.server.trouble("sendMessage", error(code, "chat not found"))
    assert await channel.send() == Rejected(reason="chat not found")


async def test_a_group_with_a_new_id_is_followed(channel: Channel) -> None:
    moved = error(400, "group chat was upgraded", migrate_to_chat_id=-1007)
    channel.server.trouble("sendMessage", moved)
    result = await channel.send(to="-7:5", reply_to="-7:3")
    assert isinstance(result, Sent)
    assert result.native_id.startswith("-1007:")
    (call,) = channel.server.done("sendMessage")
    assert call.fields["chat_id"] == "-1007"
    assert "reply_parameters" not in call.fields
    channel.clock.leap(2)
    await channel.send(to="-7:5", key="k2")
    assert [call.fields["chat_id"] for call in channel.server.calls] == ["-7", "-1007", "-1007"]


async def test_a_group_that_moves_in_circles_is_rejected(channel: Channel) -> None:
    moved = error(400, "group chat was upgraded", migrate_to_chat_id=-1007)
    channel.server.trouble("sendMessage", moved, moved)
    assert isinstance(await channel.send(to="-7:5"), Rejected)


@pytest.mark.parametrize("code", [401, 404])
async def test_a_refused_token_lets_the_reply_wait_for_a_person(
    channel: Channel, code: int
) -> None:
    channel.server.trouble("sendMessage", error(code, "Unauthorized"))
    assert channel.seconds(await channel.send()) == 300


@pytest.mark.parametrize(
    "trouble",
    [
        error(500, "Internal Server Error"),
        error(502, "Bad Gateway"),
        TelegramTrouble(status=502, body="<html>Bad Gateway</html>"),
        TelegramTrouble(status=500, body={"ok": False}),
        TelegramTrouble(body="not JSON"),
        TelegramTrouble(body=b"\xff\xfe"),
        TelegramTrouble(body="[]"),
        TelegramTrouble(body={"ok": True, "result": {"odd": 1}}),
        TelegramTrouble(body={"ok": True}),
        TelegramTrouble(how="cut"),
        TelegramTrouble(how="hang"),
        TelegramTrouble(how="act and cut"),
        TelegramTrouble(how="act and hang"),
    ],
    ids=str,
)
async def test_whatever_leaves_it_open_is_unknown_and_not_repeated(
    channel: Channel, trouble: TelegramTrouble
) -> None:
    channel.server.trouble("sendMessage", trouble)
    result = await channel.send()
    assert isinstance(result, Unknown)
    assert result.reason
    assert TOKEN not in result.reason
    assert len(channel.server.calls) == 1


async def test_out_of_reach_is_tried_later_and_ever_less_often(tmp_path: Path) -> None:
    channel = Channel(TelegramServer(url="http://127.0.0.1:1"), tmp_path)
    waits = []
    for _ in range(6):
        wait = channel.seconds(await channel.send())
        waits.append(wait)
        channel.clock.leap(wait + 0.5)
    assert waits[0] == 5
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[1]
    await channel.telegram.close()


async def test_while_out_of_reach_other_replies_do_not_try(tmp_path: Path) -> None:
    channel = Channel(TelegramServer(url="http://127.0.0.1:1"), tmp_path)
    await channel.send(key="a")
    result = await channel.send(to="8", key="b")
    assert isinstance(result, RetryAt)
    assert result.reason == "Telegram is unreachable"
    await channel.telegram.close()


async def test_a_flood_within_a_long_reply_is_waited_for(channel: Channel) -> None:
    assert isinstance(await channel.send_two_parts(flood(5)), Sent)
    assert "".join(channel.server.texts) == "面包。" * 2000
    refused, taken = channel.server.asked("sendMessage")[1:]
    assert taken.at - refused.at >= 5


async def test_too_long_a_flood_within_a_reply_is_given_to_a_person(channel: Channel) -> None:
    result = await channel.send_two_parts(flood(3600))
    assert isinstance(result, Unknown)
    assert result.reason.startswith(
        "1 of 2 messages were sent, then: Telegram asked for a pause of"
    )


async def test_a_reset_within_a_reply_is_given_to_a_person(channel: Channel) -> None:
    result = await channel.send_two_parts(TelegramTrouble(how="act and cut"))
    assert isinstance(result, Unknown)
    assert result.reason.startswith("1 of 2 messages were sent")
    assert len(channel.server.asked("sendMessage")) == 2


async def test_after_closing_nothing_is_sent(channel: Channel) -> None:
    await channel.telegram.close()
    assert isinstance(await channel.send(), RetryAt)
    assert not channel.server.calls
