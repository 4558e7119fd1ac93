"""A server for the tests of what is special to MongoDB."""

import uuid
from collections.abc import Iterator

import pytest

from tests.contracts.mongo_server import server


@pytest.fixture(scope="session")
def mongo_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The stand-in, so that a test may do to it what one does to no shared server."""
    with server(tmp_path_factory.mktemp("mongo")) as address:
        yield address


@pytest.fixture
def mongo_url(mongo_address: str) -> str:
    """A database of its own for one test."""
    return f"{mongo_address}/t{uuid.uuid4().hex}"
