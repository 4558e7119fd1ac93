"""Feeds in a file, and a connector that reads them."""

import json
from pathlib import Path

from connectors.replay.connector import Replay
from connectors.replay.settings import ReplaySettings
from core.clock import Clock, SystemClock
from tests.connectors.support import START


def line(number: int, **changes: object) -> bytes:
    """A line whose event has the id ``number`` and was posted that many seconds after START.

    ``...`` leaves a field out.
    """
    data: dict[str, object] = {
        "channel": "weibo",
        "id": str(number),
        "author": {"id": f"a{number}"},
        "text": f"text {number}",
        "posted_at": START.timestamp() + number,
    }
    kept = {name: value for name, value in (data | changes).items() if value is not ...}
    return json.dumps(kept).encode() + b"\n"


def put(path: Path, body: bytes) -> None:
    path.write_bytes(body)


def replay(path: Path, *, clock: Clock | None = None, **settings: object) -> Replay:
    return Replay(
        name="week",
        settings=ReplaySettings.model_validate({"file": path.name} | settings),
        clock=clock or SystemClock(),
        folder=path.parent,
    )


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]
