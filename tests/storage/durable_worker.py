"""A process that stores events for many callers at once and says how many were acknowledged.

Usage: python -m tests.storage.durable_worker FILE CALLERS EACH [careless]
"""

import asyncio
import sys
from pathlib import Path

from core.clock import SystemClock
from storage.sqlite.store import SqliteStore
from tests.contracts.store_support import event, put


async def main(path: Path, callers: int, each: int, *, careless: bool) -> None:
    store = await SqliteStore.open(path, clock=SystemClock())
    if careless:
        store._db._writer._db.execute("PRAGMA synchronous = OFF")
    acknowledged = 0

    async def call(name: int) -> None:
        nonlocal acknowledged
        for n in range(each):
            receipt = await put(store, event(f"{name}-{n}"))
            acknowledged += receipt.accepted

    await asyncio.gather(*map(call, range(callers)))
    await store.close()
    print(acknowledged)


asyncio.run(
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), careless="careless" in sys.argv)
)
