"""A server that speaks the Bot API on a loopback port and writes down what it was asked and did.

It keeps updates as Telegram does: they are given again until an offset behind them is asked for.
Source: https://core.telegram.org/bots/api
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

TOKEN = "4242:TEST-token_0123456789"
BOT = {"id": 4242, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}

Json = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class TelegramTrouble:
    """A failure of one call, instead of its answer or in it."""

    status: int = 200
    body: Json | str | bytes | None = None
    """Sent instead of the real answer."""
    how: Literal["answer", "hang", "cut", "act and cut", "act and hang"] = "answer"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One line of the ledger."""

    method: str
    fields: Mapping[str, str]
    at: float
    """Monotonic seconds."""
    acted: bool


def flood(seconds: int) -> TelegramTrouble:
    return error(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def error(code: int, description: str, **parameters: int) -> TelegramTrouble:
    body: Json = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return TelegramTrouble(status=code, body=body)


@dataclass
class TelegramServer:
    """The server's state; tests change and read it freely."""

    url: str = ""
    token: str = TOKEN
    page: int = 100
    pending: list[Json] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    troubles: dict[str, list[TelegramTrouble]] = field(default_factory=dict)
    webhook: Json = field(default_factory=lambda: {"url": "", "pending_update_count": 0})
    shuffled: bool = False
    """Gives each page from its end."""
    deaf: bool = False
    """Gives the same updates again and again, whatever the offset."""
    next_update: int = 1000
    next_message: int = 1
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    monotonic: Callable[[], float] = time.monotonic
    """By which calls are dated."""

    def push(self, **update: object) -> int:
        """Have an update waiting; returns its id."""
        number = self.next_update
        self.next_update += 1
        self.pending.append({"update_id": number, **update})
        return number

    def say(self, text: str, *, chat: int = 7, **more: object) -> str:
        """Have a private message waiting; returns the native id of its event."""
        message = self.message(chat=chat, text=text, **more)
        self.push(message=message)
        return f"{chat}:{message['message_id']}"

    def message(self, *, chat: int = 7, **more: object) -> Json:
        """A message; private where the chat's id is above zero, as Telegram numbers them."""
        number = self.next_message
        self.next_message += 1
        sort = "private" if chat > 0 else "supergroup"
        return {
            "message_id": number,
            "date": 1772352000 + number,
            "chat": {"id": chat, "type": sort, "title": "Group"},
            "from": {"id": abs(chat), "is_bot": False, "first_name": "小王"},
            **more,
        }

    def trouble(self, method: str, *troubles: TelegramTrouble) -> None:
        """The next calls of ``method`` meet these."""
        self.troubles.setdefault(method, []).extend(troubles)

    def done(self, method: str) -> list[Call]:
        """Calls of ``method`` that were acted on."""
        return [call for call in self.calls if call.method == method and call.acted]

    def asked(self, method: str) -> list[Call]:
        """All calls of ``method``."""
        return [call for call in self.calls if call.method == method]

    @property
    def texts(self) -> list[str]:
        """Texts that the bot has posted."""
        return [call.fields["text"] for call in self.done("sendMessage")]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fields = {name: str(value) for name, value in (await request.post()).items()}
        waiting = self.troubles.get(method, [])
        trouble = waiting.pop(0) if waiting else None
        right = request.match_info["token"] == self.token
        acts = right and (trouble is None or trouble.how.startswith("act"))
        self.calls.append(Call(method=method, fields=fields, at=self.monotonic(), acted=acts))
        if not right:
            return _answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        result = await self._act(method, fields) if acts else None
        if trouble is None:
            return _answer(200, {"ok": True, "result": result})
        if trouble.how.endswith("hang"):
            await self.stopping.wait()
        if trouble.how != "answer":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return _answer(trouble.status, trouble.body)

    async def _act(self, method: str, fields: Mapping[str, str]) -> object:
        match method:
            case "getMe":
                return BOT | {"can_join_groups": True, "can_read_all_group_messages": False}
            case "getUpdates":
                return await self._updates(fields)
            case "sendMessage" | "editMessageText":
                self.next_message += 1
                chat = {"id": int(fields["chat_id"]), "type": "private", "first_name": "x"}
                number = int(fields.get("message_id", self.next_message))
                return {"message_id": number, "date": 1772352000, "chat": chat, "text": "x"}
            case "getWebhookInfo":
                return {"has_custom_certificate": False, **self.webhook}
            case "setWebhook":
                self.webhook["url"] = fields["url"]
        return True

    async def _updates(self, fields: Mapping[str, str]) -> list[Json]:
        offset = int(fields.get("offset", 0))
        if not self.deaf:
            self.pending = [
                item for item in self.pending if int(str(item.get("update_id", 0))) >= offset
            ]
        until = time.monotonic() + min(float(fields.get("timeout", 0)), 5)
        while not self.pending and time.monotonic() < until and not self.stopping.is_set():
            await asyncio.sleep(0.01)
        page = self.pending[: self.page]
        return page[::-1] if self.shuffled else page


def _answer(status: int, body: Json | str | bytes | None) -> web.Response:
    if isinstance(body, dict):
        return web.Response(status=status, text=json.dumps(body), content_type="application/json")
    raw = body.encode() if isinstance(body, str) else body
    return web.Response(status=status, body=raw, content_type="application/json")


@asynccontextmanager
async def telegram_server() -> AsyncIterator[TelegramServer]:
    """A running server on a free port."""
    server = TelegramServer()
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.stopping.set()
        await runner.cleanup()
