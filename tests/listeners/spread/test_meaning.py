"""Other words and another language are one matter by what they mean; two matters stay two."""

import logging
import random
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.bus import Bus
from core.clock import ManualClock
from core.mentions import Mention
from listeners.judgement.embedding import Embedder, Embeds, Vectors
from listeners.spread.watch import SpreadWatch
from responders.alerting.manager import AlertDesk
from storage.factory import AnyStore, open_store
from tests.listeners.making import START
from tests.listeners.spread.keeping import members, recorded
from tests.listeners.spread.meanings import BREAD, DAY, GUARD, Topics, shown, wordings
from tests.listeners.spread.watching import NOW, Receiver, hear, ordinary, said, watching


class Broken:
    """A library that fails."""

    def query(self, texts: str) -> Vectors:
        raise RuntimeError(texts)


def cases_of(watch: SpreadWatch, mentions: Sequence[Mention]) -> set[str]:
    found = {watch.incident_of("hejia", one) for one in mentions}
    return {one for one in found if one is not None}


async def told(library: Embeds | None, mentions: Sequence[Mention]) -> tuple[SpreadWatch, Receiver]:
    receiver = Receiver()
    embedder = None if library is None else Embedder(lambda: library)
    watch = watching(receiver, embedder=embedder)
    await shown(watch, [*ordinary(1), *mentions])
    await watch.close()
    return watch, receiver


async def test_one_matter_in_two_languages_and_no_word_in_common_is_one_alert() -> None:
    posts = wordings(BREAD)
    watch, receiver = await told(Topics(), posts)
    assert len(receiver.alerts) == 1
    assert len(cases_of(watch, posts)) == 1
    _, unaided = await told(None, posts)
    assert unaided.alerts == []


async def test_an_alarm_that_meaning_raises_waits_for_no_other_post() -> None:
    receiver = Receiver()
    watch = watching(receiver, embedder=Embedder(Topics))
    await hear(watch, wordings(BREAD))
    assert receiver.alerts == []
    await watch._later.settle()
    assert len(receiver.alerts) == 1
    await watch.close()


async def test_two_matters_at_a_time_stay_two() -> None:
    bread, guard = wordings(BREAD), wordings(GUARD, seq=2_000, category="staff")
    watch, receiver = await told(Topics(), [*bread, *guard])
    assert len(receiver.alerts) == 2
    assert len(cases_of(watch, bread)) == len(cases_of(watch, guard)) == 1
    assert cases_of(watch, bread) != cases_of(watch, guard)


async def test_a_second_crisis_in_another_language_is_heard_beside_a_great_one() -> None:
    great = [
        replace(one, judgement=replace(one.judgement, category="freshness"))
        for one in said(60, BREAD[0], at=DAY, seq=5_000, minutes=0.5)
    ]
    second = [
        replace(one, judgement=replace(one.judgement, language="en", category="staff"))
        for one in said(8, GUARD[2], at=DAY + timedelta(minutes=30), seq=6_000)
    ]
    _, receiver = await told(Topics(), [*great, *second])
    assert len(receiver.alerts) == 2
    _, unaided = await told(None, [*great, *second])
    assert len(unaided.alerts) == 1


async def test_praise_is_not_asked_about_and_copies_are_asked_about_once() -> None:
    library = Topics()
    praise = [replace(one, seq=one.seq) for one in said(9, "面包好吃", at=DAY, positive=True)]
    copies = said(12, BREAD[0], at=DAY, seq=3_000)
    await told(library, [*praise, *copies])
    assert [one for one in library.asked if "面包" in one] == [BREAD[0]]


async def test_languages_that_cannot_be_compared_are_not_asked_about() -> None:
    library = Topics()
    posts = [
        replace(one, judgement=replace(one.judgement, language="other"))
        for one in wordings(BREAD[:5])
    ]
    receiver = Receiver()
    await shown(watching(receiver, embedder=Embedder(lambda: library)), posts)
    assert library.asked == []


