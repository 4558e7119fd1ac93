"""Reddit under the connector contract: shoppers who comment in one subreddit."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from core.connector import Connector
from core.model.outbox import Target
from tests.connectors.reddit.server import ID, PASSWORD, SECRET, USER, RedditServer, reddit_server
from tests.connectors.support import ConnectorKit, FastForwardClock
from tests.contracts.connector_rig import ContractRig, Rig, build


class RedditRig:
    def __init__(self, folder: Path, server: RedditServer) -> None:
        self.kit = ConnectorKit(folder=folder, clock=FastForwardClock(200))
        self._server = server
        self._last = ""

    def connector(self) -> Connector:
        settings: dict[str, object] = {
            "client_id": ID,
            "client_secret": SECRET,
            "username": USER,
            "password": PASSWORD,
            "base_url": self._server.url,
            "subreddits": ["shop"],
            "timeout_seconds": 2,
        }
        return build("reddit", settings, self.kit)

    async def say(self, texts: Sequence[str]) -> Sequence[str]:
        ids = [self._server.comment(text) for text in texts]
        self._last = ids[-1]
        return ids

    def target(self) -> Target:
        return Target(
            channel="channel",
            conversation="t3_10000/xiao_wang",
            reply_to=self._last,
            author="xiao_wang",
        )

    def taken(self) -> Sequence[str] | None:
        return self._server.texts


@asynccontextmanager
async def reddit_rig(folder: Path) -> AsyncIterator[Rig]:
    async with reddit_server() as server:
        yield RedditRig(folder, server)


RIG: Final = ContractRig(open=reddit_rig)
