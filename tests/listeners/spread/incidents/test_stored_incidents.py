"""Incidents in a real store: writes, restarts, and changes by staff."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.model.incidents import Incident
from listeners.spread.watch import SpreadWatch
from storage.factory import AnyStore, open_store
from tests.builders import MIDNIGHT
from tests.listeners.spread.rig import (
    NOW,
    Receiver,
    chain,
    make_watch,
    observe_all,
)
from tests.listeners.spread.stored import (
    members,
    only,
    recorded,
    restarted,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


async def test_an_incident_is_stored_with_its_mentions(store: AnyStore) -> None:
    receiver = Receiver()
    changed: list[Incident] = []
    watch = SpreadWatch(
        receiver,
        store=store,
        clock=ManualClock(NOW),
        catalogue=shipped_catalogue(),
        names={"hejia": "禾家超市"},
        changed=changed.append,
    )
    posts = await recorded(store, chain(12))
    await observe_all(watch, posts)
    await watch.close()
    kept = await only(store)
    assert kept.id == receiver.alerts[0].incident
    assert kept.brand == "hejia"
    assert kept.title.startswith("禾家超市朝阳店的面包发霉了")
    assert (kept.mentions, kept.authors, kept.channels) == (12, 12, ("weibo",))
    assert (kept.state, kept.severity) == ("open", "P2")
    assert (kept.first_at, kept.last_at) == (MIDNIGHT, MIDNIGHT + timedelta(minutes=33))
    assert kept.forecast is not None
    assert kept.low is not None
    assert kept.high is not None
    assert kept.low <= kept.forecast <= kept.high
    assert "一小时内不同作者" in kept.reasons[0]
    assert [note.what for note in kept.timeline] == ["opened", "severity"]
    assert await members(store, kept.id) == {one.event.id for one in posts}
    assert changed[-1] == kept
    assert watch.incident_of("hejia", posts[0]) == kept.id


async def test_an_incident_too_old_for_memory_is_resolved_unchanged(store: AnyStore) -> None:
    watch = make_watch(Receiver(), store=store)
    await observe_all(watch, await recorded(store, chain(12)))
    await watch.close()
    open_ = await only(store)
    again = make_watch(Receiver(), store=store)
    await again.rebuild([])
    await again.close()
    found = await only(store)
    assert (open_.state, found.state) == ("open", "resolved")
    assert [note.what for note in found.timeline] == ["opened", "severity", "resolved"]
    same = replace(found, state=open_.state, timeline=open_.timeline, version=open_.version)
    assert same == open_


async def test_two_authors_are_not_stored_as_an_incident(store: AnyStore) -> None:
    watch = make_watch(Receiver(), store=store)
    await observe_all(watch, await recorded(store, chain(2)))
    await watch.close()
    assert await store.incidents.find() == []
    await observe_all(
        watch, await recorded(store, chain(1, seq=7, at=MIDNIGHT + timedelta(minutes=9)))
    )
    await watch.close()
    assert (await only(store)).mentions == 3


async def test_incidents_are_written_in_the_background(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = make_watch(receiver, store=store, clock=clock)
    posts = await recorded(store, chain(12))
    await observe_all(watch, posts)
    number = receiver.alerts[0].incident
    assert number is not None
    for _ in range(50):
        await clock.advance(1)
        await asyncio.sleep(0.01)
    assert len(await members(store, number)) == 12
    await watch.close()


async def test_a_restart_continues_the_incident(store: AnyStore) -> None:
    posts = await recorded(store, chain(9))
    receiver = Receiver()
    for cut in range(1, 9):
        watch = await restarted(store, receiver)
        await observe_all(watch, posts[cut - 1 : cut])
        if cut % 2:
            await watch.close()
    kept = await only(store)
    assert [alert.key for alert in receiver.alerts] == [f"incident:{kept.id}"]
    assert receiver.rises == ["P2"]
    last = await restarted(store, receiver)
    await last.close()
    kept = await only(store)
    assert [note.what for note in kept.timeline].count("opened") == 1
    assert [note.what for note in kept.timeline].count("severity") == 1
    assert len(await members(store, kept.id)) == 9


async def test_an_ended_incident_is_not_alerted_by_a_restart(store: AnyStore) -> None:
    calm = chain(40, "别的事情", seq=500, at=MIDNIGHT + timedelta(days=2), positive=True)
    await recorded(store, [*chain(8), *calm])
    receiver = Receiver()
    await (await restarted(store, receiver)).close()
    assert receiver.alerts == []
    assert await store.incidents.find() == []


async def test_an_open_incident_is_alerted_by_a_restart(store: AnyStore) -> None:
    await recorded(store, chain(8))
    receiver = Receiver()
    await (await restarted(store, receiver)).close()
    assert receiver.rises == ["P2"]


async def test_quiet_resolves_and_a_second_wave_reopens(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = make_watch(receiver, store=store, clock=clock)
    assert await watch.tend() == 0
    await observe_all(watch, await recorded(store, chain(8)))
    assert await watch.tend() == 0
    await clock.advance(7 * 3600)
    assert await watch.tend() == 1
    over = await only(store)
    assert (over.state, over.timeline[-1].what) == ("resolved", "resolved")
    assert await watch.tend() == 0
    again = chain(6, seq=100, at=MIDNIGHT + timedelta(hours=12))
    await observe_all(watch, await recorded(store, again))
    await watch.close()
    back = await only(store)
    assert back.id == over.id
    assert (back.state, back.mentions) == ("open", 14)
    assert [note.what for note in back.timeline][-2:] == ["reopened", "severity"]


async def test_an_incident_that_ended_during_downtime_is_resolved_at_restart(
    store: AnyStore,
) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    await observe_all(watch, await recorded(store, chain(8)))
    await watch.close()
    calm = chain(40, "别的事情", seq=500, at=MIDNIGHT + timedelta(days=1), positive=True)
    await recorded(store, calm)
    await (await restarted(store, receiver)).close()
    assert (await only(store)).state == "resolved"
    far = chain(40, "又是别的", seq=600, at=MIDNIGHT + timedelta(days=9), positive=True)
    await recorded(store, far)
    await (await restarted(store, receiver)).close()
    assert (await only(store)).timeline[-1].what == "resolved"


async def test_a_wave_during_downtime_reopens_the_incident(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = make_watch(receiver, store=store, clock=clock)
    await observe_all(watch, await recorded(store, chain(8)))
    await clock.advance(7 * 3600)
    await watch.tend()
    await recorded(store, chain(8, seq=100, at=MIDNIGHT + timedelta(hours=12)))
    await (await restarted(store, receiver)).close()
    back = await only(store)
    assert back.state == "open"
    assert back.timeline[-1].what == "reopened"
    assert back.mentions == 16


async def test_owner_statement_and_title_of_staff_are_not_overwritten(store: AnyStore) -> None:
    watch = make_watch(Receiver(), store=store)
    posts = await recorded(store, chain(12))
    await observe_all(watch, posts[:6])
    await watch.close()
    first = await only(store)
    await store.incidents.save(
        replace(first, owner="小王", statement="我们正在核实", title="发霉的面包")
    )
    await observe_all(watch, posts[6:])
    await watch.close()
    kept = await only(store)
    assert (kept.owner, kept.statement, kept.title) == ("小王", "我们正在核实", "发霉的面包")
    assert kept.mentions == 12
