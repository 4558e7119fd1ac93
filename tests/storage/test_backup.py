"""A backup made while the store is used can be put back, and what is not sound is refused."""

import asyncio
import gzip
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import SchemaTooNew, StoreError
from core.model.events import Author
from core.model.outbox import ReplyResult, ReplyState, Target
from storage import backup as copying
from storage.backup import backup, restore
from storage.factory import AnyStore, open_store
from tests.contracts.store_support import NOW, adds_up, event, incident, put, reply, take
from tests.storage.test_moving import fill, look


async def opened(url: str) -> AnyStore:
    return await open_store(url, clock=ManualClock(NOW))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'live.db'}"


async def test_a_backup_while_writing_is_of_one_moment(url: str, tmp_path: Path) -> None:
    store = await opened(url)
    writing = True

    async def write() -> int:
        n = 0
        while writing:
            await put(store, event(f"e{n}"), event(f"f{n}"), cursor=str(n))
            n += 1
        return n

    writer = asyncio.create_task(write())
    for _ in range(5):
        await asyncio.sleep(0.05)
        await backup(store, tmp_path / "backup")
    writing = False
    assert await writer > 0
    await store.close()
    await restore(
        tmp_path / "backup", f"sqlite:{tmp_path / 'new' / 'copy.db'}", clock=ManualClock(NOW)
    )
    copy = await opened(f"sqlite:{tmp_path / 'new' / 'copy.db'}")
    counts = await copy.events.counts()
    assert adds_up(counts)
    assert counts.received == 2 * (int(await copy.events.cursor("feed") or -1) + 1) > 0
    assert len(await copy.events.claim(10**6)) == counts.pending
    await copy.close()


async def test_a_backup_is_put_back_under_a_running_store(url: str, tmp_path: Path) -> None:
    store = await opened(url)
    await fill(store)
    seen = await look(store)
    await backup(store, tmp_path / "backup")
    await put(store, event("later", text="forget me"))
    await store.articles.replace([])
    await store.values.set("freeze", "on")
    await restore(tmp_path / "backup", url, clock=ManualClock(NOW))
    assert await look(store) == seen
    assert [item.event.id for item in await store.events.claim(9)] == ["pending"]
    assert (await put(store, event("later"))).accepted == 1
    assert await store.tickets.reserve_number() > "T-2001"
    assert (await store.incidents.open(incident("next"))).id > "INC-1101"
    await store.close()
    again = await opened(url)
    assert [item.event.id for item in await again.events.claim(9)] == ["pending", "later"]
    await again.close()


async def test_who_was_erased_stays_erased_and_the_log_goes_on(url: str, tmp_path: Path) -> None:
    store = await opened(url)
    await take(store, event("e1", text="秘密"), event("e2", author=Author(id="u2"), text="别的"))
    await store.audit.note(who="a", what="export", about="x")
    await backup(store, tmp_path / "backup")
    await store.audit.note(who="b", what="export", about="y")
    await store.customers.erase("u1", by="王芳")
    await restore(tmp_path / "backup", url, clock=ManualClock(NOW))
    assert (await store.customers.export("u1")).size["events"] == 0
    assert (await store.customers.export("u2")).size["events"] == 1
    log = list(await store.audit.entries())
    assert [(each.who, each.what) for each in log] == [
        ("a", "export"),
        ("b", "export"),
        ("王芳", "erase"),
        ("restore", "erase"),
    ]
    assert await store.maintenance.examine(mend=False) == []
    await restore(tmp_path / "backup", f"sqlite:{tmp_path / 'new.db'}", clock=ManualClock(NOW))
    new = await opened(f"sqlite:{tmp_path / 'new.db'}")
    assert [each.who for each in await new.audit.entries()] == ["a"], (
        "a new store has the backup's log"
    )
    await backup(store, tmp_path / "later")
    await new.close()
    await restore(tmp_path / "later", f"sqlite:{tmp_path / 'new.db'}", clock=ManualClock(NOW))
    new = await opened(f"sqlite:{tmp_path / 'new.db'}")
    assert await new.audit.entries() == log, "a later backup's log goes on from the store's"
    await new.close()
    await store.close()


