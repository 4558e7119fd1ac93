"""A process that puts events into a shared store and works on whatever it can claim.

Usage: python -m tests.storage.process_worker FILE NAME; says each step that was acknowledged.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

from core.clock import SystemClock
from core.model.outcomes import Outcome
from storage.sqlite.store import SqliteStore
from tests.builders import plan
from tests.contracts.store_support import event, mention, put


async def main(path: Path, name: str) -> None:
    store = await SqliteStore.open(path, clock=SystemClock())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    n = 0
    while not stop.is_set():
        natives = [f"{name}-{n}-{part}" for part in range(5)]
        await put(store, *(event(native) for native in natives))
        for native in natives:
            print(json.dumps(["accepted", native]), flush=True)
        for item in await store.events.claim(4):
            await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=plan())])
            print(json.dumps(["recorded", item.event.id]), flush=True)
        n += 1
    await store.close()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
