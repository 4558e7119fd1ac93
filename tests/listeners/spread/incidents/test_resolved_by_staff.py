"""An incident that staff resolved while it grew is alerted again when posts go on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.model.incidents import TimelineEntry
from core.model.mentions import Mention
from listeners.spread.watch import SpreadWatch
from storage.factory import AnyStore, open_store
from tests.builders import MIDNIGHT
from tests.listeners.spread.rig import NOW, Receiver, chain, make_watch, observe_all
from tests.listeners.spread.stored import only, recorded, restarted

LATER = MIDNIGHT + timedelta(minutes=40)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


async def resolve(store: AnyStore) -> None:
    """As the button on the page of the incident does."""
    kept = await only(store)
    entry = TimelineEntry(at=LATER, by="小王", what="resolved")
    await store.incidents.save(replace(kept, state="resolved", timeline=(*kept.timeline, entry)))


async def watch_with_resolved_incident(store: AnyStore) -> tuple[Receiver, SpreadWatch]:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    await observe_all(watch, await recorded(store, chain(9)))
    await watch.close()
    await resolve(store)
    return receiver, watch


def more(count: int, seq: int, *, positive: bool = False, ill: bool = False) -> list[Mention]:
    at = LATER + timedelta(minutes=seq - 100)
    return chain(count, at=at, seq=seq, minutes=1, positive=positive, ill=ill)


async def test_posts_that_go_on_reopen_it_with_an_alert(store: AnyStore) -> None:
    receiver, watch = await watch_with_resolved_incident(store)
    await observe_all(watch, await recorded(store, more(1, 100)))
    await watch.close()
    before = len(receiver.calls)
    assert (await only(store)).state == "resolved", "a straggler is no second wave"
    assert (await only(store)).mentions == 10
    await observe_all(watch, await recorded(store, more(2, 101)))
    await watch.close()
    assert len(receiver.calls) == before
    await observe_all(watch, await recorded(store, more(4, 103)))
    await watch.close()
    kept = await only(store)
    assert (kept.state, kept.mentions) == ("open", 16)
    assert "reopened" in [entry.what for entry in kept.timeline]
    assert len(receiver.calls) > before
    assert receiver.ended == [kept.id], "so that the alert fires again"


async def test_praise_and_one_author_do_not_reopen_it(store: AnyStore) -> None:
    receiver, watch = await watch_with_resolved_incident(store)
    same = [
        replace(one, event=replace(one.event, author=replace(one.event.author, id="again")))
        for one in more(9, 120)
    ]
    await observe_all(watch, await recorded(store, more(1, 100)))
    await watch.close()
    before = len(receiver.calls)
    await observe_all(watch, await recorded(store, [*more(9, 110, positive=True), *same]))
    await watch.close()
    assert (await only(store)).state == "resolved"
    assert len(receiver.calls) == before


async def test_grave_harm_reopens_it_at_once(store: AnyStore) -> None:
    _, watch = await watch_with_resolved_incident(store)
    await observe_all(watch, await recorded(store, more(1, 100)))
    await watch.close()
    await observe_all(watch, await recorded(store, more(1, 101, ill=True)))
    await watch.close()
    assert (await only(store)).state == "open"


async def test_a_restart_does_not_reopen_what_staff_resolved(store: AnyStore) -> None:
    receiver, _ = await watch_with_resolved_incident(store)
    clock, before = ManualClock(LATER), len(receiver.calls)
    again = make_watch(receiver, store=store, clock=clock)
    await again.rebuild(await store.mentions.since(MIDNIGHT - timedelta(days=1)), receiver.alerts)
    await again.close()
    assert (await only(store)).state == "resolved"
    assert len(receiver.calls) == before
    await observe_all(again, await recorded(store, more(4, 103)))
    await again.close()
    assert (await only(store)).state == "open"
    assert len(receiver.calls) > before


async def test_staff_reopen_it_themselves(store: AnyStore) -> None:
    receiver, watch = await watch_with_resolved_incident(store)
    await observe_all(watch, await recorded(store, more(1, 100)))
    await watch.close()
    await store.incidents.save(replace(await only(store), state="open"))
    before = len(receiver.calls)
    await observe_all(watch, await recorded(store, more(1, 103)))
    await watch.close()
    await observe_all(watch, await recorded(store, more(2, 105)))
    await watch.close()
    assert (await only(store)).state == "open"
    assert len(receiver.calls) > before
    assert await restarted(store, receiver) is not None
