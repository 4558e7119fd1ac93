"""X under the connector contract: one person who names the brand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from core.connector import Connector
from core.model.outbox import Target
from tests.connectors.support import ConnectorKit, FastForwardClock
from tests.connectors.x.protocol import KEYS, TOKEN
from tests.connectors.x.server import XServer, x_server
from tests.contracts.connector_rig import ContractRig, Rig, build


class XRig:
    def __init__(self, folder: Path, server: XServer) -> None:
        self.kit = ConnectorKit(folder=folder, clock=FastForwardClock(20))
        self._server = server
        self._last = ""

    def connector(self) -> Connector:
        settings: dict[str, object] = {
            "bearer_token": TOKEN,
            "base_url": self._server.url,
            "rules": ["超市"],
            **KEYS,
        }
        return build("x", settings, self.kit)

    async def say(self, texts: Sequence[str]) -> Sequence[str]:
        ids = [self._server.say(text) for text in texts]
        self._last = ids[-1]
        return ids

    def target(self) -> Target:
        return Target(channel="channel", conversation=f"{self._last}:7", reply_to=self._last)

    def taken(self) -> Sequence[str] | None:
        return [str(reply["text"]) for reply in self._server.replies]


@asynccontextmanager
async def x_rig(folder: Path) -> AsyncIterator[Rig]:
    async with x_server() as server:
        yield XRig(folder, server)


RIG: Final = ContractRig(open=x_rig)
