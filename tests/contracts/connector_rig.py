"""What the connector contract needs from each platform: something to say it on, and its view."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from connectors.registry import REGISTRY
from core.config import validate
from core.connector import Connector
from core.errors import Problem
from core.outbox import Target
from tests.connectors.support import Kit


class Rig(Protocol):
    """One platform at the other end of a loopback connection, and a store on this end."""

    kit: Kit

    def connector(self) -> Connector:
        """A new connector, as after a restart, to the same platform and the same store."""
        ...

    async def say(self, texts: Sequence[str]) -> Sequence[str]:
        """Post one text after the other; returns the native ids that their events must have."""
        ...

    def target(self) -> Target:
        """Where an answer to the last text goes."""
        ...

    def taken(self) -> Sequence[str] | None:
        """The texts the platform was made to post; ``None`` where nothing leaves the machine."""
        ...


def build(kind: str, settings: dict[str, object], kit: Kit) -> Connector:
    """A connector of the registry named ``channel``, built as the composition root does it."""
    problems: list[Problem] = []
    valid = validate(REGISTRY[kind].settings, settings, "channels[0]", problems)
    assert valid is not None, problems
    return REGISTRY[kind].build("channel", valid, kit.context)


def new_kit(folder: Path) -> Kit:
    """Tools on the machine's clock."""
    return Kit(folder=folder)
