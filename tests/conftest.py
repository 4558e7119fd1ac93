"""Settings of all tests."""

from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")  # a busy machine is no failure

SERVERS: Final = frozenset({"mongodb", "mongodb_alone", "mongo_address"})
"""Fixtures that start a database."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what needs a database server, so that ``--fast`` leaves it out."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.process)
