"""Incidents in a real store: what is written, what comes back after a restart, what staff rule."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.incidents import Incident
from listeners.spread.watch import SpreadWatch
from storage.factory import AnyStore, open_store
from tests.listeners.making import START
from tests.listeners.spread.keeping import (
    members,
    only,
    recorded,
    restarted,
)
from tests.listeners.spread.watching import (
    NOW,
    Receiver,
    hear,
    said,
    watching,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


async def test_an_incident_is_kept_with_its_mentions(store: AnyStore) -> None:
    receiver = Receiver()
    changed: list[Incident] = []
    watch = SpreadWatch(
        receiver,
        store=store,
        clock=ManualClock(NOW),
        names={"hejia": "禾家超市"},
        changed=changed.append,
    )
    posts = await recorded(store, said(12))
    await hear(watch, posts)
    await watch.close()
    kept = await only(store)
    assert kept.id == receiver.alerts[0].incident
    assert kept.brand == "hejia"
    assert kept.title.startswith("禾家超市朝阳店的面包发霉了")
    assert (kept.mentions, kept.authors, kept.channels) == (12, 12, ("weibo",))
    assert (kept.state, kept.severity) == ("open", "P2")
    assert (kept.first_at, kept.last_at) == (START, START + timedelta(minutes=33))
    assert kept.forecast is not None
    assert kept.low is not None
    assert kept.high is not None
    assert kept.low <= kept.forecast <= kept.high
    assert "一小时内不同作者" in kept.reasons[0]
    assert [note.what for note in kept.timeline] == ["opened", "severity"]
    assert await members(store, kept.id) == {one.event.id for one in posts}
    assert changed[-1] == kept
    assert watch.incident_of("hejia", posts[0]) == kept.id


async def test_what_is_too_old_to_be_remembered_is_resolved_as_it_was_kept(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    await hear(watch, await recorded(store, said(12)))
    await watch.close()
    open_ = await only(store)
    again = watching(Receiver(), store=store)
    await again.rebuild([])
    await again.close()
    found = await only(store)
    assert (open_.state, found.state) == ("open", "resolved")
    assert [note.what for note in found.timeline] == ["opened", "severity", "resolved"]
    same = replace(found, state=open_.state, timeline=open_.timeline, version=open_.version)
    assert same == open_


async def test_few_grumblers_are_no_incident(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    await hear(watch, await recorded(store, said(2)))
    await watch.close()
    assert await store.incidents.find() == []
    await hear(watch, await recorded(store, said(1, seq=7, at=START + timedelta(minutes=9))))
    await watch.close()
    assert (await only(store)).mentions == 3


async def test_it_is_written_without_being_asked_for(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = watching(receiver, store=store, clock=clock)
    posts = await recorded(store, said(12))
    await hear(watch, posts)
    number = receiver.alerts[0].incident
    assert number is not None
    for _ in range(50):
        await clock.advance(1)
        await asyncio.sleep(0.01)
    assert len(await members(store, number)) == 12
    await watch.close()


async def test_a_restart_continues_the_incident(store: AnyStore) -> None:
    posts = await recorded(store, said(9))
    receiver = Receiver()
    for cut in range(1, 9):
        watch = await restarted(store, receiver)
        await hear(watch, posts[cut - 1 : cut])
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


async def test_what_was_over_before_the_start_is_not_raised_by_it(store: AnyStore) -> None:
    calm = said(40, "别的事情", seq=500, at=START + timedelta(days=2), positive=True)
    await recorded(store, [*said(8), *calm])
    receiver = Receiver()
    await (await restarted(store, receiver)).close()
    assert receiver.alerts == []
    assert await store.incidents.find() == []


async def test_what_goes_on_is_raised_by_the_start(store: AnyStore) -> None:
    await recorded(store, said(8))
    receiver = Receiver()
    await (await restarted(store, receiver)).close()
    assert receiver.rises == ["P2"]


async def test_quiet_resolves_it_and_a_second_wave_opens_it_again(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = watching(receiver, store=store, clock=clock)
    assert await watch.tend() == 0
    await hear(watch, await recorded(store, said(8)))
    assert await watch.tend() == 0
    await clock.advance(7 * 3600)
    assert await watch.tend() == 1
    over = await only(store)
    assert (over.state, over.timeline[-1].what) == ("resolved", "resolved")
    assert await watch.tend() == 0
    again = said(6, seq=100, at=START + timedelta(hours=12))
    await hear(watch, await recorded(store, again))
    await watch.close()
    back = await only(store)
    assert back.id == over.id
    assert (back.state, back.mentions) == ("open", 14)
    assert [note.what for note in back.timeline][-2:] == ["reopened", "severity"]


async def test_what_ended_while_nobody_watched_is_resolved_at_the_start(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    await hear(watch, await recorded(store, said(8)))
    await watch.close()
    calm = said(40, "别的事情", seq=500, at=START + timedelta(days=1), positive=True)
    await recorded(store, calm)
    await (await restarted(store, receiver)).close()
    assert (await only(store)).state == "resolved"
    far = said(40, "又是别的", seq=600, at=START + timedelta(days=9), positive=True)
    await recorded(store, far)
    await (await restarted(store, receiver)).close()
    assert (await only(store)).timeline[-1].what == "resolved"


async def test_a_wave_that_came_while_nobody_watched_opens_it_again(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    watch = watching(receiver, store=store, clock=clock)
    await hear(watch, await recorded(store, said(8)))
    await clock.advance(7 * 3600)
    await watch.tend()
    await recorded(store, said(8, seq=100, at=START + timedelta(hours=12)))
    await (await restarted(store, receiver)).close()
    back = await only(store)
    assert back.state == "open"
    assert back.timeline[-1].what == "reopened"
    assert back.mentions == 16


async def test_what_staff_write_is_kept(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    posts = await recorded(store, said(12))
    await hear(watch, posts[:6])
    await watch.close()
    first = await only(store)
    await store.incidents.save(
        replace(first, owner="小王", statement="我们正在核实", title="发霉的面包")
    )
    await hear(watch, posts[6:])
    await watch.close()
    kept = await only(store)
    assert (kept.owner, kept.statement, kept.title) == ("小王", "我们正在核实", "发霉的面包")
    assert kept.mentions == 12
