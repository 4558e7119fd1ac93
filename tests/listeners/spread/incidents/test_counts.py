"""An incident shows as many posts as are stored with it, each counted once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.model.mentions import Mention
from listeners.spread.activity import Activity, BrandPost, brand_post
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from storage.factory import AnyStore, open_store
from tests.builders import MIDNIGHT, mention
from tests.listeners.spread.rig import NOW, Receiver, chain, make_watch, observe_all
from tests.listeners.spread.stored import members, recorded, restarted, two_incidents


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


def posts(seqs: Sequence[int], **given: object) -> list[BrandPost]:
    made = [mention(n, posted_at=MIDNIGHT, author=f"a{n}", complaint=0.9, **given) for n in seqs]
    return [brand_post("hejia", one, 1e9 + one.seq, names=None) for one in made]


def holding(some: Sequence[BrandPost]) -> Activity:
    activity = Activity()
    for one in some:
        activity.add(one, quiet=1e9)
    return activity


def test_a_post_is_counted_once_however_often_it_is_added() -> None:
    activity = holding([*posts(range(5)), *posts(range(5))])
    assert (activity.count, len(activity.posts()), len(activity.times())) == (5, 5, 5)


def test_overlapping_activities_are_counted_once() -> None:
    one, other = holding(posts(range(6))), holding(posts(range(4, 9), denial=0.9))
    one.absorb(other)
    one.absorb(other)
    one.absorb(one)
    assert (one.count, len(one.posts()), len(one.times()), len(one.authors)) == (9, 9, 9, 9)
    assert one.channels["weibo"] == 9


def test_a_merged_incident_is_not_followed_on_its_own() -> None:
    index = IncidentIndex({})
    kept, gone = (
        TrackedIncident(key=key, brand="hejia", title="", activity=holding(posts(seqs)))
        for key, seqs in (("a", range(3)), ("b", range(3, 8)))
    )
    index.add(kept)
    index.add(gone)
    index.merge(kept, gone)
    [late] = posts([9])
    found = index.assign("hejia", "g", late, "禾家的面包发霉了", quiet=1e9, known=gone)
    assert found is kept
    assert [one.key for one in index] == ["a"]
    assert kept.activity.count == 9
    third = TrackedIncident(key="c", brand="hejia", title="", activity=holding(posts([20])))
    index.add(third)
    index.merge(third, kept)
    assert gone.current() is third
    assert third.activity.count == 10


async def shown_and_stored(store: AnyStore) -> list[tuple[int, int]]:
    return [
        (one.mentions, len(await members(store, one.id)))
        for one in await store.incidents.find(limit=100)
    ]


def wordings(count: int) -> list[Mention]:
    """One crisis in several words, mixed, so that incidents begin apart and are merged later."""
    texts = (
        "禾家的酸奶盖子鼓包了，孩子喝完吐了一地，太可怕了",
        "听说禾家的酸奶喝坏了好几个孩子，都进医院了",
        "禾家酸奶还有十天才到期就鼓包，孩子喝了吐到半夜",
        "群里好几个妈妈说孩子喝了禾家的酸奶进医院了",
    )
    return [
        replace(one, judgement=replace(one.judgement, category="food_safety"))
        for n, text in enumerate(texts)
        for one in chain(
            count,
            text,
            seq=1000 * (n + 1),
            at=MIDNIGHT + timedelta(seconds=5 * n),
            minutes=0.4,
            ill=n % 2 == 1,
        )
    ]


async def test_shown_is_stored_after_each_restart(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    await observe_all(watch, await recorded(store, wordings(25)))
    await watch.close()
    for _ in range(3):
        assert all(shown == stored for shown, stored in await shown_and_stored(store))
        assert sum(stored for _, stored in await shown_and_stored(store)) == 100
        again = await restarted(store, receiver)
        await again.close()


async def killed() -> None:
    """End what a watch does in the background, as the end of its process would."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if "IncidentWriter" in repr(task.get_coro()):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_shown_is_stored_after_a_kill(store: AnyStore) -> None:
    receiver = Receiver()
    made = await recorded(store, wordings(25))
    made.sort(key=lambda one: one.event.posted_at)
    watch = make_watch(receiver, store=store)
    for place in range(0, 100, 20):
        await observe_all(watch, made[place : place + 20])
        await killed()
        watch = await restarted(store, receiver)
    await watch.close()
    assert all(shown == stored for shown, stored in await shown_and_stored(store))
    assert sum(stored for _, stored in await shown_and_stored(store)) == 100
    await (await restarted(store, receiver)).close()
    assert all(shown == stored for shown, stored in await shown_and_stored(store))


async def test_shown_is_stored_after_staff_merged_and_split(store: AnyStore) -> None:
    receiver = Receiver()
    watch, (one, other) = await two_incidents(store, receiver)
    await watch.merge(one, other, by="anna")
    assert sorted(await shown_and_stored(store)) == [(0, 0), (12, 12)]
    seqs = [found.mention.seq for found in await store.incidents.mentions(one)]
    await watch.split(seqs[:4], by="anna")
    assert sorted(await shown_and_stored(store)) == [(0, 0), (4, 4), (8, 8)]
    again = await restarted(store, receiver)
    await observe_all(again, await recorded(store, chain(5, seq=900)))
    await again.close()
    assert all(shown == stored for shown, stored in await shown_and_stored(store))


async def test_a_wrong_count_of_an_older_version_is_mended(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    await observe_all(watch, await recorded(store, chain(9)))
    await watch.close()
    [kept] = await store.incidents.find()
    await store.incidents.save(replace(kept, mentions=1616))
    await (await restarted(store, receiver)).close()
    assert await shown_and_stored(store) == [(9, 9)]


async def test_a_record_is_never_merged_into_itself(store: AnyStore) -> None:
    watch, (one, other) = await two_incidents(store, Receiver())
    with pytest.raises(ValueError, match="one incident already"):
        await watch.merge(one, one, by="anna")
    await watch.merge(one, other, by="anna")
    with pytest.raises(ValueError, match="one incident already"):
        await watch.merge(other, one, by="anna")


async def test_a_record_that_lost_its_posts_goes_into_their_incident(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    posts = await recorded(store, chain(9))
    await observe_all(watch, posts)
    await watch.close()
    [kept] = await store.incidents.find()
    await store.incidents.assign([one.seq for one in posts], None)
    await store.incidents.save(replace(kept, key=f"{kept.key}x"))
    other = replace(kept, id="", version=0)
    lost = await store.incidents.open(other)
    await (await restarted(store, receiver)).close()
    assert (await store.incidents.count(lost.id), await store.incidents.count(kept.id)) == (9, 0)
