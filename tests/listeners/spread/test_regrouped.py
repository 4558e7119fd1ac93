"""What staff merge and split holds, through restarts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.mentions import Mention
from storage.factory import AnyStore, open_store
from tests.listeners.making import START
from tests.listeners.spread.keeping import (
    in_category,
    members,
    only,
    recorded,
    restarted,
    two_matters,
)
from tests.listeners.spread.watching import (
    NOW,
    QUEUE,
    Receiver,
    hear,
    ordinary,
    said,
    watching,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


def more_of_the_queue(hours: float, *, seq: int) -> list[Mention]:
    return [
        in_category(one, "checkout")
        for one in said(8, QUEUE, seq=seq, at=START + timedelta(hours=hours))
    ]


async def test_a_kept_matter_that_turns_out_to_be_another_goes_over_to_it(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    await hear(watch, ordinary(1))
    at = START + timedelta(days=1)
    english = "Threw out my loaf, the underside had green spots. Disgusted, I want my money back"
    few = [in_category(one) for one in said(3, english, seq=2_000, at=at)]
    main = [in_category(one) for one in said(9, seq=3_000, at=at + timedelta(minutes=10))]
    more = [in_category(one) for one in said(6, english, seq=2_500, at=at + timedelta(minutes=40))]
    await hear(watch, await recorded(store, few))
    await watch.close()
    small = await only(store)
    assert receiver.alerts == []
    await hear(watch, await recorded(store, main))
    await hear(watch, await recorded(store, more))
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


async def test_merging_holds_from_then_on_and_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_matters(store, receiver)
    assert len(receiver.alerts) == 2
    merged = await watch.merge(mould, queue, by="小王")
    assert (merged.id, merged.mentions) == (mould, 12)
    gone = await store.incidents.get(queue)
    assert gone is not None
    assert (gone.merged_into, gone.state) == (mould, "resolved")
    assert (gone.timeline[-1].what, gone.timeline[-1].by) == ("merged", "小王")
    assert len(await members(store, mould)) == 12
    before = len(receiver.alerts)
    await hear(watch, await recorded(store, more_of_the_queue(1, seq=200)))
    await watch.close()
    assert len(await members(store, mould)) == 20
    again = await restarted(store, receiver)
    await hear(again, await recorded(store, more_of_the_queue(2, seq=300)))
    await again.close()
    assert len(await members(store, mould)) == 28
    assert await members(store, queue) == set()
    assert len(receiver.alerts) == before
    assert len(await store.incidents.find()) == 2


async def test_merging_into_what_was_merged_follows_it(store: AnyStore) -> None:
    watch, (mould, queue) = await two_matters(store, Receiver())
    await watch.merge(mould, queue, by="小王")
    for kept, gone in ((queue, mould), (mould, queue), (mould, mould)):
        with pytest.raises(ValueError, match="one incident"):
            await watch.merge(kept, gone, by="小王")
    with pytest.raises(KeyError):
        await watch.merge(mould, "INC-9999", by="小王")


async def test_incidents_of_two_brands_are_not_merged(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    other = [replace(one, brands=("other",)) for one in said(6, QUEUE, seq=50)]
    await hear(watch, await recorded(store, [*said(6), *other]))
    await watch.close()
    one, two = await store.incidents.find()
    with pytest.raises(ValueError, match="two brands"):
        await watch.merge(one.id, two.id, by="小王")


async def test_what_is_no_longer_remembered_can_be_merged(store: AnyStore) -> None:
    receiver = Receiver()
    _, (mould, queue) = await two_matters(store, receiver)
    blank = watching(receiver, store=store)
    await hear(blank, await recorded(store, said(6, seq=700, at=START + timedelta(days=5))))
    await blank.close()
    late = next(one.id for one in await store.incidents.find() if one.id not in {mould, queue})
    await blank.merge(queue, late, by="小王")
    assert blank.incident_of("hejia", said(1, seq=700)[0]) == queue
    await blank.merge(mould, queue, by="小王")
    assert len(await members(store, mould)) == 18


async def test_splitting_holds_from_then_on_and_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    other = "第二家店的面包柜台也有问题，店员说是进货的时候就这样，大家自己看着办"
    posts = await recorded(store, said(12))
    strange = await recorded(store, said(5, other, seq=50, at=START + timedelta(minutes=5)))
    await hear(watch, [*posts, *strange])
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
    copies = said(3, other, seq=70, at=START + timedelta(minutes=50))
    await hear(watch, await recorded(store, copies))
    await watch.close()
    assert len(await members(store, made)) == 8
    again = await restarted(store, receiver)
    copies = said(3, other, seq=90, at=START + timedelta(minutes=70))
    await hear(again, await recorded(store, copies))
    await hear(again, await recorded(store, said(3, seq=80, at=START + timedelta(minutes=80))))
    await again.close()
    assert len(await members(store, made)) == 11
    assert len(await members(store, first)) == 15


async def only_of(store: AnyStore, mention: Mention) -> str:
    for _ in range(100):
        handled = await store.mentions.get(mention.seq)
        if handled is not None and handled.mention.incident is not None:
            return handled.mention.incident
    raise AssertionError("the mention belongs to no incident")


async def test_what_belongs_to_no_incident_cannot_be_split(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    posts = await recorded(store, said(1))
    await hear(watch, posts)
    for seqs in ([posts[0].seq], [9_999], []):
        with pytest.raises(KeyError):
            await watch.split(seqs, by="小王")


async def test_what_is_no_longer_remembered_can_be_split(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    posts = await recorded(store, said(9))
    await hear(watch, posts)
    await watch.close()
    blank = watching(receiver, store=store)
    made = await blank.split([one.seq for one in posts[:3]], by="小王")
    assert len(await members(store, made)) == 3
