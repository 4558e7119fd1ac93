"""Merges and splits by staff hold, also after restarts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.model.mentions import Mention
from storage.factory import AnyStore, open_store
from tests.builders import MIDNIGHT
from tests.listeners.spread.rig import (
    NOW,
    QUEUE,
    Receiver,
    chain,
    in_category,
    make_watch,
    observe_all,
    ordinary,
)
from tests.listeners.spread.stored import (
    members,
    only,
    recorded,
    restarted,
    two_incidents,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


def more_of_the_queue(hours: float, *, seq: int) -> list[Mention]:
    return [
        in_category(one, "checkout")
        for one in chain(8, QUEUE, seq=seq, at=MIDNIGHT + timedelta(hours=hours))
    ]


async def test_a_stored_incident_is_merged_into_the_one_it_is_part_of(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    await observe_all(watch, ordinary(1))
    at = MIDNIGHT + timedelta(days=1)
    english = "Threw out my loaf, the underside had green spots. Disgusted, I want my money back"
    few = [in_category(one) for one in chain(3, english, seq=2_000, at=at)]
    main = [in_category(one) for one in chain(9, seq=3_000, at=at + timedelta(minutes=10))]
    more = [in_category(one) for one in chain(6, english, seq=2_500, at=at + timedelta(minutes=40))]
    await observe_all(watch, await recorded(store, few))
    await watch.close()
    small = await only(store)
    assert receiver.alerts == []
    await observe_all(watch, await recorded(store, main))
    await observe_all(watch, await recorded(store, more))
    await watch.close()
    [alert] = receiver.alerts
    assert alert.incident is not None
    assert alert.incident != small.id
    gone = await store.incidents.get(small.id)
    kept = await store.incidents.get(alert.incident)
    assert gone is not None
    assert kept is not None
    assert (gone.merged_into, gone.state) == (kept.id, "resolved")
    assert kept.mentions == 18
    assert len(await members(store, kept.id)) == 18
    assert ("merged", "bot", small.id) in [(n.what, n.by, n.detail) for n in kept.timeline]
    again = await restarted(store, receiver)
    await again.close()
    assert len(await members(store, kept.id)) == 18


async def test_a_merge_holds_for_later_posts_and_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_incidents(store, receiver)
    assert len(receiver.alerts) == 2
    merged = await watch.merge(mould, queue, by="小王")
    assert (merged.id, merged.mentions) == (mould, 12)
    gone = await store.incidents.get(queue)
    assert gone is not None
    assert (gone.merged_into, gone.state) == (mould, "resolved")
    assert (gone.timeline[-1].what, gone.timeline[-1].by) == ("merged", "小王")
    assert len(await members(store, mould)) == 12
    before = len(receiver.alerts)
    await observe_all(watch, await recorded(store, more_of_the_queue(1, seq=200)))
    await watch.close()
    assert len(await members(store, mould)) == 20
    again = await restarted(store, receiver)
    await observe_all(again, await recorded(store, more_of_the_queue(2, seq=300)))
    await again.close()
    assert len(await members(store, mould)) == 28
    assert await members(store, queue) == set()
    assert len(receiver.alerts) == before
    assert len(await store.incidents.find()) == 2


async def test_a_merged_incident_stands_for_the_one_it_went_into(store: AnyStore) -> None:
    watch, (mould, queue) = await two_incidents(store, Receiver())
    await watch.merge(mould, queue, by="小王")
    for kept, gone in ((queue, mould), (mould, queue), (mould, mould)):
        with pytest.raises(ValueError, match="one incident"):
            await watch.merge(kept, gone, by="小王")
    with pytest.raises(KeyError):
        await watch.merge(mould, "INC-9999", by="小王")


async def test_incidents_of_two_brands_are_not_merged(store: AnyStore) -> None:
    watch = make_watch(Receiver(), store=store)
    other = [replace(one, brands=("other",)) for one in chain(6, QUEUE, seq=50)]
    await observe_all(watch, await recorded(store, [*chain(6), *other]))
    await watch.close()
    one, two = await store.incidents.find()
    with pytest.raises(ValueError, match="two brands"):
        await watch.merge(one.id, two.id, by="小王")


async def test_incidents_that_are_not_in_memory_can_be_merged(store: AnyStore) -> None:
    receiver = Receiver()
    _, (mould, queue) = await two_incidents(store, receiver)
    blank = make_watch(receiver, store=store)
    await observe_all(
        blank, await recorded(store, chain(6, seq=700, at=MIDNIGHT + timedelta(days=5)))
    )
    await blank.close()
    late = next(one.id for one in await store.incidents.find() if one.id not in {mould, queue})
    await blank.merge(queue, late, by="小王")
    assert blank.incident_of("hejia", chain(1, seq=700)[0]) == queue
    await blank.merge(mould, queue, by="小王")
    assert len(await members(store, mould)) == 18


async def test_a_split_holds_for_later_copies_and_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    other = "会员价没有生效，收银机多算了二十块，让我下载软件申诉，大家结账看清楚"
    posts = await recorded(store, chain(12))
    apart = chain(5, other, seq=50, at=MIDNIGHT + timedelta(minutes=5))
    strange = await recorded(store, [in_category(one, "checkout") for one in apart])
    await observe_all(watch, [*posts, *strange])
    first = await only_of(store, posts[0])
    await watch.merge(first, await only_of(store, strange[0]), by="小王")
    made = await watch.split([one.seq for one in strange], by="小李")
    assert made != first
    assert await members(store, made) == {one.event.id for one in strange}
    assert len(await members(store, first)) == 12
    new = await store.incidents.get(made)
    old = await store.incidents.get(first)
    assert new is not None
    assert old is not None
    assert (new.mentions, new.authors) == (5, 5)
    assert ("split", "小李", first) in [(n.what, n.by, n.detail) for n in new.timeline]
    assert ("split", "小李", made) in [(n.what, n.by, n.detail) for n in old.timeline]
    assert old.mentions == 12
    copies = chain(3, other, seq=70, at=MIDNIGHT + timedelta(minutes=50))
    await observe_all(watch, await recorded(store, copies))
    await watch.close()
    assert len(await members(store, made)) == 8
    again = await restarted(store, receiver)
    copies = chain(3, other, seq=90, at=MIDNIGHT + timedelta(minutes=70))
    await observe_all(again, await recorded(store, copies))
    await observe_all(
        again, await recorded(store, chain(3, seq=80, at=MIDNIGHT + timedelta(minutes=80)))
    )
    await again.close()
    assert len(await members(store, made)) == 11
    assert len(await members(store, first)) == 15


async def only_of(store: AnyStore, mention: Mention) -> str:
    for _ in range(100):
        handled = await store.mentions.get(mention.seq)
        if handled is not None and handled.mention.incident is not None:
            return handled.mention.incident
    raise AssertionError("the mention belongs to no incident")


async def test_mentions_without_an_incident_cannot_be_split(store: AnyStore) -> None:
    watch = make_watch(Receiver(), store=store)
    posts = await recorded(store, chain(1))
    await observe_all(watch, posts)
    for seqs in ([posts[0].seq], [9_999], []):
        with pytest.raises(KeyError):
            await watch.split(seqs, by="小王")


async def test_an_incident_that_is_not_in_memory_can_be_split(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    posts = await recorded(store, chain(9))
    await observe_all(watch, posts)
    await watch.close()
    blank = make_watch(receiver, store=store)
    made = await blank.split([one.seq for one in posts[:3]], by="小王")
    assert len(await members(store, made)) == 3
