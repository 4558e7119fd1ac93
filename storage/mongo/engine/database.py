"""The database behind the repositories: opening, closing, writing and reading.

Processes know of each other by signs of life: a lock that others on the same host can try, and the
time of the last beat for those on other hosts. What a dead process held is handed back.
"""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

from core.clock import Clock, micros
from core.errors import Conflict, StoreError
from storage.encryption import RING, Coder, Keys, unlock
from storage.lease import Lease, alive
from storage.mongo.engine.link import Doc, Link, connect
from storage.mongo.engine.schema import migrate
from storage.mongo.engine.tx import MongoTx, integer
from storage.records import PENDING

if TYPE_CHECKING:
    from storage.mongo.engine.link import Session

R = TypeVar("R")
AT_ONCE: Final = 16
"""Pieces of work at once; each has a counter document of its own while it runs."""
FAMILIES: Final = 16
"""Sets of counter documents; processes seldom share one."""
BEAT_SECONDS: Final = 5.0
SILENT: Final = 20_000_000
"""Microseconds without a beat after which a process on another host counts as dead."""


async def _coder(link: Link, keys: Keys) -> Coder:
    """The seal of the store; a new one gets a ring of keys where there is a key."""
    settings = link.table("settings")
    ring = await settings.one({"_id": RING})
    if ring is None:
        empty = await link.table("events").one({}) is None
        fresh = keys.first_ring(empty=empty, where=link.where)
        if fresh is not None:
            value = {"$setOnInsert": {"value": fresh}}
            await settings.change({"_id": RING}, value, upsert=True)
            ring = await settings.one({"_id": RING})
    return unlock(None if ring is None else str(ring["value"]), keys, link.where)


class MongoDatabase:
    """One MongoDB database: its link, this process's sign of life, and the transactions.

    Repositories hand it coroutines of a ``MongoTx``; what they return is returned.
    """

    def __init__(self, link: Link, coder: Coder, lease: Lease, clock: Clock) -> None:
        """Use ``open``."""
        self.coder = coder
        """Encodes records and seals them."""
        self.troubles = 0
        """Number of StoreErrors so far. A caller that met one may have dropped what it had claimed,
        so claims of this process can be claimed again after each."""
        self.failing = False
        """True from a StoreError until a write was tried again with success."""
        self._link = link
        self._lease = lease
        self._clock = clock
        self._slots: asyncio.Queue[int] = asyncio.Queue()
        for slot in range(AT_ONCE):
            self._slots.put_nowait(slot + lease.owner % FAMILIES * AT_ONCE)
        self._heart: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str, *, clock: Clock, keys: Keys, transactions: bool | None) -> Self:
        """As MongoStore.open."""
        link = await connect(url, transactions=transactions)
        try:
            async with link.asking():
                await migrate(link)
                coder = await _coder(link, keys)
            lease = Lease(lock_path())
            link.owner = lease.owner
        except BaseException:
            link.close()
            raise
        database = cls(link, coder, lease, clock)
        try:
            await database.alone(beat)
            await database.alone(release_dead)
        except BaseException:
            database._let_go()
            raise
        database._heart = asyncio.create_task(database._beat())
        return database

    @property
    def transactions(self) -> bool:
        """True where the server can change several documents at once."""
        return self._link.transactions

    async def close(self) -> None:
        """Hand back what is held and disconnect; may be called twice."""
        if self._closed:
            return
        if self._heart is not None:
            self._heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._heart
        owner = self._lease.owner
        with contextlib.suppress(StoreError):  # the end of the lock tells the others the same
            await self.alone(lambda tx: release(tx, owner))
        self._let_go()

    def _let_go(self) -> None:
        self._closed = True
        self._link.close()
        self._lease.close()

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            with contextlib.suppress(StoreError):  # the next beat tries again
                await self.alone(beat)

    async def write(self, work: Callable[[MongoTx], Awaitable[R]]) -> R:
        """Run ``work`` in a transaction where the server has them; durable on return.

        Without transactions ``work`` must be safe by the order of its changes.
        """
        async with self._noted(), self._slot() as slot:

            async def run(session: "Session") -> R:
                tx = self._tx(session)
                result = await work(tx)
                await tx.finish(slot)
                return result

            return await self._link.run(run)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[int]:
        slot = await self._slots.get()
        try:
            yield slot
        finally:
            self._slots.put_nowait(slot)

    async def alone(self, work: Callable[[MongoTx], Awaitable[R]]) -> R:
        """``work`` outside of any transaction: reading, or changes that are safe one by one."""
        async with self.session() as tx:
            return await work(tx)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[MongoTx]:
        """As ``alone``, for work that yields results as it goes."""
        async with self._noted(), self._link.asking():
            yield self._tx(None)

    @contextlib.asynccontextmanager
    async def _noted(self) -> AsyncIterator[None]:
        if self._closed:
            raise StoreError(f"{self._link.where} is closed. Open the store again.")
        try:
            yield
        except Conflict:
            raise
        except StoreError:
            self.troubles += 1
            self.failing = True
            raise

    def _tx(self, session: "Session") -> MongoTx:
        now = micros(self._clock.now())
        return MongoTx(self._link, session, self.coder, now=now, owner=self._lease.owner)


def lock_path() -> Path:
    """Folder in which processes of this host keep their locks."""
    return Path(tempfile.gettempdir()) / "tingfeng"


def host() -> str:
    """The same for all processes that see the same locks."""
    folder = lock_path().parent.stat()
    return f"{socket.gethostname()}:{folder.st_dev}:{folder.st_ino}"


async def beat(tx: MongoTx) -> None:
    """Give a sign of life."""
    await tx.table("owners").change(
        {"_id": tx.owner}, {"$set": {"host": host(), "seen": tx.now}}, upsert=True
    )


async def release_dead(tx: MongoTx) -> None:
    """Hand back what dead processes held."""
    for doc in await tx.table("owners").many({"_id": {"$ne": tx.owner}}):
        if is_gone(tx, doc):
            await tx.end_sessions(doc)
            await release(tx, integer(doc, "_id"))


def is_gone(tx: MongoTx, doc: Doc) -> bool:
    """True where the process that gave this sign of life is dead."""
    if doc["host"] == host():
        return not alive(lock_path(), integer(doc, "_id"))
    return integer(doc, "seen") < tx.now - SILENT


async def release(tx: MongoTx, owner: int) -> None:
    """Hand back what a process held, and forget the process."""
    await release_events(tx, owner)
    await tx.table("replies").change_all(
        {"state": "sending", "owner": owner}, {"$set": {"owner": 0}}
    )
    await tx.table("deliveries").change_all(
        {"delivered": False, "owner": owner}, {"$set": {"owner": 0, "due": tx.now}}
    )
    await tx.table("owners").drop({"_id": owner})


async def release_events(tx: MongoTx, owner: int) -> None:
    """Hand back the events that a process held."""
    await tx.table("events").change_all({"state": PENDING, "owner": owner}, {"$set": {"owner": 0}})
