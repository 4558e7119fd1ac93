"""What cannot be written, what somebody else changed, and what a kill prevented."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import Conflict, StoreError
from core.incidents import Incident
from core.repositories import Incidents
from storage.factory import AnyStore, open_store
from tests.listeners.making import START
from tests.listeners.spread.keeping import (
    members,
    only,
    recorded,
    restarted,
    two_matters,
)
from tests.listeners.spread.matters import angry_at_everything
from tests.listeners.spread.watching import (
    NOW,
    QUEUE,
    Receiver,
    hear,
    ordinary,
    said,
    watching,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[AnyStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'store.db'}", clock=ManualClock(NOW))
    yield opened
    await opened.close()


class FailingIncidents:
    """Incidents that cannot be saved a few times."""

    def __init__(self, incidents: Incidents, errors: list[StoreError]) -> None:
        self._incidents = incidents
        self._errors = errors

    def __getattr__(self, name: str) -> object:
        return getattr(self._incidents, name)

    async def save(self, incident: Incident) -> Incident:
        if self._errors:
            raise self._errors.pop(0)
        return await self._incidents.save(incident)


class Failing:
    """A store that fails a few times before it works."""

    def __init__(self, store: AnyStore, *, errors: Sequence[StoreError]) -> None:
        self._store = store
        self.incidents = FailingIncidents(store.incidents, list(errors))

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def test_what_cannot_be_written_is_written_later(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    failing = Failing(store, errors=[StoreError("disk full")])
    watch = watching(receiver, store=failing, clock=clock)  # type: ignore[arg-type]  # stands in
    await hear(watch, await recorded(store, said(12)))
    for _ in range(50):
        await clock.advance(1)
        await asyncio.sleep(0.01)
    assert (await only(store)).mentions == 12
    assert len(await members(store, (await only(store)).id)) == 12


async def test_a_change_by_somebody_else_is_read_and_kept(store: AnyStore) -> None:
    failing = Failing(store, errors=[Conflict("again")] * 3)
    watch = watching(Receiver(), store=failing)  # type: ignore[arg-type]  # stands in
    await hear(watch, await recorded(store, said(12)))
    await watch.close()
    assert (await only(store)).mentions == 12
    endless = Failing(store, errors=[Conflict("again")] * 99)
    watch = watching(Receiver(), store=endless)  # type: ignore[arg-type]  # stands in
    await hear(watch, await recorded(store, said(12, QUEUE, seq=100)))
    with pytest.raises(Conflict):
        await watch.close()


async def test_the_alert_of_what_was_merged_is_handed_over_by_whomever(store: AnyStore) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_matters(store, receiver)
    taken = replace(
        await store.incidents.get(queue) or await only(store), owner="王芳", statement="正在核实"
    )
    await store.incidents.save(taken)
    await watch.merge(mould, queue, by="小王")
    assert receiver.handed_over == [(queue, mould)]
    kept = await store.incidents.get(mould)
    assert kept is not None
    assert (kept.owner, kept.statement) == ("王芳", "正在核实")


async def test_a_hand_over_that_a_kill_prevented_is_done_at_the_next_start(
    store: AnyStore,
) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_matters(store, receiver)
    await watch.merge(mould, queue, by="小王")
    receiver.handed_over.clear()
    again = await restarted(store, receiver)
    await again.close()
    assert receiver.handed_over == [(queue, mould)], "its alert is still live"
    kept = await store.incidents.get(mould)
    assert kept is not None
    assert [note.what for note in kept.timeline].count("merged") == 1
    receiver.kept = {
        key: replace(one, state="resolved") if one.incident == queue else one
        for key, one in receiver.kept.items()
    }
    receiver.handed_over.clear()
    await (await restarted(store, receiver)).close()
    assert receiver.handed_over == []


async def test_staff_read_of_it_in_their_own_language(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    await hear(watch, await recorded(store, said(12)))
    await watch.close()
    [alert] = receiver.alerts
    assert (alert.title, alert.body) == (alert.told("zh").title, alert.told("zh").body)
    assert "（一小时内" in alert.told("zh").title
    assert "people within an hour" in alert.told("en").title
    for fact in ("different authors within an hour", "posts, first", "Mean negative probability"):
        assert fact in alert.told("en").body, fact
    kept = await only(store)
    assert kept.told("zh").body.splitlines() == list(kept.reasons)
    assert "different authors within an hour" in kept.told("en").body
    assert kept.told("en").title == kept.title, "what a person wrote stands as it is"


async def test_a_burst_is_called_so_in_every_language_and_after_a_restart(
    store: AnyStore,
) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    angry = angry_at_everything(START + timedelta(days=3, hours=12))
    await hear(watch, await recorded(store, [*ordinary(4), *angry]))
    await watch.close()
    for start in (1, 2):
        kept = next(one for one in await store.incidents.find() if "volume" in one.key)
        assert kept.title == kept.told("zh").title == "weibo 上的负面声量远高于平时"
        assert kept.told("en").title == "Far more negative posts than usual on weibo"
        again = await restarted(store, receiver)
        later = START + timedelta(days=3, hours=12 + start)
        more = angry_at_everything(later, seq=60_000 * start)
        await hear(again, await recorded(store, more))
        await again.close()


async def test_a_word_long_before_is_no_beginning_of_a_crisis(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    crisis = said(12, at=START + timedelta(days=1), seq=10)
    await hear(watch, await recorded(store, [*said(1), *crisis]))
    await watch.close()
    kept = await only(store)
    assert kept.mentions == 13
    assert kept.first_at == START + timedelta(days=1)
    assert "已持续" not in receiver.alerts[0].body


async def test_a_few_words_hours_before_many_are_no_beginning(store: AnyStore) -> None:
    receiver = Receiver()
    watch = watching(receiver, store=store)
    before, crisis = said(2), said(60, at=START + timedelta(hours=5), seq=10)
    await hear(watch, await recorded(store, [*before, *crisis]))
    await watch.close()
    assert (await only(store)).first_at == START + timedelta(hours=5)


async def test_a_few_words_just_before_are_the_beginning(store: AnyStore) -> None:
    watch = watching(Receiver(), store=store)
    before, crisis = said(2), said(60, at=START + timedelta(minutes=50), seq=10)
    await hear(watch, await recorded(store, [*before, *crisis]))
    await watch.close()
    assert (await only(store)).first_at == START
