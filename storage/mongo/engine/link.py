"""The only file that knows motor: connecting, running work, and what its errors mean.

The rest of the store sees ``MongoTx`` and ``Table``. Moving to PyMongo's asynchronous client
changes this file alone: the client's name, ``await`` before ``client.close`` and ``start_session``.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeVar, cast

from pymongo import ASCENDING, IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)
from pymongo.uri_parser import parse_uri

from core.errors import StoreError, StoreFull, StoreReadOnly

if TYPE_CHECKING:
    from motor.motor_asyncio import (
        AsyncIOMotorClient,
        AsyncIOMotorClientSession,
        AsyncIOMotorCollection,
        AsyncIOMotorDatabase,
    )

    Session = AsyncIOMotorClientSession | None

R = TypeVar("R")
Doc = dict[str, object]
Where = Mapping[str, object]
Sort = Sequence[tuple[str, int]]

WORKERS: Final = "64"
"""Threads that carry requests; motor's default of five a core lets one wait for the other."""
TRIES: Final = 40
FIRST_WAIT: Final = 0.005
LONGEST_WAIT: Final = 0.2
PATIENCE_MS: Final = 5000

_DUPLICATE: Final = 11000
_OUT_OF_SPACE: Final = 14031
_UNAUTHORISED: Final = (13, 18)
_NOT_WRITABLE: Final = (10107, 13435, 11602)


class Table:
    """One collection, inside a piece of work."""

    def __init__(
        self,
        collection: "AsyncIOMotorCollection[Doc]",
        session: "Session",
    ) -> None:
        self._collection = collection
        self._session = session

    async def one(self, where: Where, *, sort: Sort | None = None) -> Doc | None:
        found = self._collection.find_one(where, sort=sort, session=self._session)
        return await found

    async def many(self, where: Where, *, sort: Sort = (), limit: int = 0) -> list[Doc]:
        cursor = self._collection.find(where, session=self._session).limit(limit)
        if sort:
            cursor = cursor.sort(sort)
        found: list[Doc] = await cursor.to_list(None)
        return found

    async def add(self, doc: Doc) -> None:
        """Insert; a key that is there already makes the whole work run again."""
        await self._collection.insert_one(doc, session=self._session)

    async def add_all(self, docs: Sequence[Doc]) -> None:
        if docs:
            await self._collection.insert_many(docs, session=self._session)

    async def add_missing(self, docs: Sequence[Doc]) -> None:
        """Insert those documents whose ``_id`` is not there yet."""
        changes = []
        for doc in docs:
            rest = {name: value for name, value in doc.items() if name != "_id"}
            changes.append(UpdateOne({"_id": doc["_id"]}, {"$setOnInsert": rest}, upsert=True))
        if changes:
            await self._collection.bulk_write(changes, ordered=False, session=self._session)

    async def each(self, where: Where | None = None) -> AsyncIterator[Doc]:
        """All documents, or those that match, one after the other."""
        found = self._collection.find(where or {}, session=self._session)
        async for doc in found.sort("_id", ASCENDING):
            yield doc

    async def change(self, where: Where, change: Where, *, upsert: bool = False) -> int:
        """Update one; returns how many matched."""
        done = await self._collection.update_one(
            where, change, upsert=upsert, session=self._session
        )
        matched: int = done.matched_count
        return matched

    async def change_all(self, where: Where, change: Where) -> int:
        """Update all that match; returns how many matched."""
        done = await self._collection.update_many(where, change, session=self._session)
        return done.matched_count

    async def take(self, where: Where, change: Where, *, upsert: bool = False) -> Doc | None:
        """Update one and return it as it is then."""
        found: Doc | None = await self._collection.find_one_and_update(
            where,
            change,
            upsert=upsert,
            return_document=ReturnDocument.AFTER,
            session=self._session,
        )
        return found

    async def drop(self, where: Where) -> int:
        """Delete all that match; returns how many did."""
        done = await self._collection.delete_many(where, session=self._session)
        return done.deleted_count

    async def count(self, where: Where) -> int:
        return await self._collection.count_documents(where, session=self._session)

    async def values(self, field: str, where: Where) -> list[object]:
        """Every different value of a field."""
        found: list[object] = await self._collection.distinct(field, where, session=self._session)
        return found

    async def index(self, models: Sequence[IndexModel]) -> None:
        await self._collection.create_indexes(list(models))


