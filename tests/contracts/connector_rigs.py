"""Every connector that keeps the contract; a new one adds one line."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from tests.connectors.reddit.rig import reddit_rig
from tests.connectors.replay.rig import replay_rig
from tests.connectors.telegram.rig import telegram_rig
from tests.connectors.webchat.rig import webchat_rig
from tests.connectors.x.rig import x_rig
from tests.contracts.connector_rig import Rig

RIGS: Final[Mapping[str, Callable[[Path], AbstractAsyncContextManager[Rig]]]] = {
    "reddit": reddit_rig,
    "replay": replay_rig,
    "telegram": telegram_rig,
    "webchat": webchat_rig,
    "x": x_rig,
}

PUSHED: Final = frozenset({"webchat"})
"""Their events are pushed to the connector; all others deliver pages."""
ENDING: Final = frozenset({"replay"})
"""Their reading ends with what the platform holds; all others wait for more."""
KEYLESS: Final = frozenset({"reddit", "telegram", "x"})
"""Sending twice is two replies there; all others take a key, with which it is one."""
LISTENING: Final[frozenset[str]] = frozenset()
"""They do not send."""
