"""One chat page's WebSocket: what a shopper says, and what they have not read yet.

The page sends ``{"type": "hello", "visitor", "after"}`` once, then ``{"type": "say", "id",
"text"}``. It gets ``{"type": "lines", "lines"}`` (all with seq > after, in order),
``{"type": "ack", "id"}`` once a message is durable, and ``{"type": "error", "id", "code",
"message"}`` (``again`` in seconds where the same message may be sent again).
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from console.chat_hub import ChatHub
from console.desk import Desk
from console.formatting import dumps
from console.i18n import Words
from console.ports import Coded, WebChat
from core.conversations import ConversationLine
from core.errors import InputError, StoreError

log = logging.getLogger(__name__)

HELLO_SECONDS: Final = 10.0
LONGEST_FRAME: Final = 256 * 1024
LINES_AT_ONCE: Final = 200
STORE_AGAIN_SECONDS: Final = 3
HIGHEST_SEQ: Final = 2**53
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009

Message = Mapping[str, object]


class ChatSession:
    """Serves one page until it goes."""

    def __init__(
        self, socket: WebSocket, *, desk: Desk, chat: WebChat, hub: ChatHub, words: Words
    ) -> None:
        self._socket = socket
        self._desk = desk
        self._chat = chat
        self._hub = hub
        self._words = words

    async def serve(self) -> None:
        await self._socket.accept()
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await self._receive()
        except TimeoutError:
            await self._socket.close(POLICY_VIOLATION)
            return
        except WebSocketDisconnect:
            return
        visitor, after = hello.get("visitor"), hello.get("after")
        try:
            if hello.get("type") != "hello" or not isinstance(visitor, str):
                raise InputError("say hello first")
            conversation = self._chat.conversation(visitor)
        except InputError as error:
            await self._complain("", error, fallback="visitor")
            await self._socket.close(POLICY_VIOLATION)
            return
        seen = after if isinstance(after, int) and 0 <= after < HIGHEST_SEQ else 0
        with self._hub.watch(conversation) as woken:
            pusher = asyncio.create_task(self._push(conversation, seen, woken))
            try:
                while True:
                    await self._take(visitor, await self._receive())
                    woken.set()
            except WebSocketDisconnect:
                return
            finally:
                pusher.cancel()
                await asyncio.wait([pusher])

    async def _receive(self) -> Message:
        """The next message; ``{}`` where it is none."""
        packet = await self._socket.receive()
        if packet["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(packet.get("code", 1005))
        raw: object = packet.get("text")
        if not isinstance(raw, str):
            return {}
        if len(raw) > LONGEST_FRAME:
            await self._socket.close(TOO_BIG)
            raise WebSocketDisconnect(TOO_BIG)
        try:
            found: object = json.loads(raw)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    async def _take(self, visitor: str, message: Message) -> None:
        name, text = message.get("id"), message.get("text")
        name = name if isinstance(name, str) else ""
        try:
            if message.get("type") != "say" or not name or not isinstance(text, str):
                raise InputError("this is no message")
            await self._chat.receive(visitor, name, text)
        except InputError as error:
            await self._complain(name, error, fallback="message")
        except StoreError as error:
            log.error("the store failed", extra={"error": str(error)})
            text = self._words("chat.error.store")
            await self._send(
                type="error", id=name, code="store", message=text, again=STORE_AGAIN_SECONDS
            )
        else:
            await self._send(type="ack", id=name)

    async def _complain(self, name: str, error: InputError, *, fallback: str) -> None:
        code, values = (error.code, error.values) if isinstance(error, Coded) else (fallback, {})
        known = self._words.find(f"chat.error.{code}")
        text = known.format_map(values) if known else str(error)
        again = {"again": values["seconds"]} if "seconds" in values else {}
        await self._send(type="error", id=name[:64], code=code, message=text, **again)

    async def _push(self, conversation: str, seen: int, woken: asyncio.Event) -> None:
        while True:
            woken.clear()
            try:
                seen = await self._push_new(conversation, seen)
            except WebSocketDisconnect:
                return
            except StoreError as error:
                log.error("the store failed", extra={"error": str(error)})
                await self._desk.clock.sleep(STORE_AGAIN_SECONDS)
                continue
            await woken.wait()

    async def _push_new(self, conversation: str, seen: int) -> int:
        while True:
            lines = await self._desk.store.conversations.lines(
                self._chat.name, conversation, after=seen, limit=LINES_AT_ONCE
            )
            if not lines:
                return seen
            await self._send(
                type="lines", lines=[_for_shopper(line, conversation) for line in lines]
            )
            seen = lines[-1].seq

    async def _send(self, **message: object) -> None:
        await self._socket.send_text(dumps(message))


def _for_shopper(line: ConversationLine, conversation: str) -> Message:
    """A line without the names of staff; ``id`` is the page's own for what it sent."""
    by = "shopper" if line.direction == "in" else "bot" if line.by == "bot" else "person"
    return {
        "seq": line.seq,
        "direction": line.direction,
        "id": line.id.removeprefix(f"{conversation}:"),
        "by": by,
        "text": line.text,
        "at": line.at,
    }
