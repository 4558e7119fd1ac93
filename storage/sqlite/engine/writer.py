"""Group commit: one thread writes, and many callers' work shares one commit and one fsync.

Under load the queue fills while a commit is being flushed; all that waits then goes into the next
transaction, so the number of flushes a second stays what the disk can do while the rows a second
grow. Each caller's work runs in its own savepoint, so that its error is its own; results are
delivered only after the commit. If the transaction as a whole fails, each piece of work is tried
once more alone, so work must not change anything but the database.
"""

import asyncio
import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from core.clock import Clock, micros
from core.errors import StoreError, StoreLocked, StoreReadOnly
from storage.encryption import Coder
from storage.sqlite.engine.connection import SqliteTx, translate
from storage.sqlite.engine.mark import Acknowledged, CommitMark, advance

R = TypeVar("R")
LARGEST_GROUP: Final = 1000
_COUNT: Final = """INSERT INTO counters (name, n) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET n = n + excluded.n"""


@dataclass(slots=True)
class _Job:
    """One caller's work and where its answer goes."""

    work: Callable[[SqliteTx], object]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[object]
    result: object = None
    error: BaseException | None = None


class _Broken(Exception):
    """The transaction of a group is gone; ``cause`` says why."""

    def __init__(self, cause: StoreError) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Writer:
    """Owns the writing connection; ``do`` may be called from any event loop."""

    def __init__(
        self,
        db: sqlite3.Connection,
        mark: CommitMark,
        *,
        coder: Coder,
        clock: Clock,
        owner: int,
        path: str,
    ) -> None:
        self._db = db
        self._mark = mark
        self._coder = coder
        self._clock = clock
        self._owner = owner
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._closed = False
        self._thread.start()

    async def do(self, work: Callable[[SqliteTx], R]) -> R:
        """Run ``work`` in a transaction; durable on return. Raises what it raises."""
        if self._closed:
            raise StoreError(f"{self._path} is closed. Open the store again.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._jobs.put(_Job(work=work, loop=loop, future=future))
        return cast("R", await future)

    def close(self) -> None:
        """Finish what was handed in, then close the connection; blocks until that is done."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()
            self._mark.close()
            self._db.close()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            group, last = self._gather(first)
            self._do_group(group)
            _answer(group)
            if last:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        group = [first]
        while len(group) < LARGEST_GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
        return group, False

    def _do_group(self, group: list[_Job]) -> None:
        try:
            self._transact(group)
        except _Broken as broken:
            cause = broken.cause
            alone = len(group) == 1 or isinstance(cause, StoreLocked | StoreReadOnly)
            for job in group:
                if alone:
                    job.error = type(cause)(str(cause))
                else:
                    self._do_group([job])

    def _transact(self, group: list[_Job]) -> None:
        db = self._db
        now = micros(self._clock.now())
        done: list[SqliteTx] = []
        try:
            db.execute("BEGIN IMMEDIATE")
            for job in group:
                tx = SqliteTx(db, self._coder, now=now, owner=self._owner)
                if self._do_one(job, tx):
                    done.append(tx)
            reached = self._finish(done)
            db.execute("COMMIT")
            if reached is not None:
                self._mark.note(reached)
        except BaseException as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if isinstance(error, _Broken):
                raise
            raise _Broken(self._cause(error)) from error

    def _cause(self, error: BaseException) -> StoreError:
        if isinstance(error, sqlite3.Error):
            return translate(error, self._path)
        return StoreError(f"{self._path}: {error}")

    def _do_one(self, job: _Job, tx: SqliteTx) -> bool:
        db = self._db
        job.error = None
        db.execute("SAVEPOINT job")
        try:
            job.result = job.work(tx)
        except BaseException as error:  # the caller gets it; the thread serves all the others
            if not db.in_transaction:  # SQLite gave up the whole group, as it does when full
                raise _Broken(self._cause(error)) from error
            db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
            job.error = _as_store_error(error, self._path)
            return False
        db.execute("RELEASE job")
        return True

    def _finish(self, done: list[SqliteTx]) -> Acknowledged | None:
        """Write what the work left for the end; returns how far the commit brings the store."""
        if not done:
            return None
        counts: dict[str, int] = {}
        for tx in done:
            for name, by in tx.counts.items():
                counts[name] = counts.get(name, 0) + by
        if counts:
            self._db.executemany(_COUNT, counts.items())
        late = itertools.chain.from_iterable(tx.late for tx in done)
        for statement, entries in itertools.groupby(late, key=lambda entry: entry[0]):
            self._db.executemany(statement, [values for _, values in entries])
        return advance(self._db, counts.get("received", 0) - counts.get("dropped:duplicate", 0))


def _as_store_error(error: BaseException, path: str) -> BaseException:
    return translate(error, path) if isinstance(error, sqlite3.Error) else error


def _answer(group: list[_Job]) -> None:
    for loop, jobs in itertools.groupby(group, key=lambda job: job.loop):
        try:
            loop.call_soon_threadsafe(_settle, list(jobs))
        except RuntimeError:  # that loop is closed: nobody waits there any more
            continue


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
