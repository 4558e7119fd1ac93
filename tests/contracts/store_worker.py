"""A process beside the test: claims events and replies, says which, and waits to be killed.

Usage: python -m tests.contracts.store_worker URL [KEY]
"""

import asyncio
import json
import sys

from core.clock import SystemClock
from storage.encryption import Keys
from storage.factory import open_store


async def main(url: str, key: str | None = None) -> None:
    clock = SystemClock()
    store = await open_store(url, clock=clock, keys=Keys(master=key))
    events = await store.events.claim(3)
    replies = await store.outbox.claim("chat", 1, clock.now())
    held = {"events": [item.event.id for item in events], "replies": [each.key for each in replies]}
    print(json.dumps(held), flush=True)
    await asyncio.sleep(600)


asyncio.run(main(*sys.argv[1:]))
