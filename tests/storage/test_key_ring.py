"""With a key, who finds the files learns nothing; without the right one, nobody reads."""

import base64
import gzip
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.model.events import Author, Page, Reject
from core.model.mentions import MentionFilter
from storage.backup import backup, restore
from storage.encryption import Keys, Vault, new_key, new_ring, parse_key
from storage.factory import AnyStore, open_store, rotate_key
from storage.moving import move, move_store
from storage.portable import KINDS, SEALED, SEALED_KINDS, Progress
from tests.contracts.store_support import (
    NOW,
    alert,
    conversation,
    event,
    heard,
    post,
    put,
    reply,
    ticket,
)
from tests.storage.test_moving import fill, look

KEY = new_key()
SECRETS = ("somebody@example.test", "13800138000", "handle_of_somebody", "李雷的名字")


async def opened(url: str, key: str | None = KEY) -> AnyStore:
    return await open_store(url, clock=ManualClock(NOW), keys=Keys(master=key))


def bytes_of(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


async def tell_secrets(store: AnyStore) -> None:
    mail, phone, handle, name = SECRETS
    author = Author(id=handle, name=name)
    text = f"{name} {phone} {mail}"
    said = event("e1", author=author, text=text, conversation=handle)
    await heard(store, said, post("p1", author=author, text=text), masked_text="[name] [phone]")
    reject = Reject(channel="chat", id="x", raw=text.encode(), reason="bad")
    await store.events.accept("feed", Page(events=(), rejects=(reject,)))
    answer = reply("r1", text=text, target=reply().target)
    await store.outbox.add(answer, ticket=ticket(customer=handle, conversation=handle))
    await store.alerts.add(alert("a1"), ["hook"])


@pytest.mark.parametrize("key", [KEY, None], ids=["sealed", "plain"])
async def test_what_lies_on_the_disk(tmp_path: Path, key: str | None) -> None:
    store = await opened(f"sqlite:{tmp_path / 'store.db'}", key)
    await tell_secrets(store)
    data = bytes_of(tmp_path)
    found = [secret for secret in SECRETS if secret.encode() in data]
    assert found == ([] if key else list(SECRETS))
    handled = await store.mentions.get(1)
    assert handled is not None
    assert handled.mention.event.author.name == SECRETS[3]
    assert next(line.text for line in await store.conversations.lines("chat", SECRETS[2])).endswith(
        SECRETS[0]
    )
    (letter,) = await store.events.dead_letters()
    assert SECRETS[1].encode() in letter.raw
    await store.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    store = await opened(f"sqlite:{tmp_path / 'first.db'}")
    await fill(store)
    yield store
    await store.close()


async def test_the_wrong_key_or_none_is_told(tmp_path: Path, mongo_url: str) -> None:
    for url in (f"sqlite:{tmp_path / 'store.db'}", mongo_url):
        store = await opened(url)
        await put(store, event("e1"))
        await store.close()
        with pytest.raises(StoreError, match="does not fit"):
            await opened(url, new_key())
        with pytest.raises(StoreError, match="is encrypted"):
            await opened(url, None)
        again = await opened(url)
        assert [item.event for item in await again.events.claim(9)] == [event("e1")]
        await again.close()


async def test_data_without_a_key_is_not_mixed_with_sealed_data(
    tmp_path: Path, mongo_url: str
) -> None:
    for url in (f"sqlite:{tmp_path / 'store.db'}", mongo_url):
        store = await opened(url, None)
        await put(store, event("e1"))
        await store.close()
        with pytest.raises(StoreError, match="which encrypts it there"):
            await opened(url)


@pytest.mark.parametrize("text", ["", "short", "a" * 43, base64.b64encode(b"x" * 31).decode(), "é"])
def test_a_key_that_is_none(text: str) -> None:
    with pytest.raises(StoreError, match=r"run\.py rotate"):
        parse_key(text)


def test_keys_are_read_in_both_alphabets() -> None:
    raw = bytes(range(220, 252))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert parse_key(f" {encode(raw).decode()}\n") == raw


async def rotate(url: str, new: str, tell: Callable[[Progress], None] = lambda _: None) -> int:
    return await rotate_key(url, clock=ManualClock(NOW), old=KEY, new=new, by="王芳", tell=tell)


async def heads(store: AnyStore) -> dict[str, set[bytes]]:
    """Which data keys the rows of each kind are sealed with."""
    found: dict[str, set[bytes]] = {}
    for kind in SEALED_KINDS:
        columns = [KINDS[kind].index(name) for name in SEALED if name in KINDS[kind]]
        async for rows in store.rows.read(kind):
            for row in rows:
                values = [row[column] for column in columns]
                found.setdefault(kind, set()).update(v[2:4] for v in values if isinstance(v, bytes))
    return found


@pytest.fixture(params=["sqlite", pytest.param("mongodb", marks=pytest.mark.process)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "mongodb":
        return str(request.getfixturevalue("mongo_url"))
    return f"sqlite:{tmp_path / 'store.db'}"


async def test_a_new_key_replaces_the_old_one_and_seals_everything(url: str) -> None:
    store = await opened(url)
    await fill(store)
    seen = await look(store)
    fresh = new_key()
    told: list[Progress] = []
    sealed = await rotate(url, fresh, told.append)
    assert {each.kind for each in told} == set(SEALED_KINDS)
    assert all(each.done <= each.total for each in told)
    await put(store, event("by one who runs"))
    await store.close()
    with pytest.raises(StoreError, match="does not fit"):
        await opened(url)
    again = await opened(url, fresh)
    found = await heads(again)
    assert set(found) == set(SEALED_KINDS)
    assert found.pop("events") == {b"\0\0", b"\0\1"}
    assert found.pop("lines") == {b"\0\0", b"\0\1"}
    assert set.union(*found.values()) == {b"\0\1"}
    assert [each.what for each in await again.audit.entries()][-1] == "rotate"
    await again.close()
    assert await rotate(url, fresh) == 2, "what was written by one who ran"
    again = await opened(url, fresh)
    assert set.union(*(await heads(again)).values()) == {b"\0\1"}
    assert await again.customers.export("u1") != await again.customers.export("nobody")
    (pending,) = [one for one in await again.events.claim(9) if one.event.id == "pending"]
    assert pending.event == event("pending")
    log = [each.what for each in await again.audit.entries()]
    assert log.count("rotate") == 1, "a repeat replaces no key"
    assert await again.maintenance.examine(mend=False) == []
    assert sealed > 20
    assert (await look(again))[1] == seen[1]
    await again.close()


async def test_the_id_of_a_sent_reply_is_sealed_anew_too(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await opened(f"sqlite:{path}")
    await fill(store)
    await store.close()
    fresh = new_key()
    await rotate(f"sqlite:{path}", fresh)
    with closing(sqlite3.connect(path)) as db:
        natives = [row[0] for row in db.execute("SELECT native FROM replies WHERE state = 'sent'")]
    assert [native[2:4] for native in natives] == [b"\0\1"]
    assert b"n1" not in natives[0]


async def test_sealing_anew_that_was_broken_off_goes_on(url: str) -> None:
    store = await opened(url)
    await fill(store)
    await store.close()
    fresh = new_key()

    def stop(step: Progress) -> None:
        if step.kind == "lines":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rotate(url, fresh, stop)
    half = await opened(url, fresh)
    assert set.union(*(await heads(half)).values()) == {b"\0\0", b"\0\1"}
    await half.close()
    assert await rotate(url, fresh) > 0
    whole = await opened(url, fresh)
    assert set.union(*(await heads(whole)).values()) == {b"\0\1"}
    await whole.close()


async def test_the_wrong_old_key_changes_nothing(url: str) -> None:
    store = await opened(url)
    await fill(store)
    await store.close()
    with pytest.raises(StoreError, match="does not fit"):
        await rotate_key(
            url, clock=ManualClock(NOW), old=new_key(), new=new_key(), by="x", tell=lambda _: None
        )
    with pytest.raises(StoreError, match=r"run\.py rotate"):
        await rotate(url, "short")
    again = await opened(url)
    assert set.union(*(await heads(again)).values()) == {b"\0\0"}
    await again.close()


async def test_only_an_encrypted_store_has_a_key_to_replace(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'store.db'}"
    store = await opened(url, None)
    await put(store, event("e1"))
    await store.close()
    with pytest.raises(StoreError, match=r"run\.py migrate"):
        await rotate(url, new_key())


async def test_a_damaged_or_foreign_record_is_told() -> None:
    ring = new_ring()
    vault = Vault(ring)
    sealed = vault.seal(b"text")
    assert vault.open(sealed) == b"text"
    assert sealed != vault.seal(b"text")
    for damaged in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:4] + b"x" * 30):
        with pytest.raises(StoreError, match="doctor"):
            vault.open(damaged)
    for foreign in (b"", b"{}", sealed[:2] + b"\x00\x09" + sealed[4:]):
        with pytest.raises(StoreError, match="Restart it"):
            vault.open(foreign)


async def test_names_are_blinded_the_same_and_differently_by_ring() -> None:
    ring = new_ring()
    assert Vault(ring).who("a\ud800") == Vault(ring).who("a\ud800")
    assert Vault(ring).who("a") != Vault(ring).who("b")
    assert Vault(ring).who("a") != Vault(new_ring()).who("a")
    assert not Vault(ring).plain


async def test_moving_encrypts_and_keeps_encrypted(tmp_path: Path, mongo_url: str) -> None:
    urls = [f"sqlite:{tmp_path / 'plain.db'}", f"sqlite:{tmp_path / 'sealed.db'}", mongo_url]
    store = await opened(urls[0], None)
    await fill(store)
    await store.values.set("secret", "")
    seen = await look(store)
    await store.close()
    for source, target in itertools.pairwise(urls):
        await move_store(source, target, clock=ManualClock(NOW), key=KEY, tell=lambda _: None)
        moved = await opened(target)
        assert await look(moved) == seen
        assert not moved.coder.plain
        assert await moved.conversations.get("chat", "c1") == conversation()
        assert (await moved.mentions.find(MentionFilter(text="面包"))).mentions
        await moved.close()
    with pytest.raises(StoreError, match="is encrypted"):
        await move_store(
            urls[1],
            f"sqlite:{tmp_path / 'other.db'}",
            clock=ManualClock(NOW),
            key=None,
            tell=lambda _: None,
        )


async def test_stores_with_different_keys_are_not_mixed(store: AnyStore, tmp_path: Path) -> None:
    other = await opened(f"sqlite:{tmp_path / 'second.db'}", new_key())
    with pytest.raises(StoreError, match="other keys"):
        await move(store, other, lambda _: None)
    await other.close()


async def test_backups_stay_encrypted(tmp_path: Path, mongo_url: str) -> None:
    store = await opened(mongo_url)
    await tell_secrets(store)
    await backup(store, tmp_path / "rows.gz")
    await store.close()
    for secret in SECRETS:
        assert secret.encode() not in gzip.decompress(bytes_of(tmp_path))
    target = f"sqlite:{tmp_path / 'copy.db'}"
    await restore(tmp_path / "rows.gz", target, clock=ManualClock(NOW), keys=Keys(master=KEY))
    copy = await opened(target)
    assert len((await copy.mentions.find(MentionFilter())).mentions) == 2
    await copy.close()
    with pytest.raises(StoreError, match="not encrypted with the same keys"):
        await restore(tmp_path / "rows.gz", f"{mongo_url}x", clock=ManualClock(NOW))
    with pytest.raises(StoreError, match="does not fit"):
        await restore(
            tmp_path / "rows.gz",
            f"{mongo_url}y",
            clock=ManualClock(NOW),
            keys=Keys(master=new_key()),
        )
