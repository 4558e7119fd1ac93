"""Records under a key of their own: values, articles of the knowledge base, pauses."""

from collections.abc import Sequence

from core.model.articles import Article
from core.model.pauses import Pause
from storage.encoding import key_of
from storage.mongo.audit import note
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.tx import MongoTx


class MongoValues:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, key: str) -> str | None:
        return await self._db.alone(lambda tx: read_value(tx, key))

    async def set(self, key: str, value: str) -> None:
        await self._db.write(lambda tx: put_value(tx, key, value))


class MongoArticles:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def all(self) -> Sequence[Article]:
        async def query(tx: MongoTx) -> tuple[Article, ...]:
            docs = await tx.table("articles").many({}, sort=[("_id", 1)])
            return tuple(tx.load(Article, doc) for doc in docs)

        return await self._db.alone(query)

    async def replace(self, articles: Sequence[Article]) -> None:
        async def work(tx: MongoTx) -> None:
            for place, article in enumerate(articles):
                fields = {
                    "id": article.id,
                    "language": article.language,
                    "body": tx.dump(article),
                }
                await tx.table("articles").change({"_id": place}, {"$set": fields}, upsert=True)
            await tx.table("articles").drop({"_id": {"$gte": len(articles)}})

        await self._db.write(work)


class MongoPauses:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def all(self) -> Sequence[Pause]:
        async def query(tx: MongoTx) -> list[Pause]:
            docs = await tx.table("freezes").many({}, sort=[("_id", 1)])
            return [tx.load(Pause, doc) for doc in docs]

        return await self._db.alone(query)

    async def save(self, pause: Pause) -> None:
        async def work(tx: MongoTx) -> None:
            body = {"$set": {"body": tx.dump(pause)}}
            await tx.table("freezes").change({"_id": key_of(pause.id)}, body, upsert=True)
            await note(tx, who=pause.by, what="freeze", about=pause.id)

        await self._db.write(work)

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        async def work(tx: MongoTx) -> bool:
            done = await tx.table("freezes").drop({"_id": key_of(id)})
            if done:
                await note(tx, who=by, what="lift freeze", about=id)
            return done > 0

        return await self._db.write(work)


async def read_value(tx: MongoTx, name: str) -> str | None:
    doc = await tx.table("settings").one({"_id": key_of(name)})
    return None if doc is None else str(doc["value"])


async def put_value(tx: MongoTx, name: str, value: str) -> None:
    await tx.table("settings").change(
        {"_id": key_of(name)}, {"$set": {"value": value}}, upsert=True
    )
