"""Records under a key of their own: values, articles of the knowledge base, pauses."""

from collections.abc import Sequence

from core.model.articles import Article
from core.model.pauses import Pause
from storage.encoding import key_of
from storage.sqlite.audit import note
from storage.sqlite.engine.connection import SqliteTx, View
from storage.sqlite.engine.database import SqliteDatabase


class SqliteValues:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def get(self, key: str) -> str | None:
        return await self._db.read(lambda view: read_value(view, key))

    async def set(self, key: str, value: str) -> None:
        await self._db.write(lambda tx: put_value(tx, key, value))


class SqliteArticles:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def all(self) -> Sequence[Article]:
        def query(view: View) -> tuple[Article, ...]:
            rows = view.db.execute("SELECT body FROM articles ORDER BY place")
            return tuple(view.coder.load(Article, body) for (body,) in rows)

        return await self._db.read(query)

    async def replace(self, articles: Sequence[Article]) -> None:
        def work(tx: SqliteTx) -> None:
            tx.db.execute("DELETE FROM articles")
            tx.db.executemany(
                "INSERT INTO articles (place, id, language, body) VALUES (?, ?, ?, ?)",
                [
                    (place, article.id, article.language, tx.coder.dump(article))
                    for place, article in enumerate(articles)
                ],
            )

        await self._db.write(work)


class SqlitePauses:
    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    async def all(self) -> Sequence[Pause]:
        def query(view: View) -> list[Pause]:
            rows = view.db.execute("SELECT body FROM freezes ORDER BY id")
            return [view.coder.load(Pause, body) for (body,) in rows]

        return await self._db.read(query)

    async def save(self, pause: Pause) -> None:
        def work(tx: SqliteTx) -> None:
            tx.db.execute(
                "INSERT OR REPLACE INTO freezes (id, body) VALUES (?, ?)",
                (key_of(pause.id), tx.coder.dump(pause)),
            )
            note(tx, who=pause.by, what="freeze", about=pause.id)

        await self._db.write(work)

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        def work(tx: SqliteTx) -> bool:
            done = tx.db.execute("DELETE FROM freezes WHERE id = ?", (key_of(id),))
            if done.rowcount:
                note(tx, who=by, what="lift freeze", about=id)
            return done.rowcount > 0

        return await self._db.write(work)


def read_value(view: View, key: str) -> str | None:
    row = view.db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    value: str | None = row[0] if row else None
    return value


def put_value(tx: SqliteTx, key: str, value: str) -> None:
    tx.db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )
