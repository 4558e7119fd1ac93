"""Promises of the MongoDB store alone: its connection, its errors, processes on other hosts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.errors import BulkWriteError, OperationFailure

from core.clock import ManualClock, SystemClock
from core.errors import Conflict, SchemaTooNew, StoreError, StoreFull, StoreReadOnly
from core.model.events import Page
from storage.mongo.engine import database, link, schema
from storage.mongo.engine.tx import Grouping
from storage.mongo.store import MongoStore
from tests.contracts.mongo_server import server
from tests.contracts.store_support import NOW, adds_up, alert, event, put, reply, take
from tests.driven_clock import WATCHDOG_SECONDS

pytestmark = pytest.mark.process


async def opened(url: str) -> MongoStore:
    return await MongoStore.open(url, clock=ManualClock(NOW))


@pytest.fixture
async def store(mongo_url: str) -> AsyncIterator[MongoStore]:
    store = await opened(mongo_url)
    yield store
    await store.close()


async def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PATIENCE_MS", 100)
    with pytest.raises(StoreError, match="Start it, or correct"):
        await opened("mongodb://127.0.0.1:9/tingfeng")


@pytest.mark.parametrize("url", ["mongodb://", "mongodb://host:port/x", "mongodb://u:@/@x/db"])
async def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(StoreError, match="mongodb://HOST:PORT/DATABASE"):
        await opened(url)


async def test_data_of_a_newer_version(store: MongoStore, mongo_url: str) -> None:
    newer = {"$set": {"last": schema.VERSION + 1}}
    await store._db._link.table("numbers").change({"_id": "schema"}, newer)
    with pytest.raises(SchemaTooNew, match="Install that version"):
        await opened(mongo_url)


async def test_a_closed_store_says_so(mongo_url: str) -> None:
    store = await opened(mongo_url)
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await put(store, event("e1"))
    with pytest.raises(StoreError, match="closed"):
        await store.events.counts()


async def test_every_write_waits_for_the_journals_of_most(store: MongoStore) -> None:
    table = store._db._link.table("events")
    assert table._collection.write_concern.document == {"w": "majority", "j": True}


async def test_a_killed_server_loses_nothing_and_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE_MS", 300)
    folder = tmp_path / "mongo"
    folder.mkdir()
    with server(folder) as address:
        store = await MongoStore.open(f"{address}/tf", clock=SystemClock())
        claimed = await take(store, *(event(f"e{n}") for n in range(50)))
        assert len(claimed) == 50
        await store.outbox.add(reply("r1"))
        await store.outbox.claim("chat", 1, SystemClock().now())
    with pytest.raises(StoreError, match="does not answer"):
        await put(store, event("lost"))
    for ask in (store.events.counts, store.maintenance.check):
        with pytest.raises(StoreError, match="does not answer"):
            await ask()
    port = int(address.rpartition(":")[2])
    with server(folder, port=port):
        async with asyncio.timeout(WATCHDOG_SECONDS):
            while True:
                try:
                    again = await store.events.claim(100)
                    break
                except StoreError:
                    await asyncio.sleep(0.1)
        assert [item.seq for item in again] == [item.seq for item in claimed]
        assert [each.key for each in await store.outbox.in_doubt("chat")] == ["r1"]
        assert adds_up(await store.events.counts())
        await store.maintenance.check()
        await store.maintenance.check()
        await store.close()


async def test_what_a_dead_process_left_open_holds_up_nobody(mongo_url: str) -> None:
    dead = await opened(mongo_url)
    held = asyncio.Event()

    async def hold(session: "link.Session") -> None:
        change = {"$set": {"value": "1"}}
        await dead._db._link.table("settings", session).change({"_id": "x"}, change, upsert=True)
        held.set()
        await asyncio.sleep(600)

    open_for_long = asyncio.create_task(dead._db._link.run(hold))
    await held.wait()
    dead._db._lease.close()
    other = await opened(mongo_url)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        await other.values.set("x", "2")
    assert await other.values.get("x") == "2"
    open_for_long.cancel()
    with pytest.raises((asyncio.CancelledError, StoreError)):
        await open_for_long
    await other.close()
    await dead.close()


async def test_who_was_still_to_be_told_at_a_crash_is_told(store: MongoStore) -> None:
    await store.alerts.add(alert("a1"), ["log"])
    left = {"$set": {"tell": ["hook", "log"], "tell_at": 0}}
    await store._db._link.table("alerts").change({"_id": "a1"}, left)
    changed = await store.alerts.save(alert("a1", notices=2), receivers=["mail"])
    await store._db._link.table("alerts").change({"_id": "a1"}, left)
    for receiver in ("hook", "log", "mail"):
        assert await store.alerts.claim(receiver, 9, NOW) == [changed], receiver
        assert await store.alerts.claim(receiver, 9, NOW) == [], receiver
    found = await store._db._link.table("alerts").one({"_id": "a1"})
    assert found is not None
    assert "tell" not in found


async def test_a_delivery_of_an_alert_that_is_gone_is_passed_over(store: MongoStore) -> None:
    await store.alerts.add(alert("a1"), ["log"])
    await store._db._link.table("alerts").drop({"_id": "a1"})
    assert await store.alerts.claim("log", 9, NOW) == []


async def test_processes_on_other_hosts_count_as_gone_when_they_are_silent(
    store: MongoStore, mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "host", lambda: "elsewhere")
    other = await opened(mongo_url)
    await take(other, event("e1"))
    monkeypatch.setattr(database, "host", lambda: "here")
    assert await store.events.claim(9) == []
    late = await MongoStore.open(mongo_url, clock=ManualClock(NOW + timedelta(seconds=25)))
    assert [item.event.id for item in await late.events.claim(9)] == ["e1"]
    await late.close()
    await other.close()


async def test_a_process_gives_signs_of_life(mongo_url: str) -> None:
    clock = ManualClock(NOW)
    store = await MongoStore.open(mongo_url, clock=clock)
    owners = store._db._link.table("owners")
    await clock.advance(database.BEAT_SECONDS)
    async with asyncio.timeout(WATCHDOG_SECONDS):
        while (
            await owners.one({"seen": {"$gt": database.SILENT}, "host": database.host()})
        ) is None:
            await asyncio.sleep(0.02)
    seen = {doc["seen"] for doc in await owners.many({})}
    assert len(seen) == 1
    await store.close()
    late = await opened(mongo_url)
    assert len(await late._db._link.table("owners").many({})) == 1
    await late.close()


@pytest.mark.parametrize(
    ("code", "kind", "remedy"),
    [
        (14031, StoreFull, "Free disk space"),
        (10107, StoreReadOnly, "takes no writes"),
        (18, StoreError, "name and password"),
        (8000, StoreError, "Look at the server's log"),
    ],
)
def test_what_the_server_says_is_told_with_its_remedy(
    code: int, kind: type[StoreError], remedy: str
) -> None:
    error = link.translate(OperationFailure("no", code), "MongoDB")
    assert type(error) is kind
    assert remedy in str(error)


async def test_work_that_always_meets_another_gives_up(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "TRIES", 2)

    async def work(_: object) -> None:
        raise BulkWriteError({"writeErrors": [{"code": 11000}]})

    with pytest.raises(StoreError, match="too many changes"):
        await store._db._link.run(work)

    async def other(_: object) -> None:
        raise BulkWriteError({"writeErrors": [{"code": 2}]})

    with pytest.raises(StoreError, match="Look at the server's log"):
        await store._db._link.run(other)


async def test_a_group_that_fails_is_tried_one_by_one() -> None:
    async def double(items: object) -> list[int]:
        assert isinstance(items, list)
        await asyncio.sleep(0)
        if 13 in items:
            raise Conflict("13")
        if 0 in items:
            raise ZeroDivisionError
        return [2 * item for item in items]

    grouping: Grouping[int, int] = Grouping(double)
    results = await asyncio.gather(*map(grouping.put, (1, 2, 13, 4)), return_exceptions=True)
    assert (results[0], results[3]) == (2, 8)
    assert isinstance(results[2], Conflict)
    with pytest.raises(Conflict):
        await grouping.put(13)
    with pytest.raises(ZeroDivisionError):
        await grouping.put(0)
    impatient = asyncio.create_task(grouping.put(5))
    failing = asyncio.create_task(grouping.put(13))
    await asyncio.sleep(0)
    impatient.cancel()
    failing.cancel()
    assert await grouping.put(6) == 12


async def test_a_long_text_is_compressed(store: MongoStore) -> None:
    (item,) = await take(store, event("huge", text="面包发霉" * 2_000_000))
    assert len(item.event.text) == 8_000_000


async def test_an_empty_page_moves_the_cursor(store: MongoStore) -> None:
    assert (await store.events.accept("feed", Page(events=(), cursor="5"))).accepted == 0
    assert await store.events.cursor("feed") == "5"
