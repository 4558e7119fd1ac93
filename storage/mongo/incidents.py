"""Incidents: one open at a time for a key, saved only over the version that was read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from core.clock import micros
from core.errors import Conflict
from core.model.incidents import Incident, next_version
from core.model.mentions import MentionRecord
from storage.encoding import key_of
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import MongoTx
from storage.mongo.mentions import incident_value, records_of
from storage.records import FIRST, StoredMention


class MongoIncidents:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        return await self._db.alone(lambda tx: _get(tx, id))

    async def find(
        self, *, state: Literal["open", "resolved"] | None = None, limit: int = 50
    ) -> Sequence[Incident]:
        where = {} if state is None else {"state": state}

        async def query(tx: MongoTx) -> list[Incident]:
            latest = [("last", -1), ("_id", -1)]
            docs = await tx.table("incidents").many(where, sort=latest, limit=limit)
            return [tx.load(Incident, doc) for doc in docs]

        return await self._db.alone(query)

    async def open(self, incident: Incident) -> Incident:
        async def work(tx: MongoTx) -> Incident:
            incidents = tx.table("incidents")
            doc = await incidents.one({"key": key_of(incident.key), "state": "open"})
            if doc is not None:
                return tx.load(Incident, doc)
            opened = incident
            if not incident.id:
                opened = replace(incident, id=f"INC-{await tx.next('INC', FIRST['INC'])}")
            await incidents.add({"_id": opened.id, **_values(tx, opened)})
            return opened

        return await self._db.write(work)

    async def save(self, incident: Incident) -> Incident:
        async def work(tx: MongoTx) -> Incident:
            changed = next_version(await _get(tx, incident.id), incident)
            where = {"_id": incident.id, "version": incident.version}
            if not await tx.table("incidents").change(where, {"$set": _values(tx, changed)}):
                raise Conflict(f"{incident.id} was changed in the meantime. Read it again.")
            return changed

        return await self._db.write(work)

    async def assign(self, seqs: Sequence[int], id: str | None) -> None:  # noqa: A002
        async def work(tx: MongoTx) -> None:
            mentions = tx.table("mentions")
            for doc in await mentions.many({"_id": {"$in": list(seqs)}}):
                judged = replace(tx.load(StoredMention, doc), incident=id)
                change: Doc = {"$set": {"body": tx.dump(judged), **incident_value(id)}}
                if id is None:
                    change["$unset"] = {"incident": ""}
                await mentions.change({"_id": doc["_id"]}, change)

        await self._db.write(work)

    async def mentions(self, id: str, *, limit: int = 2000) -> Sequence[MentionRecord]:  # noqa: A002
        where = {"incident": key_of(id), "withdrawn": False}

        async def query(tx: MongoTx) -> Sequence[MentionRecord]:
            order = [("posted", 1), ("_id", 1)]
            return await records_of(
                tx, await tx.table("mentions").many(where, sort=order, limit=limit)
            )

        return await self._db.alone(query)

    async def count(self, id: str) -> int:  # noqa: A002
        where = {"incident": key_of(id), "withdrawn": False}
        return await self._db.alone(lambda tx: tx.table("mentions").count(where))


async def _get(tx: MongoTx, name: str) -> Incident | None:
    doc = await tx.table("incidents").one({"_id": name})
    return tx.load(Incident, doc) if doc else None


def _values(tx: MongoTx, incident: Incident) -> Doc:
    return {
        "key": key_of(incident.key),
        "state": incident.state,
        "last": micros(incident.last_at),
        "version": incident.version,
        "body": tx.dump(incident),
    }
