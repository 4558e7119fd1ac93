"""What posts mean is found out later, beside the work, and never in its way."""

import asyncio
from concurrent.futures import Future

import numpy as np
import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.mentions import Mention
from listeners.judgement.embedding import Embedder, Vectors
from listeners.spread.activity import Activity, brand_post
from listeners.spread.incidents import semantic_merge as afterthoughts
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from listeners.spread.incidents.semantic_merge import SemanticMerger
from tests.listeners.spread.meanings import BREAD, GUARD, Topics, wordings
from tests.listeners.spread.watching import NOW


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


def book_with(*texts: str) -> tuple[IncidentIndex, list[tuple[TrackedIncident, Mention]]]:
    book, made = IncidentIndex({}), []
    for one in wordings(texts):
        case = TrackedIncident(key=f"hejia:{one.event.text}", brand="hejia", title=one.event.text)
        activity = Activity()
        activity.add(brand_post("hejia", one, one.event.posted_at.timestamp()), quiet=1e9)
        case.activity = activity
        book.add(case)
        made.append((case, one))
    return book, made


async def test_it_takes_a_fifth_of_a_core() -> None:
    clock = Paced()
    book, made = book_with(*BREAD[:3])
    asked = SemanticMerger(Embedder(Topics), clock=clock, book=book, unite=lambda *_: None)
    for case, one in made:
        post = brand_post("hejia", one, one.event.posted_at.timestamp())
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
    asked = SemanticMerger(
        Embedder(lambda: library), clock=ManualClock(NOW), book=book, unite=lambda *_: None
    )
    for case, one in made:
        post = brand_post("hejia", one, one.event.posted_at.timestamp())
        asked.note(case, post, one.event.text, "zh")
    assert [case.asked for case, _ in made] == [1, 0, 0, 0, 1, 1, 1]
    asked.kick(then=nothing)
    await asked.settle()
    assert library.asked == [BREAD[0], BREAD[4], *GUARD[:2]]


async def test_only_so_many_meanings_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(afterthoughts, "_KNOWN", 2)
    book, made = book_with("一些", "另外", "别的", "还有")
    asked = SemanticMerger(
        Embedder(Topics), clock=ManualClock(NOW), book=book, unite=lambda *_: None
    )
    for case, one in made[:3]:
        post = brand_post("hejia", one, one.event.posted_at.timestamp())
        asked.note(case, post, one.event.text, "zh")
    asked.kick(then=nothing)
    await asked.settle()
    assert [case.meaning.count for case, _ in made] == [0, 1, 1, 0]
    assert [case.asked for case, _ in made] == [0, 1, 1, 0]
    case, one = made[1]
    asked.note(case, brand_post("hejia", one, 0.0), one.event.text, "zh")
    case, one = made[3]
    asked.note(case, brand_post("hejia", one, 0.0), one.event.text, "zh")
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

    asked = SemanticMerger(Later(Topics), clock=ManualClock(NOW), book=book, unite=lambda *_: None)
    asked.note(
        case, brand_post("hejia", one, one.event.posted_at.timestamp()), one.event.text, "zh"
    )
    asked.kick(then=nothing)
    await asyncio.sleep(0)
    book.forget(1e12, slight=1e12)
    answer.set_result(np.ones(384, np.float32))
    await asked.settle()
    assert case.meaning.count == 0


async def test_what_cannot_be_put_to_use_is_logged_and_the_next_is_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    book, made = book_with(*BREAD[:5])
    united: list[str] = []

    async def fail() -> None:
        raise StoreError("disk full")

    def unite(kept: TrackedIncident, gone: TrackedIncident) -> None:
        book.merge(kept, gone)
        united.append(gone.key)

    asked = SemanticMerger(Embedder(Topics), clock=ManualClock(NOW), book=book, unite=unite)
    for case, one in made:
        post = brand_post("hejia", one, one.event.posted_at.timestamp())
        asked.note(case, post, one.event.text, "zh")
    asked.kick(then=fail)
    await asked.settle()
    assert len(united) == 4
    assert asked.asks
    assert [one.message for one in caplog.records].count(
        "what a post means was not put to use"
    ) == 4
