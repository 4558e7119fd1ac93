"""A pause of automatic replies outlives ``kill -9``: the real process, the real chat."""

import asyncio
import base64
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Final

import aiohttp
import pytest

from tests.crash.harness import EXAMPLE, ROOT

pytestmark = pytest.mark.crash

QUESTION: Final = "你们几点关门"
_SECONDS: Final = 40.0
_SILENT: Final = 2.5
"""An automatic answer takes a fraction of this."""


class Shop:
    """One brand with a web chat, started and killed."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "tingfeng.toml"
        self.config.write_text(
            "\n".join(
                (
                    "[[brands]]",
                    'id = "hejia"',
                    'name = "禾家超市"',
                    'terms = ["禾家"]',
                    "[[channels]]",
                    'name = "webchat"',
                    'type = "webchat"',
                    "[store]",
                    f'url = "sqlite:{folder / "store.db"}"',
                    "[knowledge]",
                    f'folder = "{EXAMPLE / "knowledge"}"',
                    "[playbook]",
                    f'file = "{EXAMPLE / "playbook.toml"}"',
                )
            ),
            encoding="utf-8",
        )

    @asynccontextmanager
    async def open(self, end: int) -> AsyncIterator[aiohttp.ClientSession]:
        """The running process, which is ended by the signal ``end``."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("run.py", "serve", "--config", str(self.config), "--port", "0"),
            cwd=ROOT,
            stderr=asyncio.subprocess.PIPE,
            env=dict(os.environ, COLUMNS="200"),
        )
        try:
            async with aiohttp.ClientSession(base_url=await self._url(process)) as session:
                yield session
        finally:
            process.send_signal(end)
            assert process.stderr is not None
            await process.stderr.read()
            await process.wait()

    async def _url(self, process: asyncio.subprocess.Process) -> str:
        assert process.stderr is not None
        said = ""
        async with asyncio.timeout(_SECONDS):
            while True:
                line = await process.stderr.readline()
                assert line, said
                said += line.decode()
                if found := re.search(r"(http://127\.0\.0\.1:\d+)/", said):
                    return found[1]


class Shopper:
    """Somebody in the web chat."""

    def __init__(self, number: int) -> None:
        self._visitor = base64.urlsafe_b64encode(bytes([number]) * 32).decode().rstrip("=")

    async def ask(self, session: aiohttp.ClientSession, seconds: float) -> list[str]:
        """The machine's answers to QUESTION within ``seconds``; returns at the first answer."""
        async with session.ws_connect("/chat/ws") as socket:
            hello = {"type": "hello", "visitor": self._visitor, "after": 0}
            await socket.send_str(json.dumps(hello))
            said = {"type": "say", "id": self._visitor[:12], "text": QUESTION}
            await socket.send_str(json.dumps(said))
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                try:
                    message = json.loads(await socket.receive_str(timeout=left))
                except TimeoutError:
                    break
                bot = [line["text"] for line in message.get("lines", ()) if line["by"] == "bot"]
                if bot:
                    return bot
        return []


async def pause(session: aiohttp.ClientSession, **form: str) -> None:
    async with session.post("/pauses", data=form, allow_redirects=False) as answer:
        assert answer.status == 303


async def tickets(session: aiohttp.ClientSession) -> int:
    async with session.get("/api/tickets") as answer:
        return len((await answer.json())["tickets"])


async def test_a_pause_holds_through_a_kill_until_it_is_lifted(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.open(SIGKILL) as session:
        assert await Shopper(1).ask(session, _SECONDS), "the machine answers"
        await pause(session, do="freeze", scope="all", reason="发霉面包")
        assert await Shopper(2).ask(session, _SILENT) == []
        assert await tickets(session) == 1, "a person owes the answer"
    async with shop.open(SIGTERM) as session:
        assert await Shopper(3).ask(session, _SILENT) == []
        assert await tickets(session) == 2
        await pause(session, do="lift", id="all")
        assert await Shopper(4).ask(session, _SECONDS), "the machine answers again"
