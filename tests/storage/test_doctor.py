"""The doctor finds what was broken, mends what is safe, and is silent about the sound."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from core.clock import ManualClock
from storage.factory import AnyStore, open_store
from storage.mongo.store import MongoStore
from storage.sqlite.engine.connection import SqliteTx
from storage.sqlite.store import SqliteStore
from tests.contracts.store_support import NOW, adds_up, alert, heard, post, reply
from tests.storage.test_moving import fill

GONE = 4242
"""A process that is not there."""


@pytest.fixture(params=["sqlite", pytest.param("mongodb", marks=pytest.mark.process)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    url = f"sqlite:{tmp_path / 'store.db'}"
    if request.param == "mongodb":
        url = request.getfixturevalue("mongo_url")
    opened = await open_store(url, clock=ManualClock(NOW))
    await fill(opened)
    yield opened
    await opened.close()


def _execute(tx: SqliteTx, statements: tuple[str, ...]) -> None:
    for statement in statements:
        tx.db.execute(statement)


async def spoil(
    store: AnyStore, statements: tuple[str, ...], changes: dict[str, tuple[object, object]]
) -> None:
    """Break something: SQL on one store, (filter, change) by collection on the other."""
    if isinstance(store, SqliteStore):
        await store._db.write(partial(_execute, statements=statements))
        return
    for name, (where, change) in changes.items():
        assert isinstance(where, dict)
        if change is None:
            await store._db._link.table(name).drop(where)
        else:
            assert isinstance(change, dict)
            await store._db._link.table(name).change(where, change, upsert=True)


async def check(store: AnyStore, *parts: str, mends: bool = True) -> None:
    """The doctor says these things, mends them, and has nothing to say after that."""
    looked = await store.maintenance.examine(mend=False)
    assert len(looked) == len(parts), looked
    for part in parts:
        assert any(part in each.what for each in looked), (part, looked)
    assert all(each.remedy and not each.mended for each in looked)
    done = await store.maintenance.examine(mend=True)
    assert [each.what for each in done] == [each.what for each in looked]
    assert all(each.mended is mends for each in done)
    assert (await store.maintenance.examine(mend=True) == []) is mends


async def test_a_sound_store(store: AnyStore) -> None:
    assert await store.maintenance.examine(mend=True) == []


async def test_counts_that_do_not_add_up(store: AnyStore) -> None:
    before = await store.events.counts()
    await spoil(
        store,
        (
            "UPDATE counters SET n = n + 3 WHERE name = 'done'",
            "UPDATE counters SET n = 0 WHERE name = 'dropped:deleted'",
        ),
        {"counters": ({"_id": 7}, {"$inc": {"n.done": 3, "n.dropped:deleted": -1}})},
    )
    assert not adds_up(await store.events.counts())
    await check(store, "done was counted as 9, but there are 6", "dropped:deleted was counted as 0")
    assert await store.events.counts() == before


async def test_work_of_processes_that_are_gone(store: AnyStore) -> None:
    await store.outbox.add(reply("stuck"))
    await spoil(
        store,
        (
            "UPDATE events SET owner = 4242 WHERE state = 0",
            "UPDATE replies SET state = 'sending', owner = 4242 WHERE key = 'stuck'",
            "UPDATE deliveries SET owner = 4242",
            "INSERT INTO owners (id, opened_at) VALUES (4242, 0)",
        ),
        {
            "events": ({"state": 0}, {"$set": {"owner": GONE}}),
            "replies": ({"_id": "stuck"}, {"$set": {"state": "sending", "owner": GONE}}),
            "deliveries": ({"receiver": "hook"}, {"$set": {"owner": GONE}}),
        },
    )
    await check(store, "1 events", "1 replies", "deliveries held")
    assert [item.event.id for item in await store.events.claim(9)] == ["pending"]
    assert "stuck" in [each.key for each in await store.outbox.in_doubt("chat")]


async def test_what_refers_to_nothing(store: AnyStore) -> None:
    await heard(store, post("lost"))
    await store.alerts.add(alert("lost"), ["hook"])
    if isinstance(store, SqliteStore):
        store._db._writer._db.execute("PRAGMA foreign_keys = OFF")
    await spoil(
        store,
        (
            "DELETE FROM events WHERE id = 'lost'",
            "DELETE FROM events WHERE state = 3",
            "DELETE FROM alerts WHERE key = 'lost'",
            "DELETE FROM tickets WHERE number = 'T-1001'",
        ),
        {
            "events": ({"$or": [{"id": "lost"}, {"state": 3}]}, None),
            "alerts": ({"_id": "lost"}, None),
            "tickets": ({"_id": "T-1001"}, None),
        },
    )
    found = await store.maintenance.examine(mend=True)
    assert {each.what for each in found if each.check == "orphans"} == {
        "1 mentions without their event",
        "1 deliveries without their alert",
        "1 dead letters without their event",
        "1 conversations that name a ticket which is not there",
    }
    assert await store.maintenance.examine(mend=True) == []
    assert adds_up(await store.events.counts())


async def test_a_log_that_was_changed(store: AnyStore) -> None:
    for n in range(3):
        await store.audit.note(who="王芳", what="export", about=str(n))
    assert await store.maintenance.examine(mend=True) == []
    await spoil(
        store,
        ("DROP TRIGGER audit_is_fixed", "UPDATE audit SET who = 'nobody' WHERE seq = 2"),
        {"audit": ({"_id": 2}, {"$set": {"who": "nobody"}})},
    )
    await check(store, "changed at entry 2", mends=False)


async def test_an_index_that_is_damaged(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    await fill(store)
    assert not isinstance(store, MongoStore)
    broken = ("UPDATE mentions_index_data SET block = x'00' WHERE id > 10",)
    await store._db.write(partial(_execute, statements=broken))
    (found,) = await store.maintenance.examine(mend=True)
    assert (found.check, found.mended) == ("integrity", False)
    assert "restore" in found.remedy
    await store.close()


async def test_a_file_that_is_damaged(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    await fill(store)
    assert not isinstance(store, MongoStore)
    wrong = (
        "PRAGMA writable_schema = ON",
        """UPDATE sqlite_master SET rootpage =
            (SELECT rootpage FROM sqlite_master WHERE name = 'alerts_newest')
            WHERE name = 'events_author'""",
    )
    await store._db.write(partial(_execute, statements=wrong))
    await store.close()
    again = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    found = await again.maintenance.examine(mend=False)
    assert {each.check for each in found} == {"integrity"}
    await again.close()
