"""Alerts in MongoDB, and their delivery to every receiver.

An alert names those that are still to be told in ``tell`` until each has its delivery. Without
transactions, whoever claims next completes what a crash left there.
"""

import dataclasses
from collections.abc import Sequence

from core.alerts import Alert, acknowledged
from core.clock import micros, moment
from core.errors import Conflict
from storage.encoding import key_of
from storage.mongo.link import Doc
from storage.mongo.work import Tx
from storage.records import LEASE


async def add(tx: Tx, alert: Alert, receivers: Sequence[str]) -> bool:
    """Store an alert and a delivery for each receiver; False where its key is there already."""
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


async def _tell(tx: Tx, doc: Doc) -> None:
    """Give each receiver in ``tell`` a delivery that is due."""
    wanted = doc["tell"]
    assert isinstance(wanted, list)  # noqa: S101 - so it was written, for the type checker
    due = {"due": doc["tell_at"], "owner": 0, "delivered": False, "reason": ""}
    for receiver in wanted:
        name: Doc = {"alert": doc["_id"], "receiver": receiver}
        fields = {"receiver": receiver, **due}
        await tx.table("deliveries").change({"_id": name}, {"$set": fields}, upsert=True)
    told = {"_id": doc["_id"], "body": doc["body"]}
    await tx.table("alerts").change(told, {"$unset": {"tell": "", "tell_at": ""}})


async def claim(tx: Tx, receiver: str, limit: int, now: int) -> list[Alert]:
    """Take due deliveries, oldest first; outside of any transaction."""
    alerts, deliveries = tx.table("alerts"), tx.table("deliveries")
    for doc in await alerts.many({"tell": key_of(receiver)}):
        await _tell(tx, doc)
    due = {"receiver": key_of(receiver), "delivered": False, "due": {"$lte": now}}
    found = []
    for doc in await deliveries.many(due, sort=[("due", 1), ("_id", 1)], limit=limit):
        taken = {"$set": {"owner": tx.owner, "due": now + LEASE}}
        if await deliveries.change({"_id": doc["_id"], "due": doc["due"]}, taken):
            name = doc["_id"]
            assert isinstance(name, dict)  # noqa: S101 - so it was written
            alert = await alerts.one({"_id": name["alert"]})
            if alert is not None:
                found.append(tx.load(Alert, alert))
    return found


async def finish(
    tx: Tx, name: str, receiver: str, *, delivered: bool, reason: str, retry_at: int
) -> None:
    """Note how a delivery went.

    What was armed again since this process claimed it stays due: it has news to tell.
    """
    await tx.table("deliveries").change(
        {
            "_id": {"alert": key_of(name), "receiver": key_of(receiver)},
            "delivered": False,
            "owner": tx.owner,
        },
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


async def one(tx: Tx, name: str) -> Alert | None:
    doc = await tx.table("alerts").one({"_id": key_of(name)})
    return tx.load(Alert, doc) if doc else None


async def live(tx: Tx, limit: int) -> list[Alert]:
    """Alerts that are not resolved, oldest first."""
    where: Doc = {"state": {"$in": ["firing", "acknowledged"]}}
    order = [("created", 1), ("place", 1)]
    docs = await tx.table("alerts").many(where, sort=order, limit=limit)
    return [tx.load(Alert, doc) for doc in docs]


async def change(tx: Tx, alert: Alert, receivers: Sequence[str]) -> Alert:
    """Store a change made on ``alert.version``, and tell receivers of it.

    Raises Conflict if that is not the last version.
    """
    doc, stored = await _find(tx, alert.key)
    told = await _save(tx, doc, alert, receivers) if stored.version == alert.version else None
    if told is None:
        raise Conflict(f"the alert {alert.key} was changed by somebody else. Read it again.")
    return told


async def acknowledge(tx: Tx, name: str, by: str) -> Alert:
    """Take a firing alert on; raises Conflict where it is not firing any more."""
    doc, alert = await _find(tx, name)
    if alert.state != "firing":
        raise Conflict(f"the alert {name} is {alert.state} already. Read it again.")
    taken = await _save(tx, doc, acknowledged(alert, by=by, at=moment(tx.now)), ())
    if taken is None:
        raise Conflict(f"the alert {name} was changed by somebody else. Read it again.")
    return taken


async def _find(tx: Tx, name: str) -> tuple[Doc, Alert]:
    doc = await tx.table("alerts").one({"_id": key_of(name)})
    if doc is None:
        raise Conflict(f"there is no alert {name}. Read the list again.")
    return doc, tx.load(Alert, doc)


async def _save(tx: Tx, doc: Doc, alert: Alert, receivers: Sequence[str]) -> Alert | None:
    """Store the next version of what was read; ``None`` where it is not as it was read."""
    changed = dataclasses.replace(alert, version=alert.version + 1)
    fields: Doc = {"state": changed.state, "body": tx.dump(changed)}
    waiting = doc.get("tell", [])
    assert isinstance(waiting, list)  # noqa: S101 - so it was written, for the type checker
    tell = list(dict.fromkeys([*waiting, *(key_of(receiver) for receiver in receivers)]))
    if tell:
        fields |= {"tell": tell, "tell_at": tx.now}
    where = {"_id": doc["_id"], "body": doc["body"]}
    if not await tx.table("alerts").change(where, {"$set": fields}):
        return None
    if tell:
        await _tell(tx, doc | fields)
    return changed
