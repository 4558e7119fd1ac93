"""Alerts and incidents in MongoDB."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from core.errors import Conflict
from core.records import Alert, Incident
from storage.codec import key_of, micros
from storage.mongo.work import Tx, integer
from storage.records import FIRST, LEASE, Judged


async def add(tx: Tx, alert: Alert, receivers: Sequence[str]) -> bool:
    """Store an alert and a delivery for each receiver; False where its key is there already.

    The alert is last: without transactions, a repeat after a crash completes the deliveries.
    """
    alerts, deliveries = tx.table("alerts"), tx.table("deliveries")
    if await alerts.one({"_id": key_of(alert.key)}) is not None:
        return False
    created = micros(alert.created_at)
    for receiver in dict.fromkeys(receivers):
        await deliveries.change(
            {"_id": {"alert": key_of(alert.key), "receiver": key_of(receiver)}},
            {
                "$setOnInsert": {
                    "receiver": key_of(receiver),
                    "due": created,
                    "owner": 0,
                    "delivered": False,
                    "reason": "",
                    "body": tx.dump(alert),
                }
            },
            upsert=True,
        )
    await alerts.add(
        {
            "_id": key_of(alert.key),
            "place": await tx.next("alert"),
            "state": alert.state,
            "created": created,
            "body": tx.dump(alert),
        }
    )
    return True


async def claim(tx: Tx, receiver: str, limit: int, now: int) -> list[Alert]:
    """Take due deliveries, oldest first; outside of any transaction."""
    deliveries = tx.table("deliveries")
    due = {"receiver": key_of(receiver), "delivered": False, "due": {"$lte": now}}
    found = []
    for doc in await deliveries.many(due, sort=[("due", 1), ("_id", 1)], limit=limit):
        taken = {"$set": {"owner": tx.owner, "due": now + LEASE}}
        if await deliveries.change({"_id": doc["_id"], "due": doc["due"]}, taken):
            found.append(tx.load(Alert, doc))
    return found


async def finish(
    tx: Tx, name: str, receiver: str, *, delivered: bool, reason: str, retry_at: int
) -> None:
    """Note how a delivery went."""
    await tx.table("deliveries").change(
        {"_id": {"alert": key_of(name), "receiver": key_of(receiver)}, "delivered": False},
        {
            "$set": {
                "owner": 0,
                "delivered": delivered,
                "reason": key_of(reason),
                "due": retry_at,
            }
        },
    )


async def newest(tx: Tx, limit: int) -> list[Alert]:
    docs = await tx.table("alerts").many({}, sort=[("created", -1), ("place", -1)], limit=limit)
    return [tx.load(Alert, doc) for doc in docs]


async def acknowledge(tx: Tx, name: str, by: str) -> Alert:
    """Take a firing alert on; raises Conflict where it is not firing any more."""
    alerts = tx.table("alerts")
    doc = await alerts.one({"_id": key_of(name)})
    if doc is None:
        raise Conflict(f"there is no alert {name}. Read the list again.")
    alert = tx.load(Alert, doc)
    changed = dataclasses.replace(alert, state="acknowledged", owner=by)
    change = {"$set": {"state": changed.state, "body": tx.dump(changed)}}
    if not await alerts.change({"_id": doc["_id"], "state": "firing"}, change):
        raise Conflict(f"the alert {name} is {alert.state} already. Read it again.")
    return changed


async def open_incident(tx: Tx, incident: Incident) -> Incident:
    """Store a new incident, numbered where it has no id; or return the open one of its key."""
    incidents = tx.table("incidents")
    doc = await incidents.one({"key": key_of(incident.key), "state": "open"})
    if doc is not None:
        return tx.load(Incident, doc)
    if not incident.id:
        number = await tx.next("INC", FIRST["INC"])
        incident = dataclasses.replace(incident, id=f"INC-{number}")
    await incidents.add({"_id": incident.id, **_values(tx, incident)})
    return incident


def _values(tx: Tx, incident: Incident) -> dict[str, object]:
    return {
        "key": key_of(incident.key),
        "state": incident.state,
        "last": micros(incident.last_at),
        "version": incident.version,
        "body": tx.dump(incident),
    }


async def compare_and_set(tx: Tx, incident: Incident) -> Incident:
    """Store a change made on ``incident.version``; raises Conflict if that is not the last."""
    changed = dataclasses.replace(incident, version=incident.version + 1)
    where = {"_id": incident.id, "version": incident.version}
    if not await tx.table("incidents").change(where, {"$set": _values(tx, changed)}):
        raise Conflict(f"{incident.id} was changed by somebody else. Read it again.")
    return changed


async def incident(tx: Tx, number: str) -> Incident | None:
    doc = await tx.table("incidents").one({"_id": number})
    return tx.load(Incident, doc) if doc else None


async def incidents(
    tx: Tx, state: Literal["open", "resolved"] | None, limit: int
) -> list[Incident]:
    """Incidents, the last active first."""
    docs = await tx.table("incidents").many(
        {} if state is None else {"state": state}, sort=[("last", -1), ("_id", -1)], limit=limit
    )
    return [tx.load(Incident, doc) for doc in docs]


async def assign(tx: Tx, seqs: Sequence[int], number: str | None) -> None:
    """Note which incident mentions belong to."""
    mentions = tx.table("mentions")
    for doc in await mentions.many({"_id": {"$in": list(seqs)}}):
        judged = dataclasses.replace(tx.load(Judged, doc), incident=number)
        await mentions.change({"_id": integer(doc, "_id")}, {"$set": {"body": tx.dump(judged)}})
