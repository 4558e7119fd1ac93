"""Stopping is quiet: SIGTERM and SIGINT end the real server, with whatever is open, in peace."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from tests.cli.running import ROOT
from tests.console.chat_page import VISITOR

pytestmark = pytest.mark.process

SECONDS: Final = 30.0
TABS: Final = 4


async def answer(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until the server answers."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                async with session.get(f"{url}/health") as found:
                    await found.read()
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


@pytest.fixture
def busy(config: Path, unused_tcp_port: int) -> Path:
    """A configuration with a known port, and no limit on how fast visitors write."""
    text = config.read_text("utf-8").replace("port = 0", f"port = {unused_tcp_port}")
    fast = 'type = "webchat"\nburst = 100000\nper_second = 100000'
    config.write_text(text.replace('type = "webchat"', fast), "utf-8")
    return config


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
async def test_stopping_with_open_sockets_prints_no_traceback(
    busy: Path, number: signal.Signals, unused_tcp_port: int
) -> None:
    """Open tabs and chats, one of them amid a burst of messages, one that never said hello."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "run.py",
        "serve",
        "--config",
        str(busy),
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "400"},
        stdout=PIPE,
        stderr=PIPE,
    )
    url = f"http://127.0.0.1:{unused_tcp_port}"
    try:
        async with aiohttp.ClientSession() as session:
            await answer(session, url)
            tabs = [await session.ws_connect(f"{url}/live") for _ in range(TABS)]
            chats = [await session.ws_connect(f"{url}/chat/ws") for _ in range(TABS)]
            for place, chat in enumerate(chats[1:]):
                await chat.send_json(
                    {"type": "hello", "visitor": f"{VISITOR[:-1]}{place}", "after": 0}
                )
            talking = [asyncio.create_task(_talk(chat)) for chat in chats[1:]]
            await asyncio.sleep(0.5)
            process.send_signal(number)
            out, said = await asyncio.wait_for(process.communicate(), SECONDS)
            for one in talking:
                one.cancel()
            await asyncio.wait(talking)
            for socket in (*tabs, *chats):
                await socket.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    shown = (out + said).decode()
    assert process.returncode == 0, shown
    for word in ("Traceback", "Exception", "exc_info", '"exception"', '"level": "error"'):
        assert word not in shown, shown


async def _talk(chat: aiohttp.ClientWebSocketResponse) -> None:
    for place in range(10_000):
        await chat.send_json({"type": "say", "id": f"m{place}", "text": "你们几点关门"})
        await asyncio.sleep(0.001)
