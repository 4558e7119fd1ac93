"""What was acknowledged last, in a small file beside the store, so that a loss is noticed.

SQLite takes a write-ahead log with a damaged frame as ended before that frame, and a deleted one as
empty: the store opens as it was some commits ago, sound in itself. The mark says how far it had
come. It is written after each commit, before that is acknowledged, and flushed at most once a
second: after a power cut it may lag behind the store, which is no loss, but is never ahead of it.
"""

import json
import logging
import os
import secrets
import sqlite3
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 1.0
_SIZE: Final = 128
_ADVANCE: Final = """UPDATE marks SET commits = commits + 1, accepted = accepted + ?
    RETURNING store, commits, accepted"""
_CURRENT: Final = "SELECT store, commits, accepted FROM marks"
_FIRST: Final = "INSERT INTO marks (id, store, commits, accepted) VALUES (1, ?, 0, 0)"
_LOST: Final = """UPDATE marks SET commits = ?, accepted = ?,
    lost_commits = lost_commits + ?, lost_accepted = lost_accepted + ?"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledged:
    """How far a store had come."""

    store: str
    """A random name of the store, so that another file in its place is not taken for it."""
    commits: int
    accepted: int
    """Events that were accepted, repeats not counted."""


class CommitMark:
    """The file ``STORE-mark``. Its errors are never those of a commit, which is done by then."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-mark")
        self._fd: int | None = None
        self._flushed_at = time.monotonic()
        with suppress(OSError):
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)

    def read(self) -> Acknowledged | None:
        """What was acknowledged last; ``None`` for an empty or unreadable file."""
        if self._fd is None:
            return None
        try:
            os.lseek(self._fd, 0, os.SEEK_SET)
            checksum, _, body = os.read(self._fd, _SIZE).partition(b" ")
            body = body.strip()
            if int(checksum, 16) != zlib.crc32(body):
                return None
            store, commits, accepted = json.loads(body)
        except (OSError, ValueError):
            return None
        return Acknowledged(store=store, commits=commits, accepted=accepted)

    def note(self, now: Acknowledged) -> None:
        """Write it down, unless another process has got further meanwhile."""
        if self._fd is None:
            return
        known = self.read()
        if known is not None and known.store == now.store and known.commits >= now.commits:
            return
        body = json.dumps([now.store, now.commits, now.accepted]).encode()
        line = f"{zlib.crc32(body):08x} ".encode() + body
        with suppress(OSError):
            os.lseek(self._fd, 0, os.SEEK_SET)
            os.write(self._fd, line.ljust(_SIZE - 1) + b"\n")
            if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
                self._flush()

    def close(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                self._flush()
            os.close(self._fd)
            self._fd = None

    def _flush(self) -> None:
        if self._fd is not None:
            os.fsync(self._fd)
            self._flushed_at = time.monotonic()


def forget_mark(path: Path) -> None:
    """Begin anew, as where a backup was put back on purpose."""
    with suppress(OSError):
        os.truncate(path.with_name(f"{path.name}-mark"), 0)


def advance(db: sqlite3.Connection, accepted: int) -> Acknowledged:
    """Count this commit, with the events it accepts; a part of its transaction."""
    row = db.execute(_ADVANCE, (accepted,)).fetchone()
    if row is None:  # a backup of an older version was put back under this process
        db.execute(_FIRST, (secrets.token_hex(8),))
        row = db.execute(_ADVANCE, (accepted,)).fetchone()
    store, commits, total = row
    return Acknowledged(store=store, commits=commits, accepted=total)


def compare(
    db: sqlite3.Connection, known: Acknowledged | None, path: str, *, existed: bool
) -> None:
    """Compare a store that was just opened with its mark, and keep what is missing for the doctor.

    ``known`` is the mark, read before the store was; ``existed`` is False for a new file.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        row = db.execute(_CURRENT).fetchone()
        is_new = row is None
        if row is None:
            # The name survives a log that held all there was.
            name = known.store if known is not None and existed else secrets.token_hex(8)
            db.execute(_FIRST, (name,))
            row = (name, 0, 0)
        store, commits, accepted = row
        commits_lost = accepted_lost = 0
        if known is not None and known.store == store and commits < known.commits:
            commits_lost = known.commits - commits
            accepted_lost = max(0, known.accepted - accepted)
            db.execute(_LOST, (known.commits, known.accepted, commits_lost, accepted_lost))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    if is_new:  # so that the name is in the file itself, and a lost log cannot take it along
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if commits_lost:
        log.error("%s: %s", path, missing(commits_lost, accepted_lost))


def missing(commits: int, accepted: int) -> str:
    """What is missing, in words."""
    what = (
        f"{accepted} 条已确认收到的消息不见了 acknowledged messages are missing"
        if accepted
        else f"{commits} 次已确认的写入不见了 acknowledged writes are missing"
    )
    return f"{what}: the write-ahead log (-wal) was damaged, cut or deleted"
