"""Every implementation of a port, for the suites that all of them must pass."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import Clock, ManualClock
from storage.factory import open_store
from tests.contracts.store_port import Opener, Store
from tests.contracts.store_support import NOW


class _Data:
    """The data of one test, opened as often as the test likes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened: list[Store] = []

    async def __call__(self, clock: Clock) -> Store:
        store: Store = await open_store(self.url, clock=clock)
        self._opened.append(store)
        return store

    async def close(self) -> None:
        for store in self._opened:
            await store.close()


@pytest.fixture(params=["sqlite"])
async def opener(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    data = _Data(f"sqlite:{tmp_path / 'data' / 'store.db'}")
    yield data
    await data.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def store(opener: Opener, clock: ManualClock) -> Store:
    return await opener(clock)
