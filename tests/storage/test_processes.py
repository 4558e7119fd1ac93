"""Four processes on one SQLite file, two of them killed: nothing is lost, nothing is damaged."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from core.clock import SystemClock
from storage.sqlite.store import SqliteStore
from tests.contracts.store_support import adds_up

pytestmark = pytest.mark.crash


async def test_four_processes_two_killed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.storage.process_worker", str(path), str(n)), stdout=PIPE
        )
        for n in range(4)
    ]
    acknowledged: set[str] = set()
    recorded: set[str] = set()

    async def listen(process: asyncio.subprocess.Process, busy: asyncio.Event) -> None:
        assert process.stdout is not None
        heard = 0
        async for line in process.stdout:
            if not line.endswith(b"]\n"):  # cut off by the kill
                break
            what, native = json.loads(line)
            (acknowledged if what == "accepted" else recorded).add(native)
            heard += 1
            if heard >= 100:
                busy.set()

    busy = [asyncio.Event() for _ in processes]
    listeners = [asyncio.create_task(listen(*pair)) for pair in zip(processes, busy, strict=True)]
    async with asyncio.timeout(90):
        for event in busy:
            await event.wait()
        for process in processes[:2]:
            process.kill()
        for process in processes[2:]:
            process.terminate()
        await asyncio.gather(*listeners, *(process.wait() for process in processes))
    store = await SqliteStore.open(path, clock=SystemClock())
    assert await store.maintenance.examine(mend=False) == []
    counts = await store.events.counts()
    assert adds_up(counts)
    assert counts.done >= len(recorded)
    left = {item.event.id for item in await store.events.claim(10**6)}
    assert len(left) == counts.pending, "what the killed held is free"
    stored = {row[2] async for rows in store.rows.read("events") for row in rows}
    assert acknowledged <= stored
    assert not left & recorded
    await store.close()
