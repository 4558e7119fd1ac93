"""Failed and conflicting writes, and interrupted merges."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import Conflict, StoreError
from core.model.incidents import Incident
from core.repositories import Incidents
from storage.factory import AnyStore, open_store
from tests.builders import MIDNIGHT
from tests.listeners.spread.rig import (
    NOW,
    QUEUE,
    Receiver,
    chain,
    make_watch,
    observe_all,
    ordinary,
    unrelated_complaints,
)
from tests.listeners.spread.stored import (
    members,
    only,
    recorded,
    restarted,
    two_incidents,
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
    """A store that raises the given errors first."""

    def __init__(self, store: AnyStore, *, errors: Sequence[StoreError]) -> None:
        self._store = store
        self.incidents = FailingIncidents(store.incidents, list(errors))

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def test_a_failed_write_is_repeated(store: AnyStore) -> None:
    receiver, clock = Receiver(), ManualClock(NOW)
    failing = Failing(store, errors=[StoreError("disk full")])
    watch = make_watch(receiver, store=failing, clock=clock)  # type: ignore[arg-type]  # stands in
    await observe_all(watch, await recorded(store, chain(12)))
    for _ in range(50):
        await clock.advance(1)
        await asyncio.sleep(0.01)
    assert (await only(store)).mentions == 12
    assert len(await members(store, (await only(store)).id)) == 12


async def test_a_conflict_is_retried_and_finally_raised(store: AnyStore) -> None:
    failing = Failing(store, errors=[Conflict("again")] * 3)
    watch = make_watch(Receiver(), store=failing)  # type: ignore[arg-type]  # stands in
    await observe_all(watch, await recorded(store, chain(12)))
    await watch.close()
    assert (await only(store)).mentions == 12
    endless = Failing(store, errors=[Conflict("again")] * 99)
    watch = make_watch(Receiver(), store=endless)  # type: ignore[arg-type]  # stands in
    await observe_all(watch, await recorded(store, chain(12, QUEUE, seq=100)))
    with pytest.raises(Conflict):
        await watch.close()


async def test_merging_incidents_merges_alerts_owner_and_statement(store: AnyStore) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_incidents(store, receiver)
    taken = replace(
        await store.incidents.get(queue) or await only(store), owner="王芳", statement="正在核实"
    )
    await store.incidents.save(taken)
    await watch.merge(mould, queue, by="小王")
    assert receiver.handed_over == [(queue, mould)]
    kept = await store.incidents.get(mould)
    assert kept is not None
    assert (kept.owner, kept.statement) == ("王芳", "正在核实")


async def test_an_interrupted_merge_of_alerts_is_done_at_the_next_start(
    store: AnyStore,
) -> None:
    receiver = Receiver()
    watch, (mould, queue) = await two_incidents(store, receiver)
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


async def test_alert_and_incident_are_worded_in_both_languages(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    await observe_all(watch, await recorded(store, chain(12)))
    await watch.close()
    [alert] = receiver.alerts
    assert (alert.title, alert.body) == (alert.localized("zh").title, alert.localized("zh").body)
    assert "（一小时内" in alert.localized("zh").title
    assert "people within an hour" in alert.localized("en").title
    for fact in ("different authors within an hour", "posts, first", "Mean probability of harm"):
        assert fact in alert.localized("en").body, fact
    kept = await only(store)
    assert kept.localized("zh").body.splitlines() == list(kept.reasons)
    assert "different authors within an hour" in kept.localized("en").body
    assert kept.localized("en").title == kept.title, "what a person wrote stands as it is"


async def test_a_burst_has_its_title_in_both_languages_and_after_a_restart(
    store: AnyStore,
) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    angry = unrelated_complaints(MIDNIGHT + timedelta(days=3, hours=12), minutes=120)
    await observe_all(watch, await recorded(store, [*ordinary(4), *angry]))
    await watch.close()
    for start in (1, 2):
        kept = next(one for one in await store.incidents.find() if "volume" in one.key)
        assert kept.title == kept.localized("zh").title == "weibo 上的负面声量远高于平时"
        assert kept.localized("en").title == "Far more negative posts than usual on weibo"
        again = await restarted(store, receiver)
        later = MIDNIGHT + timedelta(days=3, hours=12 + 3 * start)
        more = unrelated_complaints(later, seq=60_000 * start, minutes=120)
        await observe_all(again, await recorded(store, more))
        await again.close()


async def test_a_post_the_day_before_is_not_the_beginning(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    crisis = chain(12, at=MIDNIGHT + timedelta(days=1), seq=10)
    await observe_all(watch, await recorded(store, [*chain(1), *crisis]))
    await watch.close()
    kept = await only(store)
    assert kept.mentions == 13
    assert kept.first_at == MIDNIGHT + timedelta(days=1)
    assert "已持续" not in receiver.alerts[0].body


async def test_a_few_posts_hours_before_many_are_not_the_beginning(store: AnyStore) -> None:
    receiver = Receiver()
    watch = make_watch(receiver, store=store)
    before, crisis = chain(2), chain(60, at=MIDNIGHT + timedelta(hours=5), seq=10)
    await observe_all(watch, await recorded(store, [*before, *crisis]))
    await watch.close()
    assert (await only(store)).first_at == MIDNIGHT + timedelta(hours=5)


async def test_a_few_posts_within_the_hour_before_are_the_beginning(store: AnyStore) -> None:
    watch = make_watch(Receiver(), store=store)
    before, crisis = chain(2), chain(60, at=MIDNIGHT + timedelta(minutes=50), seq=10)
    await observe_all(watch, await recorded(store, [*before, *crisis]))
    await watch.close()
    assert (await only(store)).first_at == MIDNIGHT
