"""Every store when processes die: another goes on, and takes nothing from the living.

The processes are real and so is the kill.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypedDict, cast

import pytest

from core.clock import SystemClock
from tests.contracts.store_port import Opener
from tests.contracts.store_support import event, put, reply

pytestmark = pytest.mark.crash


class Held(TypedDict):
    events: list[str]
    replies: list[str]


Start = Callable[[], Awaitable[tuple[Process, Held]]]


@pytest.fixture
async def start(opener: Opener) -> AsyncIterator[Start]:
    started: list[Process] = []

    async def run() -> tuple[Process, Held]:
        command: tuple[str, ...] = (
            sys.executable,
            "-m",
            "tests.contracts.store_worker",
            opener.url,
        )
        if opener.key is not None:
            command = (*command, opener.key)
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        started.append(process)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        return process, cast("Held", json.loads(line))

    yield run
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def kill(process: Process) -> None:
    process.kill()
    await process.wait()


async def test_what_a_killed_process_held_is_free_at_once(opener: Opener, start: Start) -> None:
    store = await opener(SystemClock())
    await put(store, *(event(f"e{n}") for n in range(5)))
    await store.outbox.add(reply("r1"))
    first, held_first = await start()
    second, held_second = await start()
    assert held_first == {"events": ["e0", "e1", "e2"], "replies": ["r1"]}
    assert held_second == {"events": ["e3", "e4"], "replies": []}
    assert await store.events.claim(9) == []
    assert await store.outbox.in_doubt("chat") == []
    await kill(first)
    assert [item.event.id for item in await store.events.claim(9)] == ["e0", "e1", "e2"]
    assert [each.key for each in await store.outbox.in_doubt("chat")] == ["r1"]
    assert await store.outbox.claim("chat", 9, SystemClock().now()) == []
    await kill(second)
    again = await opener(SystemClock())
    assert [item.event.id for item in await again.events.claim(9)] == ["e3", "e4"]
    assert await again.outbox.in_doubt("chat") == []
