"""Promises of the SQLite store alone: its file, its errors, its recovery."""

import asyncio
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import (
    ConfigError,
    SchemaTooNew,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
)
from core.model.outbox import Target
from storage.factory import open_store
from storage.sqlite.engine import connection, schema
from storage.sqlite.engine.connection import SqliteTx
from storage.sqlite.store import SqliteStore
from tests.contracts.store_support import NOW, adds_up, event, put, reply, take

BIG = "霉" * 4000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.db"


async def opened(path: Path, max_pages: int | None = None) -> SqliteStore:
    return await SqliteStore.open(path, clock=ManualClock(NOW), max_pages=max_pages)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = await opened(path)
    yield store
    await store.close()


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


async def fill(store: SqliteStore) -> int:
    """Put in events until there is no room; returns how many were taken."""
    for n in range(10_000):
        try:
            await put(store, event(f"e{n}", text=BIG), cursor=str(n))
        except StoreFull:
            return n
    raise AssertionError("never full")


async def test_a_full_store_takes_nothing_and_recovers_by_itself(path: Path) -> None:
    store = await opened(path, max_pages=150)
    taken = await fill(store)
    assert taken > 5
    for _ in range(2):
        with pytest.raises(StoreFull):
            await store.maintenance.check()
    assert (await store.events.counts()).received == taken
    assert await store.events.cursor("feed") == str(taken - 1)
    assert await store.values.get("anything") is None, "reading goes on"
    await store._db.write(lambda tx: tx.db.execute("PRAGMA max_page_count = 10000").fetchall())
    await store.maintenance.check()
    assert (await put(store, event("after", text=BIG))).accepted == 1
    assert len(await store.events.claim(1000)) == taken + 1
    assert adds_up(await store.events.counts())
    await store.close()


async def test_one_caller_who_asks_for_too_much_does_not_spoil_the_group(path: Path) -> None:
    store = await opened(path, max_pages=150)
    huge = put(store, event("huge", text=BIG * 200))
    results = await asyncio.gather(
        *(put(store, event(f"a{n}")) for n in range(20)),
        huge,
        *(put(store, event(f"b{n}")) for n in range(20)),
        return_exceptions=True,
    )
    failed = [each for each in results if isinstance(each, BaseException)]
    assert len(failed) == 1
    assert isinstance(failed[0], StoreFull)
    assert (await store.events.counts()).received == 40
    await store.close()


