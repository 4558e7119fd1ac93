"""The web chat: its page, its launcher script for the brand's own site, and its WebSocket.

The page sends ``{"type": "hello", "visitor", "after"}`` once, then ``{"type": "say", "id",
"text"}``. It gets ``{"type": "lines", "lines"}`` (all with seq > after, in order),
``{"type": "ack", "id"}`` once a message is durable, and ``{"type": "error", "id", "code",
"message"}`` (with ``again``, in seconds, where the same message may be sent again; those behind it
are refused in the same way until then, so that messages are stored in the order they were written).
"""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from console.context import ChatChannel, CodedError, ConsoleContext
from console.i18n import LANGS, Translator
from console.json_encoding import dumps
from console.live import LiveHub
from console.pages.base import ConsolePage, Worker
from console.render import HERE, Renderer
from console.security import CHAT_PAGE, CHAT_SCRIPT, POLICY_VIOLATION, SOCKET_GONE
from core.errors import InputError, StoreError
from core.model.conversations import ConversationLine
from core.model.mentions import Mention
from core.model.outbox import Reply
from core.runtime.bus import Bus, Change, ConversationUpdated, Subscription

log = logging.getLogger(__name__)

EMBED: Final = HERE / "static" / "embed.js"
HELLO_SECONDS: Final = 10.0
MAX_FRAME: Final = 256 * 1024
LINES_AT_ONCE: Final = 200
STORE_RETRY_SECONDS: Final = 3
MAX_SEQ: Final = 2**53
GIVEN_UP_AFTER: Final = 3
"""A page that has not sent a message again after so many times ``again`` will not."""
MOST_HELD: Final = 500
"""Places in the order that are kept for one page."""
TOO_BIG: Final = 1009

ChatMessage = Mapping[str, object]


class ChatPages(ConsolePage):
    """The chat for shoppers; without a web chat channel it has no routes."""

    def __init__(self, renderer: Renderer, live: LiveHub) -> None:
        super().__init__(renderer, live)
        self._chat = self._context.chat
        self._hub = ChatHub(self._context.bus, "" if self._chat is None else self._chat.name)
        labels = {lang: renderer.translator(lang)("chat.launch") for lang in LANGS}
        self._script = EMBED.read_text(encoding="utf-8").replace('"{{WORDS}}"', dumps(labels))

    def routes(self) -> Sequence[BaseRoute]:
        if self._chat is None:
            return []
        return [
            self.route(CHAT_PAGE, self.page, who="shopper"),
            self.route(CHAT_SCRIPT, self.script, who="shopper"),
            self.socket("/chat/ws", self.serve, who="shopper"),
        ]

    def workers(self) -> Sequence[Worker]:
        return [] if self._chat is None else [self._hub.run]

    async def page(self, request: Request) -> Response:
        return self._renderer.response(request, "chat.html", {})

    async def script(self, request: Request) -> Response:
        """The launcher, with the label of its button in every language."""
        return Response(self._script, media_type="text/javascript")

    async def serve(self, socket: WebSocket) -> None:
        assert self._chat is not None  # noqa: S101 - there is no route without one
        translator = self._renderer.translator(self._renderer.lang(socket))
        await ChatSession(
            socket,
            context=self._context,
            chat=self._chat,
            hub=self._hub,
            translator=translator,
        ).serve()


class ChatHub:
    """Wakes open chat pages whose conversation may have new lines.

    It carries no content: each page reads the lines that it has not seen from the store, so that a
    slow page cannot miss one.
    """

    def __init__(self, bus: Bus, channel: str) -> None:
        self._bus = bus
        self._channel = channel
        self._watchers: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, conversation: str) -> Iterator[asyncio.Event]:
        """An event that is set when the conversation may have changed."""
        woken = asyncio.Event()
        watching = self._watchers.setdefault(conversation, set())
        watching.add(woken)
        try:
            yield woken
        finally:
            watching.discard(woken)
            if not watching:
                self._watchers.pop(conversation, None)

    async def run(self) -> None:
        """Follow the bus until cancelled."""
        changes = self._bus.subscribe(5000)
        try:
            await self._follow(changes)
        finally:
            changes.close()

    async def _follow(self, changes: Subscription) -> None:
        lost = 0
        async for change in changes:
            if changes.lost > lost:  # any conversation may have changed
                lost = changes.lost
                self._wake_all()
            for woken in self._watchers.get(self._conversation(change), ()):
                woken.set()

    def _wake_all(self) -> None:
        for watching in self._watchers.values():
            for woken in watching:
                woken.set()

    def _conversation(self, change: Change) -> str:
        match change:
            case ConversationUpdated(channel=channel, conversation=conversation) if (
                channel == self._channel
            ):
                return conversation
            case Mention(event=event) if event.channel == self._channel:
                return event.conversation
            case Reply(target=target) if target.channel == self._channel:
                return target.conversation
            case _:
                return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldMessage:
    """A message that the page was asked to send again, and how it was asked."""

    code: str
    message: str
    again: int
    """Seconds after which it may be sent again."""


