"""Replies written to a file instead of a platform, one JSON object a line."""

import json
import os
from pathlib import Path

from core.outbox import Target


class Ledger:
    """Appends replies durably and knows which it has; the file is opened for each call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, target: Target, text: str, key: str) -> None:
        """Write one line; durable on return. Raises OSError."""
        line = json.dumps(
            {
                "key": key,
                "channel": target.channel,
                "conversation": target.conversation,
                "reply_to": target.reply_to,
                "text": text,
            }
        )
        with self._path.open("a+b", buffering=0) as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a crash cut the last line short: do not add to it
                    line = f"\n{line}"
            file.write(line.encode("ascii") + b"\n")
            os.fsync(file.fileno())

    def has(self, key: str) -> bool:
        """Whether a reply with this key was written; a line cut short by a crash does not count."""
        if not self._path.exists():
            return False
        with self._path.open("rb") as file:
            return any(_key(line) == key for line in file)


def _key(line: bytes) -> str | None:
    try:
        data: object = json.loads(line)
    except ValueError:
        return None
    key = data.get("key") if isinstance(data, dict) else None
    return key if isinstance(key, str) else None
