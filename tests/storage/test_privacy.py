"""A customer is shown and forgotten whole, and who did it stays on record."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.localized import LocalizedText
from core.model.audit import AuditEntry, first_broken, next_entry, pseudonym
from core.model.events import Author, Page, Reject
from core.model.mentions import Correction, MentionFilter, TrackedPost
from core.model.outbox import Target
from core.model.outcomes import Outcome
from core.model.pauses import Pause
from core.model.tickets import TicketFilter
from storage.encryption import Keys, new_key
from storage.factory import AnyStore, open_store
from storage.sqlite.engine.connection import SqliteTx
from storage.sqlite.store import SqliteStore
from tests.builders import plan
from tests.contracts.store_support import (
    HOSTILE,
    LONE,
    NOW,
    adds_up,
    alert,
    conversation,
    event,
    heard,
    incident,
    mention,
    post,
    put,
    reply,
    take,
    ticket,
)
from tests.storage.test_key_ring import bytes_of

WHO = "customer-7"
WORD = "榴莲千层"
"""Said by the customer alone."""
NAME = "韩梅梅"
PAUSE = Pause(
    id="incident:INC-101",
    scope="incident",
    value="INC-101",
    reason=f"P1 禾家超市：{WORD} p1",
    by="bot",
    at=NOW,
    wordings=(LocalizedText(language="en", title=f"P1 Hejia: {WORD} p1"),),
)
OTHER_PAUSE = Pause(id="all", scope="all", reason="系统维护", by="王芳", at=NOW)


@pytest.fixture(params=["sqlite", "sealed", pytest.param("mongodb", marks=pytest.mark.process)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AnyStore:
    url = f"sqlite:{tmp_path / 'store.db'}"
    if request.param == "mongodb":
        url = request.getfixturevalue("mongo_url")
    keys = Keys(master=new_key() if request.param == "sealed" else None)
    return await open_store(url, clock=ManualClock(NOW), keys=keys)


def theirs(native: str, **changes: object) -> dict[str, object]:
    return {
        "author": Author(id=WHO, name=NAME),
        "text": f"{WORD} {native}",
        "conversation": "thread-7",
        **changes,
    }


async def live(store: AnyStore) -> None:
    """The life of a customer among others."""
    await heard(store, post("other", text="别人说的"))
    await put(store, event("else", text="别人问的"))
    items = await take(
        store,
        event("m1", **theirs("m1")),
        post("p1", **theirs("p1", conversation="p1")),
        post("p2", solicited=True, **theirs("p2", conversation="shared")),
        event("dead", **theirs("dead")),
        event("spam", **theirs("spam")),
        event("waits", **theirs("waits")),
    )
    items = [item for item in items if item.event.author.id == WHO]
    opened = ticket(
        customer=WHO, conversation="thread-7", subject=f"{WORD} 坏了", mention=items[0].seq
    )
    told = reply(
        "r1",
        text=f"{NAME}您好",
        target=Target(channel="chat", conversation="thread-7", author=WHO),
        mention=items[0].seq,
        ticket=opened.number,
    )
    public = reply("r2", text=NAME, target=Target(channel="chat", conversation="p1"))
    wanted = plan(
        ticket=opened,
        conversation=conversation(id="thread-7", customer=WHO),
        replies=(told, replace(public, mention=items[1].seq)),
    )
    for item, planned in zip(items[:3], (wanted, plan(), plan()), strict=True):
        await store.events.record([Outcome(seq=item.seq, mention=mention(item), plan=planned)])
    await store.events.record(
        [Outcome(seq=items[1].seq, mention=mention(items[1]), plan=plan(replies=(public,)))]
    )
    await store.events.fail(items[3].seq, "bad", tries=1)
    await store.events.record([Outcome(seq=items[4].seq, dropped="spam")])
    seq = items[1].seq
    await store.corrections.save(Correction(mention=seq, sentiment="neutral", by="王芳", at=NOW))
    figures = TrackedPost(
        mention=seq, channel="chat", native_id=f"{WORD} p1", posted_at=NOW, next_at=NOW
    )
    await store.tracked_posts.save([figures])
    evidence = alert(
        "a1",
        title=f"禾家超市：{WORD} p1",
        body=f"8 位作者\n〔chat〕别人说的\n〔chat〕{WORD} p1",
        incident="INC-101",
    )
    await store.alerts.add(evidence, [])
    await store.alerts.add(alert("a2", body="〔chat〕别人说的"), [])
    await store.pauses.save(PAUSE)
    await store.pauses.save(OTHER_PAUSE)
    await store.incidents.open(incident("k", title=f"{WORD} p1"))
    await store.incidents.open(incident("other", title="别人说的"))
    rejects = (
        Reject(channel="chat", id="x1", raw=f'{{"from": "{WHO}"}}'.encode(), reason="bad"),
        Reject(channel="chat", id="x2", raw=b"{of another}", reason="bad"),
    )
    await store.events.accept("feed", Page(events=(), rejects=rejects))
    await put(store, event("in shared", conversation="shared", text="别人在说"))


async def test_a_customer_is_shown_whole(store: AnyStore) -> None:
    await live(store)
    dossier = await store.customers.export(WHO)
    assert dossier.size == {
        "events": 6,
        "mentions": 3,
        "conversations": 1,
        "lines": 5,
        "tickets": 1,
        "replies": 2,
        "corrections": 1,
        "tracked": 1,
        "rejects": 1,
    }
    shown = json.loads(dossier.to_json())
    assert shown["events"][0]["posted_at"] == NOW.isoformat()
    assert "别人" not in json.dumps(shown, ensure_ascii=False)
    assert (await store.customers.export("nobody")).size == dict.fromkeys(dossier.size, 0)
    await store.close()


async def test_a_customer_is_forgotten_whole(store: AnyStore, tmp_path: Path) -> None:
    await live(store)
    before = await store.events.counts()
    size = (await store.customers.export(WHO)).size
    assert await store.customers.erase(WHO, by="王芳") == size
    left = (await store.customers.export(WHO)).size
    assert set(left.values()) == {0}
    assert (await store.mentions.find(MentionFilter(text=WORD))).mentions == ()
    assert len((await store.mentions.find(MentionFilter())).mentions) == 1
    assert (await store.tickets.find(TicketFilter())).tickets == ()
    assert await store.conversations.lines("chat", "thread-7") == []
    assert [line.id for line in await store.conversations.lines("chat", "shared")] == ["in shared"]
    assert [line.id for line in await store.conversations.lines("chat", "c1")] == ["else"]
    assert await store.conversations.get("chat", "thread-7") is None
    assert [each.native_id for each in await store.events.dead_letters()] == ["x2"]
    assert await store.outbox.waiting_channels() == []
    one, other = await store.alerts.live()
    assert (one.title, one.body, one.version) == ("…", "8 位作者\n〔chat〕别人说的", 1)
    assert other == alert("a2", body="〔chat〕别人说的")
    assert sorted(each.title for each in await store.incidents.find()) == ["…", "别人说的"]
    for each in await store.incidents.find():
        await store.incidents.save(each)
    clean = replace(PAUSE, reason="…", wordings=(LocalizedText(language="en", title="…"),))
    assert await store.pauses.all() == [OTHER_PAUSE, clean], "still paused, without the quotation"
    assert await store.corrections.recent() == []
    assert await store.tracked_posts.due("chat", NOW, 9) == []
    counts = await store.events.counts()
    assert adds_up(counts)
    assert counts.received == before.received - 1, "the unreadable input is as if it never came"
    assert (counts.done, counts.dead, counts.dropped) == (1, 1, {"erased": 6})
    assert await store.maintenance.examine(mend=False) == []
    again = await put(store, event("m1", **theirs("m1")), event("waits", **theirs("waits")))
    assert again.duplicates == 2, "a repeat brings nothing back"
    *_, line = await store.audit.entries()
    assert (line.who, line.what, line.about) == ("王芳", "erase", pseudonym(WHO))
    assert WHO not in line.about
    await store.close()
    if isinstance(store, SqliteStore):
        data = bytes_of(tmp_path)
        for secret in (WHO, NAME, WORD, WORD[:2], WORD[1:3]):
            assert secret.encode() not in data


async def test_what_erasing_removes_was_there(tmp_path: Path) -> None:
    """So that the search of the file above cannot be a search for nothing."""
    store = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    await live(store)
    await store.close()
    data = bytes_of(tmp_path)
    for secret in (WHO, NAME, WORD, WORD[:2], WORD[1:3]):
        assert secret.encode() in data


async def test_the_log_is_a_chain(store: AnyStore) -> None:
    for n in range(5):
        await store.audit.note(who=f"{HOSTILE}{n}", what="export", about=LONE)
    entries = list(await store.audit.entries())
    assert [each.seq for each in entries] == [1, 2, 3, 4, 5]
    assert first_broken(entries) is None
    assert first_broken([]) is None
    changed = replace(entries[2], who="somebody else")
    assert first_broken([*entries[:2], changed, *entries[3:]]) == 3
    forged = next_entry(entries[1], at=NOW, who="somebody else", what="export", about="")
    assert first_broken([*entries[:2], forged, *entries[3:]]) == 4
    assert first_broken([*entries[:2], *entries[3:]]) == 4
    assert first_broken(entries[1:]) == 2
    await store.close()


def _run(tx: SqliteTx, statement: str) -> None:
    tx.db.execute(statement)


async def test_the_log_is_only_added_to(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    assert isinstance(store, SqliteStore)
    noted: AuditEntry = await store.audit.note(who="a", what="erase", about="b")
    for statement in ("DELETE FROM audit", "UPDATE audit SET who = 'x'"):
        work = partial(_run, statement=statement)
        with pytest.raises(StoreError, match="only added to"):
            await store._db.write(work)
    assert await store.audit.entries() == [noted]
    await store.close()
