"""kill -9 at every named point: nothing accepted is lost, nothing is sent or opened twice."""

from collections import Counter
from pathlib import Path

import pytest

from core.checkpoints import NAMES
from core.clock import SystemClock
from core.queries import MentionFilter, TicketFilter
from storage.sqlite import SqliteStore
from tests.crash.harness import CrashSite

TIMES = 4


@pytest.mark.crash
async def test_no_kill_loses_an_event_or_repeats_a_reply(tmp_path: Path) -> None:
    site = CrashSite(tmp_path)
    killed: Counter[str] = Counter()
    for turn in range(TIMES):
        for name in NAMES:
            alert = name in ("before-alert", "after-alert")
            site.add_round(crowd=alert)
            nth = 1 if alert or name == "before-persist" else 1 + turn
            killed[name] += site.run(f"{name}:{nth}")
    assert not site.run(None)
    assert sum(killed.values()) >= 50, killed
    assert set(killed) == set(NAMES)
    assert all(killed.values()), killed

    sent = Counter(reply["conversation"] for reply in site.replies())
    assert set(sent) == site.messages
    assert set(sent.values()) == {1}

    store = await SqliteStore.open(site.store, clock=SystemClock())
    try:
        counts = await store.counts()
        assert counts.pending == counts.dead == 0
        assert counts.done == site.events
        mentions = await store.mentions(MentionFilter(), limit=2 * site.events)
        assert len(mentions.mentions) == site.events
        tickets = (await store.tickets(TicketFilter(), limit=2 * site.events)).tickets
        assert len(tickets) == len({ticket.conversation for ticket in tickets}) == site.complaints
        keys = sorted(alert.key for alert in await store.alerts(limit=1000))
    finally:
        await store.close()
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    assert keys == await _uninterrupted(site, undisturbed)


async def _uninterrupted(killed: CrashSite, folder: Path) -> list[str]:
    """The keys of the alerts that the same events raise where nothing is killed."""
    site = CrashSite(folder)
    site.feed = killed.feed
    assert not site.run(None)
    store = await SqliteStore.open(site.store, clock=SystemClock())
    try:
        alerts = await store.alerts(limit=1000)
        assert alerts
        return sorted(alert.key for alert in alerts)
    finally:
        await store.close()
