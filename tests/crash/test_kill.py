"""kill -9 at every named point, on both stores: nothing accepted is lost, nothing done twice.

This is a slice; ``python -m benchmarks.crash_matrix`` kills more often.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.mongo_server import server
from tests.crash.harness import CrashSite, Nursery, nursery
from tests.crash.matrix import at_point, at_random
from tests.crash.points import NAMES

pytestmark = pytest.mark.crash
STORES = ("sqlite", "mongodb")


@pytest.fixture(scope="module")
def runs() -> Iterator[Nursery]:
    with nursery() as started:
        yield started


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server(tmp_path_factory.mktemp("mongo")) as found:
        yield found


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path, runs: Nursery, store: str) -> CrashSite:
    url = None
    if store == "mongodb":
        url = f"{request.getfixturevalue('address')}/k{uuid.uuid4().hex}"
    return CrashSite(tmp_path / "site", runs, url=url)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("point", NAMES)
async def test_no_kill_at_a_point_does_harm(
    point: str, site: CrashSite, runs: Nursery, tmp_path: Path
) -> None:
    row = await at_point(point, 2, site, runs, tmp_path)
    assert row.kills == 2
    assert row.harm == 0, row


@pytest.mark.parametrize("store", STORES)
async def test_no_kill_at_random_does_harm(site: CrashSite, runs: Nursery, tmp_path: Path) -> None:
    row = await at_random(8, site, runs, tmp_path, seed=8)
    assert row.kills == 8
    assert row.harm == 0, row
