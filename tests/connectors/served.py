"""A configuration with one channel, served whole against a platform on a loopback port."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cli.config import load_config
from cli.wiring import App, open_app
from core.model.alerts import Alert
from core.model.mentions import MentionFilter, MentionRecord
from core.model.outbox import ReplyState
from core.model.tickets import Ticket
from tests.driven_clock import WATCHDOG_SECONDS

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "supermarket"
CONFIG: Final = """
[[brands]]
id = "hejia"
name = "禾家超市"
terms = ["禾家", "禾家超市", "Hejia"]
{brand}

[[channels]]
{channel}

[console]
port = 0

[knowledge]
folder = "{example}/knowledge"

[playbook]
file = "{example}/playbook.toml"
"""


class Served:
    """A running application, and what came of the events of its channel."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def settled(self, events: int) -> None:
        """Wait until so many events have ended and no reply waits."""
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while not await self._is_settled(events):
                await asyncio.sleep(0.05)

    async def _is_settled(self, events: int) -> bool:
        counts = await self._app.store.events.counts()
        idle = self._app.pipeline.idle.is_set()
        waiting = await self._app.store.outbox.waiting_channels()
        return counts.received >= events and counts.pending == 0 and idle and not waiting

    async def mentions(self) -> Sequence[MentionRecord]:
        return (await self._app.store.mentions.find(MentionFilter(), limit=500)).mentions

    async def tickets(self) -> Sequence[Ticket]:
        found = [record.ticket for record in await self.mentions() if record.ticket is not None]
        tickets = [await self._app.store.tickets.get(number) for number in dict.fromkeys(found)]
        return [ticket for ticket in tickets if ticket is not None]

    async def alerts(self) -> Sequence[Alert]:
        return await self._app.store.alerts.recent(limit=500)

    async def dropped(self) -> dict[str, int]:
        return (await self._app.store.events.counts()).dropped

    async def sent(self) -> int:
        """Replies that went out."""
        return sum(
            reply.state is ReplyState.SENT
            for record in await self.mentions()
            for reply in record.replies
        )


@asynccontextmanager
async def served(
    folder: Path, channel: str, *, brand: str = "", ready: Callable[[], None] = lambda: None
) -> AsyncIterator[Served]:
    """The application at work; ``channel`` and ``brand``: lines of the configuration."""
    file = folder / "tingfeng.toml"
    text = CONFIG.format(channel=channel, brand=brand, example=EXAMPLE)
    file.write_text(text, encoding="utf-8")
    async with open_app(load_config(file)) as app:
        ready()
        working = asyncio.create_task(app.engine.run())
        try:
            yield Served(app)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
