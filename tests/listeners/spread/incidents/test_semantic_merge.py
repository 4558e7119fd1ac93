"""Embedding runs in the background, bounded in time and memory."""

import asyncio
from concurrent.futures import Future

import numpy as np
import pytest

from core.clock import ManualClock
from core.errors import StoreError
from core.model.mentions import Mention
from listeners.judgement.embedding import Embedder, Vectors
from listeners.spread.activity import Activity, brand_post
from listeners.spread.incidents import semantic_merge
from listeners.spread.incidents.incident import TrackedIncident
from listeners.spread.incidents.index import IncidentIndex
from listeners.spread.incidents.semantic_merge import SemanticMerger
from tests.listeners.spread.embeddings import BREAD, GUARD, TopicEmbeddings, described
from tests.listeners.spread.rig import NOW


class TickingClock(ManualClock):
    """A second passes with every reading; records sleeps."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.slept: list[float] = []

    def monotonic(self) -> float:
        self._elapsed += 1
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def index_with_incidents(
    *texts: str,
) -> tuple[IncidentIndex, list[tuple[TrackedIncident, Mention]]]:
    index, made = IncidentIndex({}), []
    for one in described(texts):
        incident = TrackedIncident(
            key=f"hejia:{one.event.text}", brand="hejia", title=one.event.text
        )
        activity = Activity()
        activity.add(
            brand_post("hejia", one, one.event.posted_at.timestamp(), names=None), quiet=1e9
        )
        incident.activity = activity
        index.add(incident)
        made.append((incident, one))
    return index, made


async def test_embedding_takes_a_fifth_of_a_core() -> None:
    clock = TickingClock()
    index, made = index_with_incidents(*BREAD[:3])
    merger = SemanticMerger(
        Embedder(TopicEmbeddings), clock=clock, index=index, merge=lambda *_: None
    )
    for incident, one in made:
        post = brand_post("hejia", one, one.event.posted_at.timestamp(), names=None)
        merger.queue(incident, post, one.event.text, "zh")
    merger.start(then=nothing)
    await merger.drain()
    assert clock.slept == [4.0, 4.0, 4.0]


async def nothing() -> None:
    return None


async def test_a_full_queue_drops_incidents_of_one_author_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(semantic_merge, "MAX_QUEUED", 4)
    library = TopicEmbeddings()
    index, made = index_with_incidents(*BREAD[:5], *GUARD[:2])
    crowd, _ = made[0]
    crowd.activity.authors.update(("a", "b", "c"))
    merger = SemanticMerger(
        Embedder(lambda: library), clock=ManualClock(NOW), index=index, merge=lambda *_: None
    )
    for incident, one in made:
        post = brand_post("hejia", one, one.event.posted_at.timestamp(), names=None)
        merger.queue(incident, post, one.event.text, "zh")
    assert [incident.embedded for incident, _ in made] == [1, 0, 0, 0, 1, 1, 1]
    merger.start(then=nothing)
    await merger.drain()
    assert library.asked == [BREAD[0], BREAD[4], *GUARD[:2]]


async def test_the_number_of_centroids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic_merge, "_MAX_REMEMBERED", 2)
    index, made = index_with_incidents("一些", "另外", "别的", "还有")
    merger = SemanticMerger(
        Embedder(TopicEmbeddings), clock=ManualClock(NOW), index=index, merge=lambda *_: None
    )
    for incident, one in made[:3]:
        post = brand_post("hejia", one, one.event.posted_at.timestamp(), names=None)
        merger.queue(incident, post, one.event.text, "zh")
    merger.start(then=nothing)
    await merger.drain()
    assert [incident.centroid.count for incident, _ in made] == [0, 1, 1, 0]
    assert [incident.embedded for incident, _ in made] == [0, 1, 1, 0]
    incident, one = made[1]
    merger.queue(incident, brand_post("hejia", one, 0.0, names=None), one.event.text, "zh")
    incident, one = made[3]
    merger.queue(incident, brand_post("hejia", one, 0.0, names=None), one.event.text, "zh")
    merger.start(then=nothing)
    await merger.drain()
    assert [incident.centroid.count for incident, _ in made] == [0, 1, 0, 1]


async def test_the_embedding_of_an_evicted_post_is_ignored() -> None:
    index, made = index_with_incidents(BREAD[0])
    incident, one = made[0]
    answer: Future[Vectors] = Future()

    class Later(Embedder):
        def ask(self, text: str) -> Future[Vectors]:
            return answer

    merger = SemanticMerger(
        Later(TopicEmbeddings), clock=ManualClock(NOW), index=index, merge=lambda *_: None
    )
    merger.queue(
        incident,
        brand_post("hejia", one, one.event.posted_at.timestamp(), names=None),
        one.event.text,
        "zh",
    )
    merger.start(then=nothing)
    await asyncio.sleep(0)
    index.evict(1e12, small=1e12)
    answer.set_result(np.ones(384, np.float32))
    await merger.drain()
    assert incident.centroid.count == 0


async def test_a_failing_callback_is_logged_and_embedding_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    index, made = index_with_incidents(*BREAD[:5])
    merged: list[str] = []

    async def fail() -> None:
        raise StoreError("disk full")

    def merge(kept: TrackedIncident, gone: TrackedIncident) -> None:
        index.merge(kept, gone)
        merged.append(gone.key)

    merger = SemanticMerger(
        Embedder(TopicEmbeddings), clock=ManualClock(NOW), index=index, merge=merge
    )
    for incident, one in made:
        post = brand_post("hejia", one, one.event.posted_at.timestamp(), names=None)
        merger.queue(incident, post, one.event.text, "zh")
    merger.start(then=fail)
    await merger.drain()
    assert len(merged) == 4
    assert merger.is_active
    assert [one.message for one in caplog.records].count("an embedding was not used") == 4
