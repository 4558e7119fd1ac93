"""Every implementation of a port, for the suites that all of them must pass."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from core.clock import Clock, ManualClock
from core.repositories import Store
from storage.encryption import Keys, new_key
from storage.factory import open_store
from tests.contracts.mongo_server import server
from tests.contracts.store_port import Opener
from tests.contracts.store_support import NOW

KEY: Final = new_key()
SERVERS: Final = [
    pytest.param(name, marks=pytest.mark.process) for name in ("mongodb", "mongodb_alone")
]


class _Data:
    """The data of one test, opened as often as the test likes."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self.key = key
        self._opened: list[Store] = []

    async def __call__(self, clock: Clock) -> Store:
        store: Store = await open_store(self.url, clock=clock, keys=Keys(master=self.key))
        self._opened.append(store)
        return store

    async def close(self) -> None:
        for store in self._opened:
            await store.close()


@pytest.fixture(scope="session")
def mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with transactions: the one of ``MONGO_URI``, or the stand-in."""
    if os.environ.get("MONGO_URI"):
        yield os.environ["MONGO_URI"].rstrip("/")
        return
    with server(tmp_path_factory.mktemp("replica_set")) as address:
        yield address


@pytest.fixture(scope="session")
def mongodb_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that says that it has no transactions."""
    with server(tmp_path_factory.mktemp("standalone"), "--standalone") as address:
        yield address


@pytest.fixture(params=["sqlite", "sqlite_sealed", *SERVERS])
async def opener(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    if request.param.startswith("sqlite"):
        url = f"sqlite:{tmp_path / 'data' / 'store.db'}"
    else:
        url = f"{request.getfixturevalue(request.param)}/t{uuid.uuid4().hex}"
    data = _Data(url, KEY if request.param == "sqlite_sealed" else None)
    yield data
    await data.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def store(opener: Opener, clock: ManualClock) -> Store:
    return await opener(clock)
