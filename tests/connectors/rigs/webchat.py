"""The web chat under the connector contract: one visitor who writes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from connectors.webchat.connector import Webchat
from core.connector import Connector
from core.model.outbox import Target
from tests.connectors.support import ConnectorKit
from tests.contracts.connector_rig import ContractRig, Rig, build, new_kit

VISITOR = "visitor-0123456789-abcdef"


class WebchatRig:
    def __init__(self, folder: Path) -> None:
        self.kit: ConnectorKit = new_kit(folder)
        self._said = 0

    def connector(self) -> Connector:
        return build("webchat", {"burst": 1000}, self.kit)

    async def say(self, texts: Sequence[str]) -> Sequence[str]:
        connector = self.connector()
        assert isinstance(connector, Webchat)
        ids = []
        for text in texts:
            self._said += 1
            await connector.receive(VISITOR, f"m{self._said}", text)
            ids.append(f"{connector.conversation(VISITOR)}:m{self._said}")
        return ids

    def target(self) -> Target:
        connector = self.connector()
        assert isinstance(connector, Webchat)
        return Target(channel="channel", conversation=connector.conversation(VISITOR))

    def taken(self) -> Sequence[str] | None:
        return None


@asynccontextmanager
async def webchat_rig(folder: Path) -> AsyncIterator[Rig]:
    yield WebchatRig(folder)


RIG: Final = ContractRig(open=webchat_rig, pushed=True, keyed=True)
