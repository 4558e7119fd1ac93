"""The watch merges incidents by meaning across words and languages, and keeps others apart."""

import asyncio
import logging
import random
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.catalogue import shipped_catalogue
from core.clock import ManualClock
from core.model.mentions import Mention
from core.runtime.bus import Bus
from listeners.judgement.embedding import Embedder, Embeds, Vectors
from listeners.spread.watch import SpreadWatch
from responders.alerting.manager import AlertManager
from storage.factory import AnyStore, open_store
from tests.builders import MIDNIGHT
from tests.listeners.spread.embeddings import (
    BREAD,
    DAY,
    GUARD,
    TopicEmbeddings,
    described,
    observe_and_embed,
)
from tests.listeners.spread.rig import NOW, Receiver, chain, make_watch, observe_all, ordinary
from tests.listeners.spread.stored import Slow, members, recorded


class Broken:
    """A library that fails."""

    def query(self, texts: str) -> Vectors:
        raise RuntimeError(texts)


def incidents_of(watch: SpreadWatch, mentions: Sequence[Mention]) -> set[str]:
    found = {watch.incident_of("hejia", one) for one in mentions}
    return {one for one in found if one is not None}


async def watch_after(
    library: Embeds | None, mentions: Sequence[Mention]
) -> tuple[SpreadWatch, Receiver]:
    receiver = Receiver()
    embedder = None if library is None else Embedder(lambda: library)
    watch = make_watch(receiver, embedder=embedder)
    await observe_and_embed(watch, [*ordinary(1), *mentions])
    await watch.close()
    return watch, receiver


async def test_one_incident_in_two_languages_without_a_common_word_is_one_alert() -> None:
    posts = described(BREAD)
    watch, receiver = await watch_after(TopicEmbeddings(), posts)
    assert len(receiver.alerts) == 1
    assert len(incidents_of(watch, posts)) == 1
    _, without = await watch_after(None, posts)
    assert without.alerts == []


async def test_an_alarm_by_meaning_does_not_wait_for_another_post() -> None:
    receiver = Receiver()
    watch = make_watch(receiver, embedder=Embedder(TopicEmbeddings))
    await observe_all(watch, described(BREAD))
    assert receiver.alerts == []
    await watch.drain()
    assert len(receiver.alerts) == 1
    await watch.close()


async def test_two_incidents_at_a_time_stay_two() -> None:
    bread, guard = described(BREAD), described(GUARD, seq=2_000, category="staff")
    watch, receiver = await watch_after(TopicEmbeddings(), [*bread, *guard])
    assert len(receiver.alerts) == 2
    assert len(incidents_of(watch, bread)) == len(incidents_of(watch, guard)) == 1
    assert incidents_of(watch, bread) != incidents_of(watch, guard)


async def test_a_second_crisis_in_another_language_is_alerted_beside_a_large_one() -> None:
    large = [
        replace(one, judgement=replace(one.judgement, category="freshness"))
        for one in chain(60, BREAD[0], at=DAY, seq=5_000, minutes=0.5)
    ]
    second = [
        replace(one, judgement=replace(one.judgement, language="en", category="staff"))
        for one in chain(8, GUARD[2], at=DAY + timedelta(minutes=30), seq=6_000)
    ]
    _, receiver = await watch_after(TopicEmbeddings(), [*large, *second])
    assert len(receiver.alerts) == 2
    _, without = await watch_after(None, [*large, *second])
    assert len(without.alerts) == 1


async def test_praise_is_not_embedded_and_copies_once() -> None:
    library = TopicEmbeddings()
    praise = [replace(one, seq=one.seq) for one in chain(9, "面包好吃", at=DAY, positive=True)]
    copies = chain(12, BREAD[0], at=DAY, seq=3_000)
    await watch_after(library, [*praise, *copies])
    assert [one for one in library.asked if "面包" in one] == [BREAD[0]]


async def test_unsupported_languages_are_not_embedded() -> None:
    library = TopicEmbeddings()
    posts = [
        replace(one, judgement=replace(one.judgement, language="other"))
        for one in described(BREAD[:5])
    ]
    receiver = Receiver()
    await observe_and_embed(make_watch(receiver, embedder=Embedder(lambda: library)), posts)
    assert library.asked == []


async def test_a_failing_library_is_logged_and_changes_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    posts = [*described(BREAD), *chain(9, at=DAY, seq=7_000)]
    with caplog.at_level(logging.ERROR):
        watch, receiver = await watch_after(Broken(), posts)
    _, without = await watch_after(None, posts)
    assert not watch.by_meaning
    assert [one.body for one in receiver.alerts] == [one.body for one in without.alerts]
    assert [one.message for one in caplog.records].count("semantic merging is off") == 1