async def test_what_was_claimed_before_the_store_failed_can_be_claimed_again(path: Path) -> None:
    store = await opened(path, max_pages=150)
    await store.outbox.add(reply("r1"))
    await store.outbox.add(reply("r2", target=Target(channel="chat", conversation="c2")))
    claimed = await take(store, event("first"))
    assert await store.outbox.claim("chat", 1, NOW)
    assert await store.events.claim(9) == []
    await fill(store)
    await store._db.write(lambda tx: tx.db.execute("PRAGMA max_page_count = 10000").fetchall())
    assert [item.seq for item in await store.events.claim(1)] == [claimed[0].seq]
    assert [each.key for each in await store.outbox.in_doubt("chat")] == ["r1"]
    assert await store.outbox.claim("chat", 9, NOW)
    assert [each.key for each in await store.outbox.in_doubt("chat")] == ["r1"], (
        "r2 was claimed since"
    )
    await store.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        # Needs root, which CI need not have; the full disk that needs none is tested above.
        pytest.skip("left out: no right to mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


async def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as folder:
        store = await opened(folder / "store.db")
        taken = await fill(store)
        assert (await store.events.counts()).received == taken
        for n in range(3):
            with pytest.raises(StoreFull, match="Free disk space"):
                await put(store, event(f"no{n}", text=BIG * 50))
            with pytest.raises(StoreFull):
                await store.maintenance.check()
        remount(folder, "size=30m")
        await store.maintenance.check()
        assert await store.values.get("room") is None
        assert (await put(store, event("room", text=BIG))).accepted == 1
        await store.close()
        again = await opened(folder / "store.db")
        assert (await again.events.counts()).received == taken + 1
        await again.close()


async def test_a_disk_full_from_the_start(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as folder:
        write(folder / "ballast", b"x" * (3 << 20))
        with pytest.raises(StoreError, match=r"Free disk|cannot be written|Look at the disk"):
            await opened(folder / "store.db")


async def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    write(tmp_path / "data", b"a file")
    with pytest.raises(StoreReadOnly, match="name another"):
        await opened(tmp_path / "data" / "store.db")


async def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreReadOnly, match="the right to write"):
        await opened(tmp_path)


async def test_a_read_only_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as folder:
        store = await opened(folder / "store.db")
        await store.close()
        remount(folder, "ro")
        with pytest.raises(StoreReadOnly, match="the right to write"):
            await opened(folder / "store.db")
        with pytest.raises(StoreReadOnly, match="the right to write"):
            await opened(folder / "other.db")


async def test_a_file_of_a_newer_version(store: SqliteStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(SchemaTooNew, match="Install that version"):
        await opened(path)


async def test_a_file_of_another_program(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE photos (id)")
    with pytest.raises(StoreError, match="another program"):
        await opened(path)


async def test_a_file_that_is_no_database(path: Path) -> None:
    write(path, b"no database " * 1000)
    with pytest.raises(StoreError, match="Restore"):
        await opened(path)


async def test_a_locked_file(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    other = await opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked, match="Stop the other program"):
            await put(other, event("e1"))
        with pytest.raises(StoreLocked, match="Stop the other program"):
            await opened(path)
        assert (await other.events.counts()).received == 0, "reading goes on"
        holder.execute("ROLLBACK")
    assert (await put(other, event("e1"))).accepted == 1
    await other.close()


async def test_an_error_in_one_operation_is_only_its_callers(store: SqliteStore) -> None:
    def bug(_: object) -> None:
        raise ZeroDivisionError

    results = await asyncio.gather(
        put(store, event("a")), store._db.write(bug), put(store, event("b")), return_exceptions=True
    )
    assert isinstance(results[1], ZeroDivisionError)
    assert (await store.events.counts()).received == 2


async def test_what_a_failed_operation_did_is_undone(store: SqliteStore) -> None:
    def work(tx: SqliteTx) -> None:
        tx.db.execute("INSERT INTO settings (key, value) VALUES ('half', 'done')")
        tx.count("received", 1)
        tx.index("INSERT INTO tickets_index (rowid, words) VALUES (?, ?)", (1, "x"))
        tx.db.execute("INSERT INTO nonsense VALUES (1)")

    with pytest.raises(StoreError, match="nonsense"):
        await store._db.write(work)
    assert await store.values.get("half") is None
    assert (await store.events.counts()).received == 0


async def test_a_caller_who_gave_up_spoils_nothing(store: SqliteStore) -> None:
    gate = threading.Event()
    blocker = asyncio.create_task(store._db.write(lambda _: gate.wait(10)))
    await asyncio.sleep(0.05)
    impatient = asyncio.create_task(put(store, event("e1")))
    await asyncio.sleep(0)
    impatient.cancel()
    gate.set()
    await blocker
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await put(store, event("e2"))).accepted == 1
    assert (await store.events.counts()).received == 2, "handed in is handed in"


async def test_a_closed_store_says_so(path: Path) -> None:
    store = await opened(path)
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await put(store, event("e1"))
    with pytest.raises(StoreError, match="closed"):
        await store.events.counts()


async def test_closing_leaves_no_lock_file(path: Path) -> None:
    store = await opened(path)
    assert len(list(path.parent.glob("*-owner-*"))) == 1
    await store.close()
    assert list(path.parent.glob("*-owner-*")) == []


async def test_every_commit_is_flushed_to_the_disk(store: SqliteStore) -> None:
    def settings(db: sqlite3.Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert await store._db.read(lambda view: settings(view.db)) == wanted

    with pytest.raises(StoreError, match="cannot be written"):
        await store._db.read(lambda view: view.db.execute("DELETE FROM settings"))


async def test_the_factory_opens_by_url(path: Path) -> None:
    store = await open_store(f"sqlite:{path}", clock=ManualClock(NOW))
    assert isinstance(store, SqliteStore)
    assert store.path == path
    await store.close()
    for wrong in ("", "sqlite:", "postgres://x", str(path)):
        with pytest.raises(ConfigError, match=r"store\.url"):
            await open_store(wrong, clock=ManualClock(NOW))
