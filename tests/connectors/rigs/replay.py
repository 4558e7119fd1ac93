"""The replay under the connector contract: a file that grows."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from core.connector import Connector
from core.model.outbox import Target
from tests.connectors.support import START, ConnectorKit
from tests.contracts.connector_rig import ContractRig, Rig, build, new_kit


class ReplayRig:
    def __init__(self, folder: Path) -> None:
        self.kit: ConnectorKit = new_kit(folder)
        self._file = folder / "feed.jsonl"
        self._file.touch()
        self._said = 0

    def connector(self) -> Connector:
        return build("replay", {"file": "feed.jsonl"}, self.kit)

    async def say(self, texts: Sequence[str]) -> Sequence[str]:
        return self._write(texts)

    def _write(self, texts: Sequence[str]) -> list[str]:
        ids = []
        with self._file.open("a") as file:
            for text in texts:
                self._said += 1
                ids.append(str(self._said))
                event = {
                    "channel": "channel",
                    "id": self._said,
                    "author": {"id": 7},
                    "text": text,
                    "posted_at": START.timestamp() + self._said,
                }
                file.write(json.dumps(event) + "\n")
        return ids

    def target(self) -> Target:
        return Target(channel="channel", conversation=str(self._said), reply_to=str(self._said))

    def taken(self) -> Sequence[str] | None:
        return None


@asynccontextmanager
async def replay_rig(folder: Path) -> AsyncIterator[Rig]:
    yield ReplayRig(folder)


RIG: Final = ContractRig(open=replay_rig, ends=True, keyed=True)
