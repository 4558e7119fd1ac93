"""Incidents in MongoDB: one open at a time for a key, changed only by who saw the last change."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from core.clock import micros
from core.errors import Conflict
from core.incidents import Incident
from storage.encoding import key_of
from storage.mongo.link import Doc
from storage.mongo.work import Tx
from storage.records import FIRST, Judged


async def open_one(tx: Tx, incident: Incident) -> Incident:
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


async def one(tx: Tx, number: str) -> Incident | None:
    doc = await tx.table("incidents").one({"_id": number})
    return tx.load(Incident, doc) if doc else None


async def latest(tx: Tx, state: Literal["open", "resolved"] | None, limit: int) -> list[Incident]:
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
        change: Doc = {"$set": {"body": tx.dump(judged), **incident_of(judged)}}
        if number is None:
            change["$unset"] = {"incident": ""}
        await mentions.change({"_id": doc["_id"]}, change)


def incident_of(judged: Judged) -> Doc:
    """The field that mentions of an incident are found by; left out where there is none."""
    return {} if judged.incident is None else {"incident": key_of(judged.incident)}
