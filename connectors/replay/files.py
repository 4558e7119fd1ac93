"""Reads a file of lines, gzipped or not, in bounded memory; whatever is no Event is a Reject."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Final

from connectors.replay.events import LONGEST_LINE, read_event
from core.errors import InputError, Refused
from core.events import Event, Reject

_GZIP_MAGIC: Final = b"\x1f\x8b"
_HEAD: Final = 64 * 1024
_ROOM: Final = LONGEST_LINE + 2  # the line's end included
_KEPT: Final = 64 * 1024
"""How much of a line that is too long a Reject keeps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What one line held."""

    number: int
    """Of the line, from one."""
    content: Event | Reject


class EventFile:
    """An open file of events, read from its start; every method may block on the disk."""

    def __init__(self, path: Path, *, channel: str) -> None:
        """Rejects are kept under ``channel``. Raises Refused where the file cannot be read."""
        self._path = path
        self._channel = channel
        self.line = 0
        """Number of the last line read."""
        try:
            self._raw = path.open("rb")
            head = self._raw.read(_HEAD)
            self._raw.seek(0)
            self.size = path.stat().st_size
            """In bytes, as stored."""
        except OSError as error:
            raise _unreadable(path, error) from error
        self._head = head
        self._broken: Refused | None = None
        self._lines: BufferedIOBase = self._raw
        if head.startswith(_GZIP_MAGIC):
            self._lines = gzip.GzipFile(fileobj=self._raw)

    def fingerprint(self, length: int | None = None) -> str:
        """``LENGTH:HASH`` of the file's first bytes; the same after lines were added to its end."""
        length = len(self._head) if length is None else length
        return f"{length}:{hashlib.sha256(self._head[:length]).hexdigest()[:32]}"

    @property
    def position(self) -> int:
        """How many of ``size`` bytes are read."""
        return self._raw.tell()

    def read(self, limit: int) -> list[Entry]:
        """What the next ``limit`` lines hold, blank lines left out; ``[]`` at the end.

        Raises Refused where the file breaks off, once all whole lines before that are given.
        """
        entries: list[Entry] = []
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
        """Pass over lines that are known already, up to the number ``lines``."""
        while self.line < lines and (line := self._next()):
            while _cut(line):
                line = self._readline(_ROOM)

    def close(self) -> None:
        """May be called twice."""
        self._lines.close()
        self._raw.close()

    def _next(self) -> bytes:
        """The next line, cut where it is far too long; empty at the end."""
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

    def _read_line(self, line: bytes) -> Entry | None:
        body = line.rstrip(b"\r\n")
        if _cut(line) or len(body) > LONGEST_LINE:
            return self._too_long(line)
        if not body.strip():
            return None
        try:
            return Entry(number=self.line, content=read_event(body, self.line))
        except InputError as error:
            return self._reject(body, hashlib.sha256(body).hexdigest(), str(error))

    def _too_long(self, line: bytes) -> Entry:
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

    def _reject(self, raw: bytes, digest: str, reason: str) -> Entry:
        reject = Reject(
            channel=self._channel, id=f"{digest[:32]}:{self.line}", raw=raw, reason=reason
        )
        return Entry(number=self.line, content=reject)


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
