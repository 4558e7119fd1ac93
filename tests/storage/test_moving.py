"""Everything a store holds arrives in the other, can be worked with there, and comes back."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.localized import LocalizedText, in_each
from core.model.alerts import Mute
from core.model.events import EventKind, Page, Reject
from core.model.mentions import Correction, MentionFilter, MetricsSample, TrackedPost
from core.model.outbox import ReplyResult, ReplyState
from core.model.outcomes import Outcome
from core.model.pauses import Pause
from core.model.tickets import TicketFilter
from storage.factory import AnyStore, open_store
from storage.moving import move
from storage.portable import KINDS, Progress, sum_of
from tests.builders import article, plan
from tests.contracts.store_support import (
    HOSTILE,
    LONE,
    NOW,
    adds_up,
    alert,
    conversation,
    event,
    incident,
    mention,
    post,
    put,
    reply,
    take,
    ticket,
)


async def fill(store: AnyStore) -> None:
    """Something of everything."""
    reject = Reject(channel="chat", id=LONE, raw=b"\xff", reason="not JSON")
    await store.events.accept("feed", Page(events=(), rejects=(reject,), cursor="41"))
    items = await take(
        store,
        event("e1", text=HOSTILE, conversation=LONE),
        *(post(f"p{n}", text=f"面包 {n}") for n in range(5)),
        post("bad"),
        post("dropped"),
    )
    await store.tickets.reserve_number()
    opened = ticket(mention=items[0].seq)
    about = plan(
        ticket=opened,
        conversation=conversation(),
        replies=(reply("r1", mention=items[0].seq), reply("d1", state=ReplyState.DRAFT)),
    )
    await store.events.record([Outcome(seq=items[0].seq, mention=mention(items[0]), plan=about)])
    for item in items[1:6]:
        posted = replace(item, event=replace(item.event, posted_at=NOW - timedelta(days=item.seq)))
        talk = conversation(id=LONE, ticket=None, updated_at=NOW + timedelta(minutes=item.seq))
        await store.events.record(
            [Outcome(seq=item.seq, mention=mention(posted), plan=plan(conversation=talk))]
        )
    await store.events.fail(items[6].seq, HOSTILE, tries=1)
    await store.events.record([Outcome(seq=items[7].seq, dropped="no.brand$")])
    (gone,) = await take(store, event("p0", revision=1, kind=EventKind.DELETE, solicited=False))
    await store.events.withdraw(gone)
    await store.outbox.add(reply("staff"), ticket=ticket("T-1002", subject="牛奶"))
    await store.outbox.claim("chat", 1, NOW)
    await store.outbox.finish([ReplyResult(key="r1", state=ReplyState.SENT, native_id="n1")])
    await store.outbox.claim("chat", 1, NOW)
    both = in_each(lambda one: LocalizedText(language=one, title=HOSTILE, body=one))
    await store.alerts.add(alert("a1", wordings=both, part_of="INC-101"), ["hook", "log"])
    await store.incidents.save(await store.incidents.open(incident(wordings=both)))
    await store.incidents.assign([items[1].seq], "INC-101")
    await store.pauses.save(
        Pause(id="all", scope="all", reason=HOSTILE, by="bot", at=NOW, wordings=both)
    )
    later = NOW + timedelta(hours=1)
    await store.alerts.mute(Mute(id="s", until=later, reason="维修", by="王芳"))
    seq = items[2].seq
    await store.corrections.save(Correction(mention=seq, sentiment="neutral", by="王芳", at=NOW))
    figures = TrackedPost(mention=seq, channel="chat", native_id="p1", posted_at=NOW, next_at=NOW)
    await store.tracked_posts.save(
        [replace(figures, samples=(MetricsSample(at=NOW, metrics=None),))]
    )
    await store.articles.replace([article("hours"), article("hours", language="en")])
    await store.values.set("freeze", "off")
    await put(store, event("pending"), cursor="42")


async def look(store: AnyStore) -> list[object]:
    """Everything that staff see."""
    return [
        await store.events.counts(),
        await store.mentions.find(MentionFilter()),
        await store.mentions.find(MentionFilter(text="面包", brand="lehui")),
        await store.mentions.find(MentionFilter(since=NOW - timedelta(days=3))),
        await store.tickets.find(TicketFilter()),
        await store.tickets.find(TicketFilter(text="牛奶")),
        await store.outbox.drafts(),
        await store.conversations.lines("chat", LONE),
        await store.conversations.lines("chat", "c1"),
        await store.conversations.get("chat", "c1"),
        await store.conversations.get("chat", LONE),
        await store.alerts.recent(),
        await store.incidents.find(),
        await store.articles.all(),
        await store.incidents.mentions("INC-101"),
        await store.mentions.find(MentionFilter(incident="INC-101")),
        await store.pauses.all(),
        await store.alerts.mutes(),
        await store.corrections.recent(),
        await store.tracked_posts.due("chat", NOW, 9),
        await store.tracked_posts.candidates("chat", since=NOW - timedelta(days=9), limit=9),
        await store.alerts.live(),
        await store.audit.entries(),
        await store.events.dead_letters(),
        await store.events.cursor("feed"),
        await store.values.get("freeze"),
        await store.maintenance.figures(NOW),
        await store.outbox.waiting_channels(),
        await store.outbox.replied_to("chat", "e1"),
    ]


@pytest.fixture
async def stores(tmp_path: Path, mongo_address: str) -> AsyncIterator[list[AnyStore]]:
    name = f"m{uuid.uuid4().hex}"
    opened = [
        await open_store(url, clock=ManualClock(NOW))
        for url in (
            f"sqlite:{tmp_path / 'a.db'}",
            f"{mongo_address}/{name}",
            f"sqlite:{tmp_path / 'b.db'}",
        )
    ]
    yield opened
    for store in opened:
        await store.close()


async def test_there_and_back_again(stores: list[AnyStore]) -> None:
    first, second, third = stores
    await fill(first)
    seen = await look(first)
    told: list[Progress] = []
    moved = await move(first, second, told.append)
    assert await look(second) == seen
    assert {each.kind for each in told} == set(KINDS)
    assert moved.rows == sum(each.count for each in moved.sums.values()) > 30
    await move(second, third, told.append)
    assert await look(third) == seen
    for kind in KINDS:
        assert (await sum_of(third, kind)).count >= moved.sums[kind].count
    for store in (second, third):
        assert [item.event.id for item in await store.events.claim(9)] == ["pending"]
        assert [each.key for each in await store.outbox.in_doubt("chat")] == ["staff"]
        assert [each.key for each in await store.alerts.claim("hook", 9, NOW)] == ["a1"]
        assert await store.tickets.reserve_number() == "T-1002"
        (known,) = await store.incidents.find()
        assert (await store.incidents.save(known)).version == known.version + 1 == 2
        assert (await store.incidents.open(incident("other"))).id == "INC-102"
        assert (await put(store, event("e1"), event("new"))).duplicates == 1
        (line,) = [
            each for each in await store.conversations.lines("chat", "c1") if each.id == "new"
        ]
        assert line.seq > max(each.seq for each in await store.conversations.lines("chat", LONE))
        assert adds_up(await store.events.counts())


async def test_an_interrupted_move_goes_on(stores: list[AnyStore]) -> None:
    source, target, _ = stores
    await fill(source)

    def stop(progress: Progress) -> None:
        if progress.kind == "replies":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move(source, target, stop)
    assert await target.rows.count("events")
    await move(source, target, lambda _: None)
    assert await look(target) == await look(source)


async def test_a_target_with_data_of_its_own_is_refused(stores: list[AnyStore]) -> None:
    source, target, _ = stores
    await put(target, event("own"))
    with pytest.raises(StoreError, match="empty store"):
        await move(source, target, lambda _: None)


async def test_what_arrived_otherwise_is_noticed(stores: list[AnyStore]) -> None:
    source, target, _ = stores
    await fill(source)
    await target.values.set("moving", "1")
    (other,) = [rows async for rows in source.rows.read("articles")]
    await target.rows.write("articles", [(*other[0][:3], b'{"changed":true}')])
    with pytest.raises(StoreError, match="the articles differ"):
        await move(source, target, lambda _: None)
