"""The database behind the repositories: opening, closing, writing and reading."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Final, Self, TypeVar

from core.clock import Clock, micros
from core.errors import Conflict, StoreError
from storage.encryption import Coder, Seal
from storage.key_ring import RING, Keys, unlock
from storage.lease import Lease
from storage.mongo import maintenance as upkeep
from storage.mongo.link import Link, connect
from storage.mongo.schema import migrate
from storage.mongo.work import Tx

if TYPE_CHECKING:
    from storage.mongo.link import Session

R = TypeVar("R")
AT_ONCE: Final = 16
"""Pieces of work at once; each has a counter document of its own while it runs."""
FAMILIES: Final = 16
"""Sets of counter documents; processes seldom share one."""


async def _seal(link: Link, keys: Keys) -> Seal:
    """What the store is sealed with; a new store gets a ring of keys where there is a key."""
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


class Database:
    """One MongoDB database: its link, this process's sign of life, and the transactions.

    Repositories hand it coroutines of a ``Tx``; what they return is returned.
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
                seal = await _seal(link, keys)
            lease = Lease(upkeep.lock_path())
            link.owner = lease.owner
        except BaseException:
            link.close()
            raise
        database = cls(link, Coder(seal), lease, clock)
        try:
            await database.alone(upkeep.beat)
            await database.alone(upkeep.release_dead)
        except BaseException:
            database._let_go()
            raise
        database._heart = asyncio.create_task(database._beat())
        return database

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
            await self.alone(lambda tx: upkeep.release(tx, owner))
        self._let_go()

    def _let_go(self) -> None:
        self._closed = True
        self._link.close()
        self._lease.close()

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(upkeep.BEAT_SECONDS)
            with contextlib.suppress(StoreError):  # the next beat tries again
                await self.alone(upkeep.beat)

    async def write(self, work: Callable[[Tx], Awaitable[R]]) -> R:
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

    async def alone(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """``work`` outside of any transaction: reading, or changes that are safe one by one."""
        async with self.session() as tx:
            return await work(tx)

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[Tx]:
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

    def _tx(self, session: "Session") -> Tx:
        now = micros(self._clock.now())
        return Tx(self._link, session, self.coder, now=now, owner=self._lease.owner)
