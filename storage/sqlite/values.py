"""Small values, and the articles of the knowledge base."""

from collections.abc import Sequence

from core.articles import Article
from storage.sqlite.engine.connection import Tx, View
from storage.sqlite.engine.database import Database


class SqliteValues:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, key: str) -> str | None:
        return await self._db.read(lambda view: read_value(view, key))

    async def set(self, key: str, value: str) -> None:
        await self._db.write(lambda tx: put_value(tx, key, value))


class SqliteArticles:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Article]:
        def query(view: View) -> tuple[Article, ...]:
            rows = view.db.execute("SELECT body FROM articles ORDER BY place")
            return tuple(view.coder.load(Article, body) for (body,) in rows)

        return await self._db.read(query)

    async def replace(self, articles: Sequence[Article]) -> None:
        def work(tx: Tx) -> None:
            tx.db.execute("DELETE FROM articles")
            tx.db.executemany(
                "INSERT INTO articles (place, id, language, body) VALUES (?, ?, ?, ?)",
                [
                    (place, article.id, article.language, tx.coder.dump(article))
                    for place, article in enumerate(articles)
                ],
            )

        await self._db.write(work)


def read_value(view: View, key: str) -> str | None:
    row = view.db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    value: str | None = row[0] if row else None
    return value


def put_value(tx: Tx, key: str, value: str) -> None:
    tx.db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