class Link:
    """A connection to one database."""

    owner: int | None = None
    """The process whose sessions are noted."""

    def __init__(
        self, client: "AsyncIOMotorClient[Doc]", database: str, *, transactions: bool
    ) -> None:
        self._client = client
        self._database: AsyncIOMotorDatabase[Doc] = client[database]
        self.transactions = transactions
        """True where the server can change several documents at once."""
        self._numbering = asyncio.Lock()
        self._sessions: set[bytes] = set()
        self.where = f"MongoDB, database {database}"

    def table(self, name: str, session: "Session" = None) -> Table:
        return Table(self._database[name], session)

    async def number(self, name: str, by: int) -> int:
        """Raise a number by so much, and return what it is then; one caller after the other."""
        change = {"$inc": {"last": by}}
        async with self._numbering:
            while True:
                try:
                    found = await self.table("numbers").take({"_id": name}, change, upsert=True)
                except PyMongoError as error:
                    if not _again(error):
                        raise
                    found = None
                if found and isinstance(last := found.get("last"), int):
                    return last
                await asyncio.sleep(FIRST_WAIT)

    async def run(self, work: "Callable[[Session], Awaitable[R]]") -> R:
        """Run work in a transaction where the server has them.

        Work that met a conflicting write runs again from its beginning. Without transactions
        it must be safe by its order: what it finds done already it leaves.
        """
        wait = FIRST_WAIT
        for _ in range(TRIES):
            try:
                if not self.transactions:
                    return await work(None)
                async with await self._client.start_session() as session:
                    await self._announce(session)
                    async with session.start_transaction():
                        return await work(session)
            except PyMongoError as error:
                if not _again(error):
                    raise translate(error, self.where) from error
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, LONGEST_WAIT)
        raise StoreError(
            f"{self.where}: too many changes of one record at once. Try again; if it stays, look "
            f"for another program that writes there."
        )

    async def _announce(self, session: "AsyncIOMotorClientSession") -> None:
        """Note a session that is new, so that others can end it if this process dies."""
        name = cast("Mapping[str, bytes]", session.session_id)["id"]
        if self.owner is not None and name not in self._sessions:
            noted = {"$addToSet": {"sessions": name}}
            await self.table("owners").change({"_id": self.owner}, noted, upsert=True)
            self._sessions.add(name)

    async def end_sessions(self, names: Sequence[object]) -> None:
        """End what another process left open; else the server does so after a minute."""
        with suppress(OperationFailure):
            await self._client.admin.command("killSessions", [{"id": name} for name in names])

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Around reading: errors become StoreErrors."""
        try:
            yield
        except PyMongoError as error:
            raise translate(error, self.where) from error

    def close(self) -> None:
        self._client.close()


def _again(error: PyMongoError) -> bool:
    """True for a write conflict, where a second try sees the other write."""
    if isinstance(error, ConnectionFailure):
        return False
    if isinstance(error, BulkWriteError):
        details: Mapping[str, object] = error.details
        errors = details.get("writeErrors")
        return isinstance(errors, list) and all(each["code"] == _DUPLICATE for each in errors)
    return isinstance(error, DuplicateKeyError) or error.has_error_label(
        "TransientTransactionError"
    )


async def connect(url: str, *, transactions: bool | None) -> Link:
    """Connect; raises StoreError with the remedy where the server does not answer.

    ``transactions``: whether to use them; ``None`` asks the server.
    """
    os.environ.setdefault("MOTOR_MAX_WORKERS", WORKERS)
    from motor.motor_asyncio import AsyncIOMotorClient  # noqa: PLC0415 - it reads that variable

    try:
        database = parse_uri(url)["database"] or "tingfeng"
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise StoreError(f"{error}. Write store.url as mongodb://HOST:PORT/DATABASE.") from error
    client: AsyncIOMotorClient[Doc] = AsyncIOMotorClient(
        url,
        w="majority",
        journal=True,
        retryWrites=True,
        readConcernLevel="majority",
        serverSelectionTimeoutMS=PATIENCE_MS,
    )
    try:
        hello: Doc = await client.admin.command("hello")
    except PyMongoError as error:
        client.close()
        raise translate(error, "MongoDB") from error
    able = "setName" in hello or hello.get("msg") == "isdbgrid"
    return Link(client, database, transactions=able if transactions is None else transactions)


def translate(error: PyMongoError, where: str) -> StoreError:
    """The StoreError that stands for ``error``, with the remedy."""
    code = error.code if isinstance(error, OperationFailure) else None
    if isinstance(error, ConnectionFailure):
        return StoreError(
            f"{where} does not answer. Start it, or correct the address in store.url."
        )
    if code == _OUT_OF_SPACE:
        return StoreFull(
            f"{where} has no room left. Free disk space there; nothing of this change was stored."
        )
    if code in _NOT_WRITABLE:
        return StoreReadOnly(f"{where} takes no writes now. Wait for its election, or look at it.")
    if code in _UNAUTHORISED:
        return StoreError(
            f"{where} refuses this user. Correct the user name and password in store.url."
        )
    return StoreError(f"{where}: {error}. Look at the server's log.")


def unique(*fields: str, where: Where | None = None, name: str) -> IndexModel:
    return index(*fields, where=where, name=name, is_unique=True)


def index(
    *fields: str, where: Where | None = None, name: str, is_unique: bool = False
) -> IndexModel:
    """An ascending index, of the documents that match ``where`` if that is given."""
    keys = [(field, ASCENDING) for field in fields]
    if where is None:
        return IndexModel(keys, name=name, unique=is_unique)
    return IndexModel(keys, name=name, unique=is_unique, partialFilterExpression=where)
