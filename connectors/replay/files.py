"""Files of a replay: the feed that is read, and the file that replies are appended to.

The feed is JSON Lines, optionally gzipped, read in bounded memory; a line that is not an Event
becomes a Reject.
"""

import gzip
import hashlib
import json
import os
import zlib
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Final

from connectors.replay.events import LONGEST_LINE, read_event
from core.errors import InputError, Refused
from core.model.events import Event, Reject
from core.model.outbox import Target

_GZIP_MAGIC: Final = b"\x1f\x8b"
_HEAD: Final = 64 * 1024
_ROOM: Final = LONGEST_LINE + 2  # with the line terminator
_KEPT: Final = 64 * 1024
"""Bytes that a Reject keeps of an overlong line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedLine:
    """The content of one line."""

    number: int
    """Line number, from 1."""
    content: Event | Reject


class FeedFile:
    """An open feed, read from its start; every method may block on the disk."""

    def __init__(self, path: Path, *, channel: str) -> None:
        """Open ``path``; rejects are recorded under ``channel``. Raises Refused."""
        self._path = path
        self._channel = channel
        self.line = 0
        """Number of the last line read."""
        try:
            self._raw = path.open("rb")
            head = self._raw.read(_HEAD)
            self._raw.seek(0)
            self.size = path.stat().st_size
            """Bytes on disk."""
        except OSError as error:
            raise _unreadable(path, error) from error
        self._head = head
        self._broken: Refused | None = None
        self._lines: BufferedIOBase = self._raw
        if head.startswith(_GZIP_MAGIC):
            self._lines = gzip.GzipFile(fileobj=self._raw)

    def fingerprint(self, length: int | None = None) -> str:
        """``LENGTH:HASH`` of the file's first bytes, which stays the same while the file grows."""
        length = len(self._head) if length is None else length
        return f"{length}:{hashlib.sha256(self._head[:length]).hexdigest()[:32]}"

    @property
    def position(self) -> int:
        """Bytes read so far, of ``size``."""
        return self._raw.tell()

    def read(self, limit: int) -> list[FeedLine]:
        """Read the next ``limit`` lines, without blank ones; ``[]`` at the end of the file.

        Raises Refused if the file is damaged or truncated, after all whole lines before that.
        """
        entries: list[FeedLine] = []
        while len(entries) < limit:
            line = self._next()
            if not line:
                break
            entry = self._read_line(line)
            if entry is not None:
                entries.append(entry)
        if self._broken is not None and not entries:
            raise self._broken
        return entries

    def skip(self, lines: int) -> None:
        """Skip to behind the line numbered ``lines``."""
        while self.line < lines and (line := self._next()):
            while _cut(line):
                line = self._readline(_ROOM)

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._lines.close()
        self._raw.close()

    def _next(self) -> bytes:
        """The next line, truncated if it is overlong; empty at the end."""
        line = self._readline(_ROOM)
        if line:
            self.line += 1
        return line

    def _readline(self, limit: int) -> bytes:
        if self._broken is not None:
            return b""
        try:
            return self._lines.readline(limit)
        except (EOFError, OSError, zlib.error) as error:
            self._broken = _unreadable(self._path, error, after=self.line)
            return b""

    def _read_line(self, line: bytes) -> FeedLine | None:
        body = line.rstrip(b"\r\n")
        if _cut(line) or len(body) > LONGEST_LINE:
            return self._too_long(line)
        if not body.strip():
            return None
        try:
            return FeedLine(number=self.line, content=read_event(body, self.line))
        except InputError as error:
            return self._reject(body, hashlib.sha256(body).hexdigest(), str(error))

    def _too_long(self, line: bytes) -> FeedLine:
        digest, kept, length = hashlib.sha256(line), line[:_KEPT], len(line)
        while line and not line.endswith(b"\n"):
            line = self._readline(_ROOM)
            digest.update(line)
            length += len(line)
        reason = (
            f"line {self.line}: {length} bytes are more than {LONGEST_LINE}, "
            f"the first {_KEPT} are kept. Split or shorten the line."
        )
        return self._reject(kept, digest.hexdigest(), reason)

    def _reject(self, raw: bytes, digest: str, reason: str) -> FeedLine:
        reject = Reject(
            channel=self._channel, id=f"{digest[:32]}:{self.line}", raw=raw, reason=reason
        )
        return FeedLine(number=self.line, content=reject)


def _cut(line: bytes) -> bool:
    return len(line) == _ROOM and not line.endswith(b"\n")


def _unreadable(path: Path, error: Exception, *, after: int = 0) -> Refused:
    if isinstance(error, OSError) and error.strerror:
        return Refused(
            f"{path} cannot be read: {error.strerror}",
            remedy="Check that the file is there and may be read.",
        )
    return Refused(
        f"{path} breaks off or is damaged after line {after}",
        remedy="All lines before that were read. Copy the file again and start over.",
    )


class RepliesFile:
    """Appends replies durably and finds them by key; opens the file for each call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, target: Target, text: str, key: str) -> None:
        """Append one reply; durable on return. Raises OSError."""
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
                if file.read(1) != b"\n":  # a crash truncated the last line: do not append to it
                    line = f"\n{line}"
            file.write(line.encode("ascii") + b"\n")
            os.fsync(file.fileno())

    def has(self, key: str) -> bool:
        """True if a reply with this key was written; a truncated line does not count."""
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
