"""Shared by the tests of Reddit: a server, and connectors to it with one store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.reddit.connector import Reddit
from connectors.reddit.settings import RedditSettings
from core.errors import ConnectorError
from core.model.outbox import Target
from tests.connectors.reddit.server import (
    ID,
    PASSWORD,
    REFRESH,
    SECRET,
    USER,
    RedditServer,
    reddit_server,
)
from tests.connectors.support import ConnectorKit, FastForwardClock, drain
from tests.driven_clock import WATCHDOG_SECONDS

SECRETS = (SECRET, PASSWORD, REFRESH, "token-")


class Bench:
    """A server and connectors to it, each with the same store."""

    def __init__(self, server: RedditServer, folder: Path) -> None:
        self.server = server
        self.kit = ConnectorKit(folder=folder, clock=FastForwardClock(200))
        self.made: list[Reddit] = []

    def connector(self, **settings: object) -> Reddit:
        chosen: dict[str, object] = {
            "client_id": ID,
            "client_secret": SECRET,
            "username": USER,
            "password": PASSWORD,
            "base_url": self.server.url,
            "subreddits": ["shop"],
            "inbox": False,
            "timeout_seconds": 2,
            "poll_seconds": 4,
        }
        made = Reddit(
            name="reddit",
            settings=RedditSettings.model_validate(chosen | settings),
            context=self.kit.context,
        )
        self.made.append(made)
        return made

    @property
    def ids(self) -> list[str]:
        return self.kit.intake.ids


@asynccontextmanager
async def reddit_bench(folder: Path) -> AsyncIterator[Bench]:
    async with reddit_server() as server:
        made = Bench(server, folder)
        try:
            yield made
        finally:
            server.stopping.set()
            for connector in made.made:
                await connector.close()


async def fail(bench: Bench, connector: Reddit | None = None) -> ConnectorError:
    """The error that ends ``pages``; it holds no secret."""
    with pytest.raises(ConnectorError) as caught:
        async with asyncio.timeout(WATCHDOG_SECONDS):
            await drain(connector or bench.connector(), bench.kit.intake)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    return caught.value


async def until(condition: object) -> None:
    """Wait until the callable ``condition`` is true."""
    assert callable(condition)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


def under(name: str, **more: str) -> Target:
    """An answer to the comment, submission or message ``name``."""
    conversation = more.get("conversation", "t3_10000/xiao_wang")
    return Target(channel="reddit", conversation=conversation, reply_to=name, author="xiao_wang")
