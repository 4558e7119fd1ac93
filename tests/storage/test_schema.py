"""Data of an older version is brought up to date, and what it could not hold reads as not there."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock, micros
from core.model.alerts import Alert
from core.model.events import Event
from core.model.incidents import Incident
from core.model.mentions import MentionFilter
from storage.backup import restore
from storage.encoding import dump
from storage.mongo.engine import link
from storage.mongo.engine import schema as mongo_schema
from storage.mongo.store import MongoStore
from storage.records import StoredMention
from storage.sqlite.engine import schema
from storage.sqlite.store import SqliteStore
from tests.contracts.store_support import (
    NOW,
    alert,
    conversation,
    event,
    incident,
    judgement,
    tracked,
)

AT = micros(NOW)
AGO = NOW - timedelta(days=1)
SAID: Event = event("e1", solicited=False)
ALERT = b'{"key":"a1","kind":"incident","severity":"P1","title":"t","body":"b","created_at":%d}'
INCIDENT = (
    b'{"id":"INC-7","key":"k","brand":"lehui","title":"t","category":"c","severity":"P1",'
    b'"state":"open","first_at":%d,"last_at":%d,"mentions":8,"authors":8,"owner":"x"}'
)
OLD_ALERT: Alert = alert("a1", title="t", body="b")
OLD_INCIDENT: Incident = incident("k", id="INC-7", title="t", category="c", owner="x")


def old_file(path: Path) -> None:
    """A file as the first version wrote it."""
    with closing(sqlite3.connect(path)) as db, db:
        for statement in schema.MIGRATIONS[0]:
            db.execute(statement)
        db.execute("PRAGMA user_version = 1")
        db.execute(
            "INSERT INTO events (channel, id, revision, kind, author, state, received_at, body)"
            " VALUES ('chat', 'e1', 0, 'post', 'u1', 1, ?, ?)",
            (AT, dump(SAID)),
        )
        judged = dump(StoredMention(brands=("lehui",), judgement=judgement()))
        db.execute(
            "INSERT INTO mentions (seq, posted_at, negative, body) VALUES (1, ?, 1, ?)",
            (AT, judged),
        )
        db.execute(
            "INSERT INTO conversations (channel, id, customer, body)"
            " VALUES ('chat', 'c1', 'u1', ?)",
            (dump(conversation()),),
        )
        db.execute(
            "INSERT INTO alerts (key, state, created_at, body) VALUES ('a1', 'firing', ?, ?)",
            (AT, ALERT % AT),
        )
        db.execute("INSERT INTO deliveries (alert, receiver, due) VALUES (1, 'hook', ?)", (AT,))
        db.execute(
            "INSERT INTO incidents (id, key, state, last_at, body)"
            " VALUES ('INC-7', 'k', 'open', ?, ?)",
            (AT, INCIDENT % (AT, AT)),
        )


async def works(store: SqliteStore | MongoStore) -> None:
    """Old rows are there, and take part in what is new."""
    assert await store.alerts.live() == [OLD_ALERT]
    assert await store.incidents.find() == [OLD_INCIDENT]
    assert await store.conversations.get("chat", "c1") == conversation()
    for _ in range(2):
        assert await store.maintenance.age(raw=AGO, spam=AGO, messages=AGO, records=NOW) == 0
    assert await store.conversations.get("chat", "c1") == conversation()
    assert await store.alerts.claim("hook", 9, NOW) == [OLD_ALERT]
    changed = await store.alerts.save(replace(OLD_ALERT, notices=1), receivers=["hook"])
    assert await store.alerts.claim("hook", 9, NOW) == [changed]
    await store.incidents.save(OLD_INCIDENT)
    assert list(await store.incidents.mentions("INC-7")) == []
    await store.incidents.assign([1], "INC-7")
    assert len(await store.incidents.mentions("INC-7")) == 1
    assert len((await store.mentions.find(MentionFilter(incident="INC-7"))).mentions) == 1
    await store.tracked_posts.save([tracked(1)])
    assert await store.tracked_posts.due("chat", NOW, 9) == [tracked(1)]
    assert await store.pauses.all() == []
    await store.close()


async def test_a_file_of_the_first_version(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    old_file(path)
    await works(await SqliteStore.open(path, clock=ManualClock(NOW)))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_a_backup_of_the_first_version(tmp_path: Path) -> None:
    old_file(tmp_path / "backup")
    url = f"sqlite:{tmp_path / 'store.db'}"
    await restore(tmp_path / "backup", url, clock=ManualClock(NOW))
    await works(await SqliteStore.open(tmp_path / "store.db", clock=ManualClock(NOW)))


async def test_a_migration_that_is_cut_off_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    old_file(path)
    broken = (*schema.MIGRATIONS[1], "CREATE TABLE nonsense (")
    monkeypatch.setattr(schema, "MIGRATIONS", (schema.MIGRATIONS[0], broken))
    with pytest.raises(Exception, match="incomplete"):
        await SqliteStore.open(path, clock=ManualClock(NOW))
    monkeypatch.undo()
    await works(await SqliteStore.open(path, clock=ManualClock(NOW)))


async def test_a_database_of_the_first_version(mongo_url: str) -> None:
    old = await link.connect(mongo_url, transactions=None)
    await mongo_schema.MIGRATIONS[0](old)
    await old.table("numbers").change({"_id": "schema"}, {"$set": {"last": 1}}, upsert=True)
    settled = {"channel": "chat", "id": "e1", "revision": 0, "kind": "post", "author": "u1"}
    await old.table("events").add(
        {"_id": 1, **settled, "state": 1, "owner": 0, "received": AT, "body": dump(SAID)}
    )
    judged = StoredMention(brands=("lehui",), judgement=judgement())
    found = {"words": [], "line": "", "filters": [], "body": dump(judged)}
    await old.table("mentions").add(
        {"_id": 1, "posted": AT, "negative": True, "withdrawn": False, "ticket": None, **found}
    )
    await old.table("conversations").add(
        {
            "_id": {"channel": "chat", "id": "c1"},
            "customer": "u1",
            "body": dump(conversation()),
        }
    )
    await old.table("alerts").add(
        {"_id": "a1", "place": 1, "state": "firing", "created": AT, "body": ALERT % AT}
    )
    await old.table("deliveries").add(
        {
            "_id": {"alert": "a1", "receiver": "hook"},
            "receiver": "hook",
            "due": AT,
            "owner": 0,
            "delivered": False,
            "reason": "",
            "body": ALERT % AT,
        }
    )
    await old.table("incidents").add(
        {
            "_id": "INC-7",
            "key": "k",
            "state": "open",
            "last": AT,
            "version": 0,
            "body": INCIDENT % (AT, AT),
        }
    )
    old.close()
    store = await MongoStore.open(mongo_url, clock=ManualClock(NOW))
    assert (await store._db._link.table("numbers").one({"_id": "schema"}) or {})["last"] == (
        mongo_schema.VERSION
    )
    await works(store)


def test_the_first_version_wrote_what_is_expected_here() -> None:
    """So that the bodies above are those of records without the fields that came later."""
    assert dump(OLD_ALERT) == ALERT % AT