async def test_a_library_that_fails_changes_nothing_but_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    posts = [*wordings(BREAD), *said(9, at=DAY, seq=7_000)]
    with caplog.at_level(logging.ERROR):
        watch, receiver = await told(Broken(), posts)
    _, unaided = await told(None, posts)
    assert not watch.by_meaning
    assert [one.body for one in receiver.alerts] == [one.body for one in unaided.alerts]
    assert [one.message for one in caplog.records].count("meanings are not asked for any more") == 1


async def test_a_slow_library_holds_nothing_up() -> None:
    receiver = Receiver()
    release = threading.Event()
    watch = watching(receiver, embedder=Embedder(lambda: Topics(release=release)))
    await hear(watch, [*wordings(BREAD), *said(9, at=DAY, seq=7_000)])
    assert len(receiver.alerts) == 1
    assert not release.is_set(), "the library was still at work"
    release.set()
    await watch.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


def aided(store: AnyStore, receiver: Receiver) -> SpreadWatch:
    return watching(receiver, store=store, embedder=Embedder(Topics))


async def test_it_goes_on_after_a_restart(store: AnyStore) -> None:
    receiver = Receiver()
    posts = await recorded(store, wordings(BREAD))
    watch = aided(store, receiver)
    await shown(watch, posts[:6])
    await watch.close()
    again = aided(store, receiver)
    await again.rebuild(await store.mentions.since(START), receiver.alerts)
    await again._later.settle()
    await shown(again, posts[6:])
    await again.close()
    [alert] = receiver.alerts
    assert alert.incident is not None
    assert await members(store, alert.incident) == {one.event.id for one in posts}


async def test_what_staff_split_is_not_put_together_again(store: AnyStore) -> None:
    receiver = Receiver()
    posts = await recorded(store, wordings(BREAD))
    watch = aided(store, receiver)
    await shown(watch, posts[:6])
    await watch.close()
    [alert] = receiver.alerts
    assert alert.incident is not None
    watch = aided(store, receiver)
    await watch.rebuild(await store.mentions.since(START), receiver.alerts)
    made = await watch.split([one.seq for one in posts[3:6]], by="小王")
    await shown(watch, posts[6:])
    await watch.close()
    apart = [await members(store, one) for one in (alert.incident, made)]
    assert {one.event.id for one in posts[:3]} <= apart[0]
    assert {one.event.id for one in posts[3:6]} <= apart[1]
    assert not apart[0] & apart[1]


class Held(Topics):
    """Answers nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def query(self, texts: str) -> Vectors:
        self.free.wait(10)
        return super().query(texts)


async def test_two_alerts_that_turn_out_to_be_one_matter_go_on_as_one(store: AnyStore) -> None:
    clock, library = ManualClock(NOW), Held()
    desk = AlertDesk(
        store=store.alerts, receivers=[], bus=Bus(), clock=clock, random=random.Random(1).random
    )
    watch = SpreadWatch(
        desk,
        store=store,
        clock=clock,
        names={"hejia": "禾家超市"},
        embedder=Embedder(lambda: library),
    )
    chinese = said(9, BREAD[0], at=DAY, seq=0)
    english = [
        replace(one, judgement=replace(one.judgement, language="en", category="quality"))
        for one in said(6, BREAD[7], at=DAY, seq=100)
    ]
    await hear(watch, await recorded(store, [*chinese, *english]))
    await desk.look()
    live = await store.alerts.live()
    assert len(live) == 2
    [lesser] = [one for one in live if BREAD[7] in one.title]
    await store.alerts.acknowledge(lesser.key, by="王芳")
    library.free.set()
    await watch._later.settle()
    await watch.close()
    ended = await store.alerts.get(lesser.key)
    [alive] = await store.alerts.live()
    assert ended is not None
    assert (ended.state, ended.owner, ended.part_of) == ("resolved", "王芳", alive.incident)
    assert alive.key != ended.key
    assert len(await members(store, alive.incident or "")) == 15