async def test_nothing_is_sent_twice_after_a_backup_is_put_back(url: str, tmp_path: Path) -> None:
    store = await opened(url)
    for key in ("waited", "sending"):
        await store.outbox.add(reply(key, target=Target(channel="chat", conversation=key)))
    await store.outbox.add(reply("draft", state=ReplyState.DRAFT))
    await store.outbox.claim("chat", 1, NOW)
    await backup(store, tmp_path / "backup")
    await store.outbox.add(reply("sent later", target=Target(channel="chat", conversation="c9")))
    await store.outbox.claim("chat", 9, NOW)
    sent = ReplyResult(key="sent later", state=ReplyState.SENT, native_id="n9")
    (told,) = await store.outbox.finish([sent])
    await store.outbox.finish([ReplyResult(key="waited", state=ReplyState.SENT)])
    await restore(tmp_path / "backup", url, clock=ManualClock(NOW))
    assert await store.outbox.claim("chat", 9, NOW) == []
    assert [each.key for each in await store.outbox.in_doubt("chat")] == ["sending"]
    assert not await store.outbox.add(
        reply("sent later", target=Target(channel="chat", conversation="c9"))
    )
    assert await store.outbox.finish([sent]) == [told]
    assert told.native_id == "n9"
    assert [each.key for each in await store.outbox.drafts()] == ["draft"]
    await store.close()


async def test_mongodb_is_backed_up_as_rows_for_any_store(mongo_url: str, tmp_path: Path) -> None:
    store = await opened(mongo_url)
    await fill(store)
    seen = await look(store)
    await backup(store, tmp_path / "rows.gz")
    with pytest.raises(StoreError, match="empty store"):
        await restore(tmp_path / "rows.gz", mongo_url, clock=ManualClock(NOW))
    await store.close()
    for url in (f"{mongo_url}x", f"sqlite:{tmp_path / 'copy.db'}"):
        await restore(tmp_path / "rows.gz", url, clock=ManualClock(NOW))
        copy = await opened(url)
        assert await look(copy) == seen
        await copy.close()


async def test_what_is_no_backup_is_refused(url: str, tmp_path: Path, mongo_url: str) -> None:
    store = await opened(url)
    await take(store, event("e1"))
    file = tmp_path / "file"
    sound = tmp_path / "sound"
    await backup(store, sound)
    sqlite = sound.read_bytes()
    rows = gzip.compress(b'{"format": "tingfeng rows 1"}\n{"kind": "events"}\n[1]\n')
    for content, message in {
        b"": "not a sound backup",
        b"hello": "not a sound backup",
        gzip.compress(b"{}\n"): "not a Tingfeng backup",
        gzip.compress(b"nonsense\n"): "not a sound backup",
        rows: "truncated or was changed",
        rows[:-10]: "not a sound backup",
        gzip.compress(gzip.decompress(rows) + b"[{}]\n"): "not a sound backup",
        gzip.compress(gzip.decompress(rows) + b"[\n"): "not a sound backup",
        gzip.compress(gzip.decompress(rows) + b'{"end": {"events": [2, "1"]}}\n'): "truncated",
        sqlite[:5000]: "backup",
        sqlite[:8192] + b"\xff" * (len(sqlite) - 8192): "backup",
    }.items():
        write(file, content)
        with pytest.raises(StoreError, match=message):
            await restore(file, url, clock=ManualClock(NOW))
    with pytest.raises(StoreError, match="cannot be read"):
        await restore(tmp_path / "nothing", url, clock=ManualClock(NOW))
    with pytest.raises(StoreError, match="SQLite backup"):
        await restore(sound, mongo_url, clock=ManualClock(NOW))
    assert (await store.events.counts()).received == 1
    await store.close()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def test_a_backup_of_a_newer_version_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await opened(url)
    await backup(store, tmp_path / "backup")
    monkeypatch.setattr(copying, "VERSION", 0)
    with pytest.raises(SchemaTooNew, match="Install that version"):
        await restore(tmp_path / "backup", url, clock=ManualClock(NOW))
    await store.close()


async def test_a_place_that_cannot_be_written(url: str, tmp_path: Path, mongo_url: str) -> None:
    for address in (url, mongo_url):
        store = await opened(address)
        with pytest.raises(StoreError, match="cannot be written"):
            await backup(store, tmp_path / "no" / "folder" / "backup")
        await store.close()
    write(tmp_path / "folder", b"")
    other = await opened(url)
    await backup(other, tmp_path / "backup")
    await other.close()
    with pytest.raises(StoreError):
        await restore(tmp_path / "backup", f"sqlite:{tmp_path}", clock=ManualClock(NOW))
