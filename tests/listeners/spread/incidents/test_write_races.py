"""Changes during a write are written as well."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.model.mentions import Mention
from storage.factory import AnyStore, open_store
from tests.builders import MIDNIGHT
from tests.listeners.spread.rig import NOW, QUEUE, Receiver, chain, make_watch, observe_all
from tests.listeners.spread.stored import Slow, members, recorded


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


def in_category(posts: Sequence[Mention], category: str) -> list[Mention]:
    return [replace(one, judgement=replace(one.judgement, category=category)) for one in posts]


async def test_a_post_during_a_write_is_stored_too(
    store: AnyStore,
) -> None:
    slow = Slow(store, "assign")
    watch = make_watch(Receiver(), store=slow)  # type: ignore[arg-type]  # stands in
    posts = await recorded(store, chain(4))
    await observe_all(watch, posts[:3])
    await asyncio.wait_for(slow.reached.wait(), 5)
    await observe_all(watch, posts[3:])
    slow.free.set()
    for _ in range(20):
        await asyncio.sleep(0.01)
    await watch.close()
    [kept] = await store.incidents.find()
    assert kept.mentions == 4
    assert len(await members(store, kept.id)) == 4


@pytest.mark.parametrize("call", ["open", "assign"])
async def test_a_merge_during_a_write_leaves_no_orphan(store: AnyStore, call: str) -> None:
    slow = Slow(store, call)
    watch = make_watch(Receiver(), store=slow)  # type: ignore[arg-type]  # stands in
    first = await recorded(store, in_category(chain(3), "freshness"))
    at = MIDNIGHT + timedelta(minutes=1)
    second = await recorded(store, in_category(chain(3, QUEUE, seq=50, at=at), "checkout"))
    await observe_all(watch, first)
    await asyncio.wait_for(slow.reached.wait(), 5)
    await observe_all(watch, second)
    index = watch._index
    gone, kept = (index.of_post(f"hejia\nweibo\n{one[0].event.id}") for one in (first, second))
    assert gone is not None
    assert kept is not None
    watch._tracker.merge(kept, gone)
    slow.free.set()
    for _ in range(20):
        await asyncio.sleep(0.01)
    await watch.close()
    found = await store.incidents.find()
    [alive] = [one for one in found if one.merged_into is None]
    assert len(await members(store, alive.id)) == 6
    assert all(one.state == "resolved" for one in found if one is not alive)


async def test_an_incident_merged_meanwhile_is_not_alerted(store: AnyStore) -> None:
    slow, receiver = Slow(store, "open"), Receiver()
    watch = make_watch(receiver, store=slow)  # type: ignore[arg-type]  # stands in
    first = await recorded(store, in_category(chain(6), "freshness"))
    at = MIDNIGHT + timedelta(minutes=1)
    second = await recorded(store, in_category(chain(6, QUEUE, seq=50, at=at), "checkout"))
    slow.free.set()
    await observe_all(watch, first)
    assert len(receiver.alerts) == 1
    slow.free.clear()
    slow.reached.clear()
    raising = asyncio.create_task(observe_all(watch, second))
    await asyncio.wait_for(slow.reached.wait(), 5)
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert not raising.done()
    index = watch._index
    kept, gone = (index.of_post(f"hejia\nweibo\n{one[0].event.id}") for one in (first, second))
    assert gone is not None
    assert kept is not None
    watch._tracker.merge(kept, gone)
    slow.free.set()
    await raising
    await watch.close()
    assert len(receiver.kept) == 1