async def test_a_slow_library_delays_nothing() -> None:
    receiver = Receiver()
    release = threading.Event()
    watch = make_watch(receiver, embedder=Embedder(lambda: TopicEmbeddings(release=release)))
    await observe_all(watch, [*described(BREAD), *chain(9, at=DAY, seq=7_000)])
    assert len(receiver.alerts) == 1
    assert not release.is_set(), "the library was still at work"
    release.set()
    await watch.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


def watch_with_meanings(store: AnyStore, receiver: Receiver) -> SpreadWatch:
    return make_watch(receiver, store=store, embedder=Embedder(TopicEmbeddings))


async def test_merging_by_meaning_continues_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    posts = await recorded(store, described(BREAD))
    watch = watch_with_meanings(store, receiver)
    await observe_and_embed(watch, posts[:6])
    await watch.close()
    again = watch_with_meanings(store, receiver)
    await again.rebuild(await store.mentions.since(MIDNIGHT), receiver.alerts)
    await again.drain()
    await observe_and_embed(again, posts[6:])
    await again.close()
    [alert] = receiver.alerts
    assert alert.incident is not None
    assert await members(store, alert.incident) == {one.event.id for one in posts}


async def test_a_split_is_not_merged_again_by_meaning(store: AnyStore) -> None:
    receiver = Receiver()
    posts = await recorded(store, described(BREAD))
    watch = watch_with_meanings(store, receiver)
    await observe_and_embed(watch, posts[:6])
    await watch.close()
    [alert] = receiver.alerts
    assert alert.incident is not None
    watch = watch_with_meanings(store, receiver)
    await watch.rebuild(await store.mentions.since(MIDNIGHT), receiver.alerts)
    made = await watch.split([one.seq for one in posts[3:6]], by="小王")
    await observe_and_embed(watch, posts[6:])
    await watch.close()
    apart = [await members(store, one) for one in (alert.incident, made)]
    assert {one.event.id for one in posts[:3]} <= apart[0]
    assert {one.event.id for one in posts[3:6]} <= apart[1]
    assert not apart[0] & apart[1]


async def test_a_split_is_not_undone_while_it_is_stored(store: AnyStore) -> None:
    receiver, slow = Receiver(), Slow(store, "open")
    release = threading.Event()
    library = TopicEmbeddings(release=release)
    posts = await recorded(store, described(BREAD[:6]))
    watch = watch_with_meanings(store, receiver)
    await observe_and_embed(watch, posts)
    await watch.close()
    [alert] = receiver.alerts
    watch = make_watch(
        receiver,
        store=slow,  # type: ignore[arg-type]  # stands in
        embedder=Embedder(lambda: library),
    )
    await watch.rebuild(await store.mentions.since(MIDNIGHT), receiver.alerts)
    splitting = asyncio.create_task(watch.split([one.seq for one in posts[3:6]], by="小王"))
    await asyncio.wait_for(slow.reached.wait(), 60)
    release.set()
    for _ in range(500):
        await asyncio.sleep(0.01)
        if len(library.asked) == 6:
            break
    slow.free.set()
    made = await splitting
    await watch.close()
    assert [watch.incident_of("hejia", one) for one in posts] == [alert.incident] * 3 + [made] * 3


async def test_two_alerts_of_the_same_incident_become_one(store: AnyStore) -> None:
    clock, release = ManualClock(NOW), threading.Event()
    desk = AlertManager(
        store=store.alerts, receivers=[], bus=Bus(), clock=clock, random=random.Random(1).random
    )
    watch = SpreadWatch(
        desk,
        store=store,
        clock=clock,
        catalogue=shipped_catalogue(),
        names={"hejia": "禾家超市"},
        embedder=Embedder(lambda: TopicEmbeddings(release=release)),
    )
    chinese = chain(9, BREAD[0], at=DAY, seq=0)
    english = [
        replace(one, judgement=replace(one.judgement, language="en", category="quality"))
        for one in chain(6, BREAD[7], at=DAY, seq=100)
    ]
    await observe_all(watch, await recorded(store, [*chinese, *english]))
    await desk.step()
    live = await store.alerts.live()
    assert len(live) == 2
    [lesser] = [one for one in live if BREAD[7] in one.title]
    await store.alerts.acknowledge(lesser.key, by="王芳")
    release.set()
    await watch.drain()
    await watch.close()
    ended = await store.alerts.get(lesser.key)
    [alive] = await store.alerts.live()
    assert ended is not None
    assert (ended.state, ended.owner, ended.part_of) == ("resolved", "王芳", alive.incident)
    assert alive.key != ended.key
    assert len(await members(store, alive.incident or "")) == 15
