"""A client that speaks the protocol of the chat page."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import aiohttp

from tests.driven_clock import WATCHDOG_SECONDS

VISITOR = "v" * 43
Message = dict[str, object]


class ChatClient:
    """One open chat page."""

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

    async def receive(self, *kinds: str) -> Message:
        """The next message of these kinds; others are kept for later."""
        for message in self.waiting:
            if message["type"] in kinds:
                self.waiting.remove(message)
                return message
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while True:
                message = cast("Message", await self._socket.receive_json())
                if message["type"] in kinds:
                    return message
                self.waiting.append(message)

    async def lines(self) -> list[Message]:
        return cast("list[Message]", (await self.receive("lines"))["lines"])

    async def closed(self) -> int | None:
        async with asyncio.timeout(20):
            while not self._socket.closed:
                await self._socket.receive()
        return self._socket.close_code


@asynccontextmanager
async def open_chat(browser: aiohttp.ClientSession, lang: str = "zh") -> AsyncIterator[ChatClient]:
    async with browser.ws_connect(f"/chat/ws?lang={lang}") as socket:
        yield ChatClient(socket)
