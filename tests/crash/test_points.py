"""Named points: reached in the order of an event's way, counted, and unknown names refused."""

from collections.abc import Iterator

import pytest

from core.model.events import Page
from core.runtime.bus import Bus
from core.runtime.pipeline import Pipeline, PipelineParts
from tests.builders import event
from tests.core.parts import (
    CountingJudge,
    MemoryInbox,
    PlanDecider,
    SeenSpread,
    SpamModerator,
    WordMatcher,
)
from tests.crash.points import NAMES, countdown, install


@pytest.fixture
def reached() -> Iterator[list[str]]:
    names: list[str] = []
    undo = install(names.append)
    yield names
    undo()


async def test_an_event_reaches_the_points_in_their_order(reached: list[str]) -> None:
    inbox = MemoryInbox()
    parts = PipelineParts(
        events=inbox,
        matcher=WordMatcher(),
        judge=CountingJudge(),
        moderator=SpamModerator(),
        decider=PlanDecider(),
        spread=SeenSpread(),
    )
    pipeline = Pipeline(parts, bus=Bus())
    await inbox.accept("c", Page(events=(event("1", text="禾家的面包"),)))
    await pipeline.step()
    assert reached == [
        "before-persist",
        "after-persist",
        "before-match",
        "after-match",
        "before-judge",
        "after-judge",
        "before-decide",
        "after-decide",
        "before-record",
        "before-ticket",
        "after-ticket",
        "after-record",
    ]
    assert set(reached) <= set(NAMES)


async def test_after_undo_nothing_is_reached() -> None:
    names: list[str] = []
    install(names.append)()
    await MemoryInbox().accept("c", Page(events=()))
    assert names == []


def test_the_nth_time_acts_once() -> None:
    acts: list[int] = []
    reach = countdown("after-record:2", lambda: acts.append(1))
    for name in ("after-record", "after-match", "after-record", "after-record"):
        reach(name)
    assert acts == [1]


def test_without_a_number_it_is_the_first_time() -> None:
    acts: list[int] = []
    countdown("after-send", lambda: acts.append(1))("after-send")
    assert acts == [1]


def test_an_unknown_point_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="after-record"):
        countdown("lunch", lambda: None)
