"""Small values, and the articles of the knowledge base."""

from collections.abc import Sequence

from core.articles import Article
from storage.encoding import key_of
from storage.mongo.engine.database import Database
from storage.mongo.engine.tx import Tx


class MongoValues:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, key: str) -> str | None:
        return await self._db.alone(lambda tx: read_value(tx, key))

    async def set(self, key: str, value: str) -> None:
        await self._db.write(lambda tx: put_value(tx, key, value))


class MongoArticles:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Article]:
        async def query(tx: Tx) -> tuple[Article, ...]:
            docs = await tx.table("articles").many({}, sort=[("_id", 1)])
            return tuple(tx.load(Article, doc) for doc in docs)

        return await self._db.alone(query)

    async def replace(self, articles: Sequence[Article]) -> None:
        async def work(tx: Tx) -> None:
            for place, article in enumerate(articles):
                fields = {
                    "id": article.id,
                    "language": article.language,
                    "body": tx.dump(article),
                }
                await tx.table("articles").change({"_id": place}, {"$set": fields}, upsert=True)
            await tx.table("articles").drop({"_id": {"$gte": len(articles)}})

        await self._db.write(work)


async def read_value(tx: Tx, name: str) -> str | None:
    doc = await tx.table("settings").one({"_id": key_of(name)})
    return None if doc is None else str(doc["value"])


async def put_value(tx: Tx, name: str, value: str) -> None:
    await tx.table("settings").change(
        {"_id": key_of(name)}, {"$set": {"value": value}}, upsert=True
    )
