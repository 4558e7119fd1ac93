"""Pauses of automatic replies."""

from collections.abc import Sequence

from core.pauses import Pause
from storage.encoding import key_of
from storage.mongo.audit import note
from storage.mongo.engine.database import Database
from storage.mongo.engine.tx import Tx


class MongoPauses:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[Pause]:
        async def query(tx: Tx) -> list[Pause]:
            docs = await tx.table("freezes").many({}, sort=[("_id", 1)])
            return [tx.load(Pause, doc) for doc in docs]

        return await self._db.alone(query)

    async def save(self, pause: Pause) -> None:
        async def work(tx: Tx) -> None:
            body = {"$set": {"body": tx.dump(pause)}}
            await tx.table("freezes").change({"_id": key_of(pause.id)}, body, upsert=True)
            await note(tx, who=pause.by, what="freeze", about=pause.id)

        await self._db.write(work)

    async def lift(self, id: str, *, by: str) -> bool:  # noqa: A002
        async def work(tx: Tx) -> bool:
            done = await tx.table("freezes").drop({"_id": key_of(id)})
            if done:
                await note(tx, who=by, what="lift freeze", about=id)
            return done > 0

        return await self._db.write(work)
