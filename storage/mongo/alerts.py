"""Alerts, their delivery to each receiver, mutes, and the incidents that alerts are about.

An alert names the receivers that still need a delivery in ``tell`` until each has its delivery.
Without transactions, whoever claims next completes what a crash left there.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from core.clock import micros, moment
from core.errors import Conflict
from core.model.alerts import Alert, Mute, acknowledged, mute_note, next_alert_version
from core.model.incidents import Incident, next_incident_version
from core.model.mentions import MentionRecord
from storage.encoding import key_of
from storage.mongo.audit import note
from storage.mongo.engine.database import MongoDatabase
from storage.mongo.engine.link import Doc
from storage.mongo.engine.tx import MongoTx
from storage.mongo.mentions import incident_value, records_of
from storage.records import FIRST, LEASE, StoredMention


class MongoAlerts:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, key: str) -> Alert | None:
        async def query(tx: MongoTx) -> Alert | None:
            doc = await tx.table("alerts").one({"_id": key_of(key)})
            return tx.load(Alert, doc) if doc else None

        return await self._db.alone(query)

    async def recent(self, *, limit: int = 50) -> Sequence[Alert]:
        async def query(tx: MongoTx) -> list[Alert]:
            newest = [("created", -1), ("place", -1)]
            docs = await tx.table("alerts").many({}, sort=newest, limit=limit)
            return [tx.load(Alert, doc) for doc in docs]

        return await self._db.alone(query)

    async def live(self, *, limit: int = 1000) -> Sequence[Alert]:
        async def query(tx: MongoTx) -> list[Alert]:
            where: Doc = {"state": {"$in": ["firing", "acknowledged"]}}
            oldest = [("created", 1), ("place", 1)]
            docs = await tx.table("alerts").many(where, sort=oldest, limit=limit)
            return [tx.load(Alert, doc) for doc in docs]

        return await self._db.alone(query)

    async def add(self, alert: Alert, receivers: Sequence[str]) -> bool:
        async def work(tx: MongoTx) -> bool:
            alerts = tx.table("alerts")
            if await alerts.one({"_id": key_of(alert.key)}) is not None:
                return False
            doc: Doc = {
                "_id": key_of(alert.key),
                "place": await tx.next("alert"),
                "state": alert.state,
                "created": micros(alert.created_at),
                "body": tx.dump(alert),
                "tell": [key_of(receiver) for receiver in dict.fromkeys(receivers)],
                "tell_at": micros(alert.created_at),
            }
            await alerts.add(doc)
            await _tell(tx, doc)
            return True

        return await self._db.write(work)

    async def save(self, alert: Alert, *, receivers: Sequence[str] = ()) -> Alert:
        async def work(tx: MongoTx) -> Alert:
            doc, stored = await _find_alert(tx, alert.key)
            changed = next_alert_version(stored, alert)
            await _update_alert(tx, doc, changed, receivers)
            return changed

        return await self._db.write(work)

    async def acknowledge(self, key: str, *, by: str) -> Alert:
        async def work(tx: MongoTx) -> Alert:
            doc, stored = await _find_alert(tx, key)
            changed = next_alert_version(stored, acknowledged(stored, by=by, at=moment(tx.now)))
            await _update_alert(tx, doc, changed, ())
            return changed

        return await self._db.write(work)

    async def claim(self, receiver: str, limit: int, now: datetime) -> Sequence[Alert]:
        at, name = micros(now), key_of(receiver)

        async def work(tx: MongoTx) -> list[Alert]:
            alerts, deliveries = tx.table("alerts"), tx.table("deliveries")
            for doc in await alerts.many({"tell": name}):
                await _tell(tx, doc)
            due = {"receiver": name, "delivered": False, "due": {"$lte": at}}
            found = []
            for doc in await deliveries.many(due, sort=[("due", 1), ("_id", 1)], limit=limit):
                taken = {"$set": {"owner": tx.owner, "due": at + LEASE}}
                if await deliveries.change({"_id": doc["_id"], "due": doc["due"]}, taken):
                    delivery = doc["_id"]
                    assert isinstance(delivery, dict)  # noqa: S101 - so it was written
                    alert = await alerts.one({"_id": delivery["alert"]})
                    if alert is not None:
                        found.append(tx.load(Alert, alert))
            return found

        return await self._db.alone(work)

    async def finish(
        self, key: str, receiver: str, *, delivered: bool, reason: str = "", retry_at: datetime
    ) -> None:
        async def work(tx: MongoTx) -> None:
            await tx.table("deliveries").change(
                {
                    "_id": {"alert": key_of(key), "receiver": key_of(receiver)},
                    "delivered": False,
                    "owner": tx.owner,
                },
                {
                    "$set": {
                        "owner": 0,
                        "delivered": delivered,
                        "reason": key_of(reason),
                        "due": micros(retry_at),
                    }
                },
            )

        await self._db.write(work)

    async def mutes(self) -> Sequence[Mute]:
        async def query(tx: MongoTx) -> list[Mute]:
            docs = await tx.table("silences").many({}, sort=[("until", 1), ("_id", 1)])
            return [tx.load(Mute, doc) for doc in docs]

        return await self._db.alone(query)

    async def mute(self, mute: Mute) -> None:
        async def work(tx: MongoTx) -> None:
            fields = {"$set": {"until": micros(mute.until), "body": tx.dump(mute)}}
            await tx.table("silences").change({"_id": key_of(mute.id)}, fields, upsert=True)
            await note(tx, who=mute.by, what="silence", about=mute_note(mute))

        await self._db.write(work)

    async def unmute(self, id: str, *, by: str) -> bool:  # noqa: A002
        async def work(tx: MongoTx) -> bool:
            done = await tx.table("silences").drop({"_id": key_of(id)})
            if done:
                await note(tx, who=by, what="end silence", about=id)
            return done > 0

        return await self._db.write(work)


async def _tell(tx: MongoTx, doc: Doc) -> None:
    """Give each receiver in ``tell`` a delivery that is due."""
    wanted = doc["tell"]
    assert isinstance(wanted, list)  # noqa: S101 - so it was written, for the type checker
    due = {"due": doc["tell_at"], "owner": 0, "delivered": False, "reason": ""}
    for receiver in wanted:
        name: Doc = {"alert": doc["_id"], "receiver": receiver}
        fields = {"receiver": receiver, **due}
        await tx.table("deliveries").change({"_id": name}, {"$set": fields}, upsert=True)
    delivered = {"_id": doc["_id"], "body": doc["body"]}
    await tx.table("alerts").change(delivered, {"$unset": {"tell": "", "tell_at": ""}})


async def _find_alert(tx: MongoTx, name: str) -> tuple[Doc, Alert]:
    doc = await tx.table("alerts").one({"_id": key_of(name)})
    if doc is None:
        raise Conflict(f"there is no alert {name}. Read the list again.")
    return doc, tx.load(Alert, doc)


async def _update_alert(tx: MongoTx, doc: Doc, changed: Alert, receivers: Sequence[str]) -> None:
    """Store the next version of what was read; raises Conflict where it is not as it was read."""
    fields: Doc = {"state": changed.state, "body": tx.dump(changed)}
    waiting = doc.get("tell", [])
    assert isinstance(waiting, list)  # noqa: S101 - so it was written, for the type checker
    tell = list(dict.fromkeys([*waiting, *(key_of(receiver) for receiver in receivers)]))
    if tell:
        fields |= {"tell": tell, "tell_at": tx.now}
    where = {"_id": doc["_id"], "body": doc["body"]}
    if not await tx.table("alerts").change(where, {"$set": fields}):
        raise Conflict(f"the alert {changed.key} was changed in the meantime. Read it again.")
    if tell:
        await _tell(tx, doc | fields)


class MongoIncidents:
    def __init__(self, db: MongoDatabase) -> None:
        self._db = db

    async def get(self, id: str) -> Incident | None:  # noqa: A002
        return await self._db.alone(lambda tx: _get_incident(tx, id))

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
            await incidents.add({"_id": opened.id, **_incident_values(tx, opened)})
            return opened

        return await self._db.write(work)

    async def save(self, incident: Incident) -> Incident:
        async def work(tx: MongoTx) -> Incident:
            changed = next_incident_version(await _get_incident(tx, incident.id), incident)
            where = {"_id": incident.id, "version": incident.version}
            if not await tx.table("incidents").change(
                where, {"$set": _incident_values(tx, changed)}
            ):
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


async def _get_incident(tx: MongoTx, name: str) -> Incident | None:
    doc = await tx.table("incidents").one({"_id": name})
    return tx.load(Incident, doc) if doc else None


def _incident_values(tx: MongoTx, incident: Incident) -> Doc:
    return {
        "key": key_of(incident.key),
        "state": incident.state,
        "last": micros(incident.last_at),
        "version": incident.version,
        "body": tx.dump(incident),
    }
