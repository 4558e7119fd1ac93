"""Pauses of automatic replies."""

from collections.abc import Sequence

from core.pauses import Pause
from storage.encoding import key_of
from storage.sqlite.audit import note
from storage.sqlite.engine.connection import Tx, View
from storage.sqlite.engine.database import Database


class SqlitePauses:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Pause]:
        def query(view: View) -> list[Pause]:
            rows = view.db.execute("SELECT body FROM freezes ORDER BY id")
            return [view.coder.load(Pause, body) for (body,) in rows]

        return await self._db.read(query)

    async def save(self, pause: Pause) -> None:
        def work(tx: Tx) -> None:
            tx.db.execute(
                "INSERT OR REPLACE INTO freezes (id, body) VALUES (?, ?)",
                (key_of(pause.id), tx.coder.dump(pause)),
            )
            note(tx, who=pause.by, what="freeze", about=pause.id)

        await self._db.write(work)

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        def work(tx: Tx) -> bool:
            done = tx.db.execute("DELETE FROM freezes WHERE id = ?", (key_of(id),))
            if done.rowcount:
                note(tx, who=by, what="lift freeze", about=id)
            return done.rowcount > 0

        return await self._db.write(work)
