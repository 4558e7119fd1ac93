"""What posts mean is found out later, beside the work, and never in its way."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.clock import ManualClock
from core.types import Language, Mention
from listeners.embedding import Embedder, Embeds, Vectors
from listeners.spread import afterthoughts
from listeners.spread.activity import Activity, heard
from listeners.spread.afterthoughts import Afterthoughts
from listeners.spread.case import Case
from listeners.spread.cases import CaseBook
from listeners.spread.meaning import shipped_usual
from listeners.spread.watch import SpreadWatch
from storage.factory import AnyStore, open_store
from tests.listeners.making import START
from tests.listeners.spread.test_kept import members, recorded
from tests.listeners.spread.watching import NOW, Receiver, hear, ordinary, said, watching

BREAD = (
    "昨天买的面包打开一看已经发霉了", "吐司背面全是绿毛", "刚买的三明治一股霉味",
    "烘焙区的东西长毛了还在卖",
    "孩子吃的土司上有霉斑", "Green spots on my loaf", "The toast had fuzzy mould on it",
    "Bakery sold me something rotten", "Threw the whole bag out, furry underneath",
)  # fmt: skip
GUARD = (
    "保安翻我的包", "门口被拦下来搜身", "A guard went through my pockets in front of everyone",
    "Treated like a thief at the exit", "They frisked my grandmother",
)  # fmt: skip
DAY = START + timedelta(days=1, hours=6)


class Topics:
    """A library that knows what the texts above are about, whatever their language."""

    def __init__(self, *, wait: float = 0.0) -> None:
        self.asked: list[str] = []
        self._wait = wait

    def query(self, texts: str) -> Vectors:
        time.sleep(self._wait)
        self.asked.append(texts)
        plain = texts.strip()
        axis = 0 if plain in BREAD else 1 if plain in GUARD else 2 + len(self.asked) % 300
        own = np.zeros(384, np.float32)
        own[axis] = 1.0
        return shipped_usual()["en" if plain.isascii() else "zh"] + own


class Broken:
    """A library that fails."""

    def query(self, texts: str) -> Vectors:
        raise RuntimeError(texts)


def wordings(
    texts: Sequence[str], *, seq: int = 1_000, category: str = "freshness", minutes: float = 3
) -> list[Mention]:
    """Each text by somebody else."""
    posts = []
    for number, text in enumerate(texts):
        at = DAY + timedelta(minutes=minutes * number)
        [post] = said(1, text, at=at, seq=seq + number)
        tongue: Language = "en" if text.isascii() else "zh"
        judged = replace(post.judgement, language=tongue, category=category)
        posts.append(replace(post, judgement=judged))
    return posts


async def shown(watch: SpreadWatch, mentions: Sequence[Mention]) -> None:
    """Show them, and wait for what is found out about each."""
    for one in sorted(mentions, key=lambda one: one.event.posted_at):
        await watch.observe(one)
        await watch._later.settle()


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
    watch = watching(receiver, embedder=Embedder(lambda: Topics(wait=0.3)))
    began = time.monotonic()
    await hear(watch, [*wordings(BREAD), *said(9, at=DAY, seq=7_000)])
    assert time.monotonic() - began < 0.3
    assert len(receiver.alerts) == 1
    await watch.close()


class Paced(ManualClock):
    """A second passes whenever it is looked at; keeps how long it was asked to sleep."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.slept: list[float] = []

    def monotonic(self) -> float:
        self._elapsed += 1
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def book_with(*texts: str) -> tuple[CaseBook, list[tuple[Case, Mention]]]:
    book, made = CaseBook({}), []
    for one in wordings(texts):
        case = Case(key=f"hejia:{one.event.text}", brand="hejia", title=one.event.text)
        activity = Activity()
        activity.add(heard("hejia", one, one.event.posted_at.timestamp()), quiet=1e9)
        case.activity = activity
        book.add(case)
        made.append((case, one))
    return book, made


async def test_it_takes_a_fifth_of_a_core() -> None:
    clock = Paced()
    book, made = book_with(*BREAD[:3])
    asked = Afterthoughts(Embedder(Topics), clock=clock, book=book, unite=lambda *_: None)
    for case, one in made:
        post = heard("hejia", one, one.event.posted_at.timestamp())
        asked.note(case, post, one.event.text, "zh")
    asked.kick(then=nothing)
    await asked.settle()
    assert clock.slept == [4.0, 4.0, 4.0]


async def nothing() -> None:
    return None


async def test_a_full_line_forgets_what_one_person_said_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(afterthoughts, "LINE", 4)
    library = Topics()
    book, made = book_with(*BREAD[:5], *GUARD[:2])
    crowd, _ = made[0]
    crowd.activity.authors.update(("a", "b", "c"))
    asked = Afterthoughts(
        Embedder(lambda: library), clock=ManualClock(NOW), book=book, unite=lambda *_: None
    )
    for case, one in made:
        post = heard("hejia", one, one.event.posted_at.timestamp())
        asked.note(case, post, one.event.text, "zh")
    assert [case.asked for case, _ in made] == [1, 0, 0, 0, 1, 1, 1]
    asked.kick(then=nothing)
    await asked.settle()
    assert library.asked == [BREAD[0], BREAD[4], *GUARD[:2]]


async def test_only_so_many_meanings_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(afterthoughts, "_KNOWN", 2)
    book, made = book_with("一些", "另外", "别的", "还有")
    asked = Afterthoughts(
        Embedder(Topics), clock=ManualClock(NOW), book=book, unite=lambda *_: None
    )
    for case, one in made[:3]:
        post = heard("hejia", one, one.event.posted_at.timestamp())
        asked.note(case, post, one.event.text, "zh")
    asked.kick(then=nothing)
    await asked.settle()
    assert [case.meaning.count for case, _ in made] == [0, 1, 1, 0]
    assert [case.asked for case, _ in made] == [0, 1, 1, 0]
    case, one = made[1]
    asked.note(case, heard("hejia", one, 0.0), one.event.text, "zh")
    case, one = made[3]
    asked.note(case, heard("hejia", one, 0.0), one.event.text, "zh")
    asked.kick(then=nothing)
    await asked.settle()
    assert [case.meaning.count for case, _ in made] == [0, 1, 0, 1]


async def test_an_answer_about_a_post_that_is_forgotten_is_dropped() -> None:
    book, made = book_with(BREAD[0])
    case, one = made[0]
    answer: Future[Vectors] = Future()

    class Later(Embedder):
        def ask(self, text: str) -> Future[Vectors]:
            return answer

    asked = Afterthoughts(Later(Topics), clock=ManualClock(NOW), book=book, unite=lambda *_: None)
    asked.note(case, heard("hejia", one, one.event.posted_at.timestamp()), one.event.text, "zh")
    asked.kick(then=nothing)
    await asyncio.sleep(0)
    book.forget(1e12, slight=1e12)
    answer.set_result(np.ones(384, np.float32))
    await asked.settle()
    assert case.meaning.count == 0


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
    await again.rebuild(await store.mentions_since(START), receiver.alerts)
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
    await watch.rebuild(await store.mentions_since(START), receiver.alerts)
    made = await watch.split([one.seq for one in posts[3:6]], by="小王")
    await shown(watch, posts[6:])
    await watch.close()
    apart = [await members(store, one) for one in (alert.incident, made)]
    assert {one.event.id for one in posts[:3]} <= apart[0]
    assert {one.event.id for one in posts[3:6]} <= apart[1]
    assert not apart[0] & apart[1]
