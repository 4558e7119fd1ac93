"""Posts that a connector has read before it answers them."""

import asyncio

from connectors.x.connector import X
from tests.connectors.x.bench import Bench
from tests.driven_clock import WATCHDOG_SECONDS


async def connector_after(bench: Bench, events: int, **settings: object) -> X:
    """A connector that has delivered so many events."""
    connector = bench.searching(**settings)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        source = connector.pages(None)
        async for page in source:
            await bench.kit.intake.accept("x", page)
            if len(bench.kit.intake.events) >= events:
                task = asyncio.ensure_future(anext(source))
                await asyncio.sleep(0.05)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                break
    return connector
