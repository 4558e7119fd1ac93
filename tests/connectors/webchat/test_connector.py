"""The chat's door: who may speak, what is taken, and that it is stored before it is confirmed."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from connectors.webchat.connector import ChatError, Webchat
from connectors.webchat.settings import WebchatSettings
from console.context import ChatChannel
from core.clock import ManualClock
from core.connector import Connector, Sends, Sent
from core.errors import InputError, StoreError
from core.model.events import EventKind
from core.model.outbox import Target
from core.runtime.bus import ConversationUpdated
from tests.connectors.support import START, ConnectorKit, drain

VISITOR = "visitor-0123456789-abcdef"


class Chat:
    """A web chat with its surroundings."""

    def __init__(self, folder: Path, **settings: float) -> None:
        self.clock = ManualClock(START)
        self.kit = ConnectorKit(folder=folder, clock=self.clock)
        self.heard = self.kit.bus.subscribe()
        self.webchat = Webchat(
            name="chat",
            settings=WebchatSettings.model_validate(settings),
            intake=self.kit.intake,
            clock=self.clock,
            bus=self.kit.bus,
        )


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    return Chat(tmp_path)


async def test_a_message_becomes_a_private_event_of_the_visitors_conversation(chat: Chat) -> None:
    await chat.webchat.receive(VISITOR, "m1", "  你们几点关门?\x00\ud800 ")
    (event,) = chat.kit.intake.events.values()
    conversation = hashlib.sha256(VISITOR.encode()).hexdigest()[:24]
    assert chat.webchat.conversation(VISITOR) == conversation
    assert (event.channel, event.id) == ("chat", f"{conversation}:m1")
    assert event.text == "  你们几点关门?\x00\ud800 "
    assert (event.kind, event.solicited) == (EventKind.MESSAGE, True)
    assert event.conversation == event.author.id == conversation
    assert event.posted_at == START


async def test_the_secret_appears_in_no_event(chat: Chat) -> None:
    await chat.webchat.receive(VISITOR, "m1", "hello")
    assert VISITOR not in repr(chat.kit.intake.pages)


async def test_a_repeated_message_is_one_message_and_told_once(chat: Chat) -> None:
    for _ in range(3):
        await chat.webchat.receive(VISITOR, "m1", "hello")
    assert len(chat.kit.intake.events) == 1
    changes = [await anext(aiter(chat.heard))]
    assert changes == [
        ConversationUpdated(channel="chat", conversation=chat.webchat.conversation(VISITOR))
    ]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(aiter(chat.heard))


async def test_the_same_message_id_of_two_visitors_is_two_messages(chat: Chat) -> None:
    await chat.webchat.receive(VISITOR, "m1", "hello")
    await chat.webchat.receive(VISITOR + "x", "m1", "hello")
    assert len(chat.kit.intake.events) == 2


async def test_what_the_store_cannot_take_is_not_confirmed(chat: Chat) -> None:
    chat.kit.intake.full = True
    with pytest.raises(StoreError):
        await chat.webchat.receive(VISITOR, "m1", "hello")


@pytest.mark.parametrize(
    "visitor", ["", "short", "a" * 65, "a" * 30 + " ", "a" * 30 + "\n", "é" * 30, "../" * 10]
)
def test_only_a_secret_opens_a_conversation(chat: Chat, visitor: str) -> None:
    with pytest.raises(InputError, match="Reload") as caught:
        chat.webchat.conversation(visitor)
    assert isinstance(caught.value, ChatError)
    assert caught.value.code == "visitor"
    assert not visitor or visitor not in str(caught.value)


@pytest.mark.parametrize(
    ("message_id", "text", "code", "values"),
    [
        ("", "x", "message_id", {}),
        ("a" * 65, "x", "message_id", {}),
        ("a b", "x", "message_id", {}),
        ("m1\n", "x", "message_id", {}),
        ("m1", "", "empty", {}),
        ("m1", " \n\u3000", "empty", {}),
        ("m1", "长" * 4001, "too_long", {"limit": 4000, "length": 4001}),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_a_code(
    chat: Chat, message_id: str, text: str, code: str, values: dict[str, int]
) -> None:
    with pytest.raises(ChatError) as caught:
        await chat.webchat.receive(VISITOR, message_id, text)
    assert (caught.value.code, caught.value.values) == (code, values)
    assert not chat.kit.intake.events


async def test_the_longest_message_is_taken(chat: Chat) -> None:
    await chat.webchat.receive(VISITOR, "a" * 64, "长" * 4000)
    assert len(chat.kit.intake.events) == 1


async def test_a_flood_is_held_to_the_rate_and_only_for_its_visitor(chat: Chat) -> None:
    for number in range(10):
        await chat.webchat.receive(VISITOR, f"m{number}", "hello")
    with pytest.raises(ChatError) as caught:
        await chat.webchat.receive(VISITOR, "m10", "hello")
    assert (caught.value.code, caught.value.values) == ("too_fast", {"seconds": 1})
    await chat.webchat.receive("another-" + VISITOR, "m1", "hello")
    await chat.clock.advance(1)
    await chat.webchat.receive(VISITOR, "m10", "hello")
    with pytest.raises(ChatError):
        await chat.webchat.receive(VISITOR, "m11", "hello")
    await chat.clock.advance(1000)
    for number in range(20, 30):
        await chat.webchat.receive(VISITOR, f"m{number}", "hello")
    with pytest.raises(ChatError):
        await chat.webchat.receive(VISITOR, "m31", "hello")


async def test_a_slow_rate_says_how_long_to_wait(tmp_path: Path) -> None:
    chat = Chat(tmp_path, burst=1, per_second=0.1)
    await chat.webchat.receive(VISITOR, "m1", "hello")
    await chat.clock.advance(1)
    with pytest.raises(ChatError) as caught:
        await chat.webchat.receive(VISITOR, "m2", "hello")
    assert caught.value.values == {"seconds": 9}
    await chat.clock.advance(9.01)
    await chat.webchat.receive(VISITOR, "m2", "hello")


async def test_ten_thousand_visitors_do_not_free_the_one_who_floods(tmp_path: Path) -> None:
    chat = Chat(tmp_path, burst=2, per_second=1)
    await chat.webchat.receive(VISITOR, "m1", "hello")
    await chat.webchat.receive(VISITOR, "m2", "hello")
    for number in range(10_001):
        await chat.webchat.receive(f"{VISITOR}-{number}", "m1", "hello")
    with pytest.raises(ChatError):
        await chat.webchat.receive(VISITOR, "m3", "hello")
    await chat.clock.advance(5)
    await chat.webchat.receive(f"{VISITOR}-last", "m1", "hello")
    await chat.webchat.receive(VISITOR, "m3", "hello")


async def test_it_is_what_the_pipeline_and_the_console_ask_for(chat: Chat) -> None:
    connector: Connector = chat.webchat
    assert connector.name == "chat"
    page: ChatChannel = chat.webchat
    assert isinstance(page, Sends)
    target = Target(channel="chat", conversation="c")
    assert await page.send(target, "text", "key-1") == Sent(native_id="key-1")


async def test_it_delivers_nothing_and_ends_when_closed(chat: Chat) -> None:
    task = asyncio.create_task(drain(chat.webchat, chat.kit.intake))
    await asyncio.sleep(0.01)
    assert not task.done()
    await chat.webchat.close()
    await chat.webchat.close()
    async with asyncio.timeout(20):
        await task
    assert not chat.kit.intake.pages
