"""Finds the platform that each registered connector is tested against.

The module ``tests/connectors/rigs/TYPE.py`` holds the platform of the connector type ``TYPE`` as
``RIG``; it is found because the type is registered.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.registry import REGISTRY
from core.connector import Connector
from core.errors import Problem
from core.model.outbox import Target
from core.validation import validate
from tests.connectors.support import ConnectorKit


class Rig(Protocol):
    """A platform on a loopback port, and the store of the connector under test."""

    kit: ConnectorKit

    def connector(self) -> Connector:
        """A new connector, as after a restart, to the same platform and the same store."""
        ...

    async def say(self, texts: Sequence[str]) -> Sequence[str]:
        """Post the texts one after the other; returns the native ids of their events."""
        ...

    def target(self) -> Target:
        """The target of a reply to the last text."""
        ...

    def taken(self) -> Sequence[str] | None:
        """The replies that the platform has taken; ``None`` if none leave the machine."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractRig:
    """A platform, and which of the contract's promises apply to its connector."""

    open: Callable[[Path], AbstractAsyncContextManager[Rig]]
    """Starts the platform; files go into the given folder."""
    pushed: bool = False
    """The platform pushes events; ``pages`` delivers none."""
    ends: bool = False
    """``pages`` ends with what the platform holds, instead of waiting for more."""
    sends: bool = True
    """The connector replies."""
    keyed: bool = False
    """The platform takes an idempotency key: a repeated send is one reply."""


def registered_rigs() -> Mapping[str, ContractRig]:
    """The rigs of all registered types that have one, by type."""
    found: dict[str, ContractRig] = {}
    for name in sorted(REGISTRY):
        module = f"tests.connectors.rigs.{name}"
        if importlib.util.find_spec(module) is not None:
            rig: object = importlib.import_module(module).RIG
            assert isinstance(rig, ContractRig), f"{module}.RIG is not a ContractRig"
            found[name] = rig
    return found


def build(type_name: str, settings: dict[str, object], kit: ConnectorKit) -> Connector:
    """Build a registered connector named ``channel``, as the application does."""
    problems: list[Problem] = []
    valid = validate(REGISTRY[type_name].settings, settings, "channels[0]", problems)
    assert valid is not None, problems
    return REGISTRY[type_name].build("channel", valid, kit.context)


def new_kit(folder: Path) -> ConnectorKit:
    """A kit on the machine's clock."""
    return ConnectorKit(folder=folder)
