"""Opening, closing, writing and reading: what every method of the MongoDB store stands on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Self, TypeVar

from core.clock import Clock
from core.errors import Conflict, StoreError
from core.events import Receipt
from storage.encoding import micros
from storage.encryption import Coder, Seal
from storage.key_ring import NO_KEY, RING, Keys, unlock
from storage.lease import Lease
from storage.mongo import inbox
from storage.mongo import maintenance as upkeep
from storage.mongo.link import Link, connect
from storage.mongo.schema import migrate
from storage.mongo.together import Together
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


class MongoBase:
    """The machine without the methods of the ports."""

    def __init__(self, link: Link, coder: Coder, lease: Lease, clock: Clock) -> None:
        """Use ``open``."""
        self._link = link
        self._coder = coder
        self._lease = lease
        self._clock = clock
        self._slots: asyncio.Queue[int] = asyncio.Queue()
        for slot in range(AT_ONCE):
            self._slots.put_nowait(slot + lease.owner % FAMILIES * AT_ONCE)
        self._pages: Together[inbox.Delivery, Receipt] = Together(self._accept)
        self._claiming = asyncio.Lock()
        self._heart: asyncio.Task[None] | None = None
        self._closed = False
        self._events_loose = False
        self._troubles = 0
        self._failing = False
        self._troubles_seen: dict[str, int] = {}

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Clock,
        keys: Keys = NO_KEY,
        transactions: bool | None = None,
    ) -> Self:
        """Connect to ``mongodb://HOST:PORT/DATABASE`` and bring its schema up to date.

        ``transactions``: whether to use them; ``None`` asks the server. Raises SchemaTooNew or
        StoreError, each with the remedy.
        """
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
        store = cls(link, Coder(seal), lease, clock)
        try:
            await store._alone(upkeep.beat)
            await store._alone(upkeep.release_dead)
        except BaseException:
            store._let_go()
            raise
        store._heart = asyncio.create_task(store._beat())
        return store

    @property
    def coder(self) -> Coder:
        """What its records are sealed with."""
        return self._coder

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
            await self._alone(lambda tx: upkeep.release(tx, owner))
        self._let_go()

    def _let_go(self) -> None:
        self._closed = True
        self._link.close()
        self._lease.close()

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(upkeep.BEAT_SECONDS)
            with contextlib.suppress(StoreError):  # the next beat tries again
                await self._alone(upkeep.beat)

    async def _write(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """All of ``work`` or nothing of it, where the server can."""

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

    async def _accept(self, pages: Sequence[inbox.Delivery]) -> Sequence[Receipt]:
        return await self._write(lambda tx: inbox.accept(tx, pages))

    async def _alone(self, work: Callable[[Tx], Awaitable[R]]) -> R:
        """``work`` outside of any transaction: reading, or changes that are safe one by one."""
        async with self._noted(), self._link.asking():
            return await work(self._tx(None))

    @contextlib.asynccontextmanager
    async def _noted(self) -> AsyncIterator[None]:
        """Who met a StoreError may have dropped what it had claimed: it can be claimed again."""
        if self._closed:
            raise StoreError(f"{self._link.where} is closed. Open the store again.")
        try:
            yield
        except Conflict:
            raise
        except StoreError:
            self._events_loose = True
            self._troubles += 1
            self._failing = True
            raise

    async def check(self) -> None:
        """Raises StoreError where nothing can be stored; after a failure, that is tried."""
        if self._failing:
            await self._alone(upkeep.beat)
            self._failing = False

    def _tx(self, session: "Session") -> Tx:
        now = micros(self._clock.now())
        return Tx(self._link, session, self._coder, now=now, owner=self._lease.owner)
