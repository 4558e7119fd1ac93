"""The collections as a piece of work sees them, values of documents, and groups of work."""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

from core.errors import StoreError
from storage.encryption import Coder
from storage.mongo.engine.link import Doc, Link, Table
from storage.search import terms

if TYPE_CHECKING:
    from storage.mongo.engine.link import Session

T = TypeVar("T")
Item = TypeVar("Item")
Answer = TypeVar("Answer")
LARGEST_GROUP: Final = 64
_COMPRESS_FROM: Final = 1 << 20
_PACKED: Final = b"\x00z"


class MongoTx:
    """The collections, inside one transaction or outside of any."""

    def __init__(
        self,
        link: Link,
        session: "Session",
        coder: Coder,
        *,
        now: int,
        owner: int,
    ) -> None:
        self._link = link
        self._session = session
        self.coder = coder
        self.now = now
        """Microseconds since 1970."""
        self.owner = owner
        """Id of this process; see storage.lease."""
        self.counts: dict[str, int] = {}

    def table(self, name: str) -> Table:
        return self._link.table(name, self._session)

    async def by_id(self, name: str, ids: Sequence[object]) -> dict[object, Doc]:
        """Documents of a collection that have one of these ids, by id."""
        docs = await self.table(name).many({"_id": {"$in": list(ids)}}) if ids else []
        return {doc["_id"]: doc for doc in docs}

    def count(self, name: str, by: int) -> None:
        """Change a counter: ``received``, ``done``, ``pending``, ``dead``, ``dropped:REASON``."""
        if by:
            self.counts[name] = self.counts.get(name, 0) + by

    async def finish(self, slot: int) -> None:
        """Write the counters into the counter document ``slot``; their sum is what counts."""
        if self.counts:
            change = {f"n.{field_name(name)}": by for name, by in self.counts.items()}
            await self.table("counters").change({"_id": slot}, {"$inc": change}, upsert=True)

    async def end_sessions(self, doc: Doc) -> None:
        """End the transactions that a dead process left open; ``doc`` is its sign of life."""
        sessions = doc.get("sessions")
        if isinstance(sessions, list):
            await self._link.end_sessions(sessions)

    async def next(self, name: str, first: int = 1, by: int = 1) -> int:
        """The first of ``by`` new numbers; outside of the transaction, so gaps are allowed."""
        return await self._link.number(name, by) - by + first

    def dump(self, value: object) -> bytes:
        """A record as it is stored."""
        return pack(self.coder.dump(value))

    def load(self, kind: type[T], doc: Doc) -> T:
        return self.coder.load(kind, unpacked(doc))

    def plain(self, doc: Doc) -> bytes:
        """A record as ``storage.encoding`` wrote it."""
        return self.coder.open(unpacked(doc))


def pack(body: bytes) -> bytes:
    """A sealed record as it is stored; long ones are compressed, since a document holds 16 MB."""
    return body if len(body) < _COMPRESS_FROM else _PACKED + zlib.compress(body, 1)


def unpacked(doc: Doc) -> bytes:
    """The sealed record of a document."""
    return unpack(blob(doc, "body"))


def unpack(body: bytes) -> bytes:
    """The record that ``pack`` was given."""
    return zlib.decompress(body[len(_PACKED) :]) if body.startswith(_PACKED) else body


def field_name(name: str) -> str:
    """A counter's name as the name of a field."""
    text = name.encode("utf-8", "backslashreplace").decode()
    for char in "%.$\x00":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def counter_name(field: str) -> str:
    """The counter that ``MongoTx.count`` was given."""
    for char in "\x00$.%":
        field = field.replace(f"%{ord(char):02X}", char)
    return field


def integer(doc: Doc, name: str) -> int:
    return cast("int", doc[name])


def blob(doc: Doc, name: str) -> bytes:
    return bytes(cast("bytes", doc[name]))


def key(doc: Doc, name: str) -> str | bytes:
    """A value that ``storage.encoding.key_of`` gave."""
    value = doc[name]
    return value if isinstance(value, str) else bytes(cast("bytes", value))


def has_terms(text: str) -> list[Doc]:
    """Conditions for documents with every term of ``text``; none without a term.

    Without a text index: tokens stand in the array ``words``, and in ``line`` in their order.
    """
    found: list[Doc] = []
    for term in terms(text):
        if term.prefix:
            found.append({"words": {"$regex": "^" + re.escape(term.tokens[0])}})
            continue
        found.append({"words": {"$all": list(term.tokens)}})
        if len(term.tokens) > 1:
            phrase = re.escape(" ".join(term.tokens))
            found.append({"line": {"$regex": f"(^| ){phrase}( |$)"}})
    return found


class Grouping(Generic[Item, Answer]):
    """Many callers' items in one transaction, so that they do not meet at the same documents.

    One group at a time; what comes in meanwhile is the next group. If a group fails, each item is
    tried once more alone: the error is then its own.
    """

    def __init__(self, do: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]) -> None:
        self._do = do
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Answer:
        """The answer to ``item``, once its group is stored."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
            try:
                await self._answer(group)
            except StoreError as error:
                if len(group) == 1:
                    _fail(group[0][1], error)
                    continue
                for each in group:
                    try:
                        await self._answer([each])
                    except StoreError as own:
                        _fail(each[1], own)
            except Exception as error:  # a bug: whoever waits must hear of it
                for _, future in group:
                    _fail(future, error)

    async def _answer(self, group: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        answers = await self._do([item for item, _ in group])
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _fail(future: "asyncio.Future[Answer]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