class HeldMessages:
    """Those that have to come again, first come first: each is taken once those ahead of it were.

    One that the page has given up, and does not send again, holds up the others no longer.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[HeldMessage, float]] = {}
        """By id, in their order, with the monotonic time at which one counts as given up."""

    def ahead_of(self, name: str, now: float) -> HeldMessage | None:
        """The message that has to be taken before ``name``, if there is one."""
        for first, (held, until) in list(self._waiting.items()):
            if first == name:
                return None
            if now < until:
                return held
            del self._waiting[first]
        return None

    def hold(self, name: str, held: HeldMessage, now: float) -> None:
        """Keep a place for a message that was refused for now."""
        if name in self._waiting or len(self._waiting) < MOST_HELD:
            self._waiting[name] = (held, now + held.again * GIVEN_UP_AFTER + 1)

    def settle(self, name: str) -> None:
        """It was taken, or refused for good."""
        self._waiting.pop(name, None)


class ChatSession:
    """The WebSocket of one chat page."""

    def __init__(
        self,
        socket: WebSocket,
        *,
        context: ConsoleContext,
        chat: ChatChannel,
        hub: ChatHub,
        translator: Translator,
    ) -> None:
        self._socket = socket
        self._context = context
        self._chat = chat
        self._hub = hub
        self._translator = translator
        self._held = HeldMessages()

    async def serve(self) -> None:
        """Serve until the page disconnects."""
        await self._socket.accept()
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await self._receive()
        except TimeoutError:
            await self._socket.close(POLICY_VIOLATION)
            return
        except SOCKET_GONE:
            return
        visitor, after = hello.get("visitor"), hello.get("after")
        try:
            if hello.get("type") != "hello" or not isinstance(visitor, str):
                raise InputError("the first message has to be of the type hello")
            conversation = self._chat.conversation(visitor)
        except InputError as error:
            await self._send_error("", error, fallback="visitor")
            await self._socket.close(POLICY_VIOLATION)
            return
        seen = after if isinstance(after, int) and 0 <= after < MAX_SEQ else 0
        with self._hub.watch(conversation) as woken:
            pusher = asyncio.create_task(self._push(conversation, seen, woken))
            try:
                while True:
                    await self._take(visitor, await self._receive())
                    woken.set()
            except SOCKET_GONE:
                return
            finally:
                pusher.cancel()
                await asyncio.wait([pusher])

    async def _receive(self) -> ChatMessage:
        """The next message; ``{}`` for one that is no JSON object."""
        packet = await self._socket.receive()
        if packet["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(packet.get("code", 1005))
        raw: object = packet.get("text")
        if not isinstance(raw, str):
            return {}
        if len(raw) > MAX_FRAME:
            await self._socket.close(TOO_BIG)
            raise WebSocketDisconnect(TOO_BIG)
        try:
            found: object = json.loads(raw)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    async def _take(self, visitor: str, message: ChatMessage) -> None:
        name, text = message.get("id"), message.get("text")
        name = name if isinstance(name, str) else ""
        try:
            if message.get("type") != "say" or not name or not isinstance(text, str):
                raise InputError("not a message of the type say with an id and a text")
            ahead = self._held.ahead_of(name, self._context.clock.monotonic())
            if ahead is not None:
                return await self._send_held(name, ahead.code, ahead.message, ahead.again)
            await self._chat.receive(visitor, name, text)
        except InputError as error:
            self._held.settle(name)
            await self._send_error(name, error, fallback="message")
        except StoreError as error:
            log.error("the store failed", extra={"error": str(error)})
            text = self._translator("chat.error.store")
            await self._send_held(name, "store", text, STORE_RETRY_SECONDS)
        else:
            self._held.settle(name)
            await self._send(type="ack", id=name)

    async def _send_held(self, name: str, code: str, message: str, again: int) -> None:
        held = HeldMessage(code=code, message=message, again=again)
        self._held.hold(name, held, self._context.clock.monotonic())
        await self._send(type="error", id=name, code=code, message=message, again=again)

    async def _send_error(self, name: str, error: InputError, *, fallback: str) -> None:
        code, values = (
            (error.code, error.values) if isinstance(error, CodedError) else (fallback, {})
        )
        message = self._translator.find(f"chat.error.{code}")
        text = message.format_map(values) if message else str(error)
        if "seconds" in values:
            await self._send_held(name[:64], code, text, values["seconds"])
        else:
            await self._send(type="error", id=name[:64], code=code, message=text)

    async def _push(self, conversation: str, seen: int, woken: asyncio.Event) -> None:
        while True:
            woken.clear()
            try:
                seen = await self._push_new(conversation, seen)
            except SOCKET_GONE:
                return
            except StoreError as error:
                log.error("the store failed", extra={"error": str(error)})
                await self._context.clock.sleep(STORE_RETRY_SECONDS)
                continue
            await woken.wait()

    async def _push_new(self, conversation: str, seen: int) -> int:
        """Send every line after ``seen``; returns the seq of the last."""
        while True:
            lines = await self._context.store.conversations.lines(
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


def _for_shopper(line: ConversationLine, conversation: str) -> ChatMessage:
    """A line without names of staff; ``id`` is the page's own for a line that it sent."""
    by = "shopper" if line.direction == "in" else "bot" if line.by == "bot" else "person"
    return {
        "seq": line.seq,
        "direction": line.direction,
        "id": line.id.removeprefix(f"{conversation}:"),
        "by": by,
        "text": line.text,
        "at": line.at,
    }
