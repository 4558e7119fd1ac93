"""A server, and connectors to it that share one store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.x.connector import X
from connectors.x.settings import XSettings
from core.errors import ConnectorError
from core.model.outbox import Target
from tests.connectors.support import ConnectorKit, FastForwardClock, drain
from tests.connectors.x.protocol import KEYS, TOKEN
from tests.connectors.x.server import XServer, x_server
from tests.driven_clock import WATCHDOG_SECONDS

SECRETS = (TOKEN, KEYS["consumer_secret"], KEYS["access_token_secret"], KEYS["access_token"])


class Bench:
    """Makes connectors and remembers them."""

    def __init__(self, server: XServer, folder: Path) -> None:
        self.server = server
        self.kit = ConnectorKit(folder=folder, clock=FastForwardClock(20))
        self.made: list[X] = []

    def connector(self, **settings: object) -> X:
        chosen: dict[str, object] = {
            "bearer_token": TOKEN,
            "base_url": self.server.url,
            "rules": ["超市"],
            **KEYS,
        }
        made = X(
            name="x",
            settings=XSettings.model_validate(chosen | settings),
            context=self.kit.context,
        )
        self.made.append(made)
        return made

    def searching(self, **settings: object) -> X:
        return self.connector(mode="search", **settings)

    def target(self, number: str, **more: object) -> Target:
        solicited = more.get("solicited", True)
        assert isinstance(solicited, bool)
        return Target(channel="x", conversation=f"{number}:7", reply_to=number, solicited=solicited)

    async def fail(self, connector: X | None = None) -> ConnectorError:
        """The error that ends ``pages``."""
        with pytest.raises(ConnectorError) as caught:
            async with asyncio.timeout(WATCHDOG_SECONDS):
                await drain(connector or self.searching(), self.kit.intake)
        assert not [secret for secret in SECRETS if secret in str(caught.value)]
        return caught.value

    async def until(self, name: str, calls: int) -> None:
        """Wait until the server was asked that often."""
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while len(self.server.asked(name)) < calls:
                await asyncio.sleep(0.002)

    async def server_is_quiet(self, seconds: float = 0.1) -> None:
        """Wait until the server has not been asked anything for so long."""
        calls = -1
        while calls != len(self.server.calls):
            calls = len(self.server.calls)
            await asyncio.sleep(seconds)


@asynccontextmanager
async def x_bench(folder: Path) -> AsyncIterator[Bench]:
    async with x_server() as server:
        made = Bench(server, folder)
        yield made
        for connector in made.made:
            await connector.close()
