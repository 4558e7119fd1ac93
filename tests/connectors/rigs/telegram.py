"""Telegram under the connector contract: one shopper who writes in private."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from core.connector import Connector
from core.model.outbox import Target
from tests.connectors.support import ConnectorKit, FastForwardClock
from tests.connectors.telegram.server import TOKEN, TelegramServer, telegram_server
from tests.contracts.connector_rig import ContractRig, Rig, build


class TelegramRig:
    def __init__(self, folder: Path, server: TelegramServer) -> None:
        self.kit = ConnectorKit(folder=folder, clock=FastForwardClock(20))
        self._server = server
        self._last = ""

    def connector(self) -> Connector:
        settings: dict[str, object] = {"token": TOKEN, "base_url": self._server.url}
        return build("telegram", settings, self.kit)

    async def say(self, texts: Sequence[str]) -> Sequence[str]:
        ids = [self._server.say(text) for text in texts]
        self._last = ids[-1]
        return ids

    def target(self) -> Target:
        return Target(channel="channel", conversation="7", reply_to=self._last, author="7")

    def taken(self) -> Sequence[str] | None:
        return self._server.texts


@asynccontextmanager
async def telegram_rig(folder: Path) -> AsyncIterator[Rig]:
    async with telegram_server() as server:
        yield TelegramRig(folder, server)


RIG: Final = ContractRig(open=telegram_rig)
