"""kill -9 at every named point and at random moments, and what became of everything afterwards."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from core.clock import SystemClock
from core.model.mentions import MentionFilter
from core.model.outbox import ReplyState
from core.model.tickets import TicketFilter
from storage.factory import open_store
from tests.crash.harness import CrashSite, Nursery

ALERTING: Final = frozenset({"before-alert", "after-alert"})
CHOICES: Final = {
    **dict.fromkeys(("receive", "persist", "acknowledge", "judge", "alert"), 1),
    "ticket": 3,
    "claim": 3,
}
"""At which of the first so many times a point may be chosen; six where nothing else is said."""
ANY: Final = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Result of killing one site again and again."""

    point: str
    kills: int
    events: int
    """That the platform delivered."""
    lost: int
    double_replies: int
    missing_replies: int
    double_tickets: int
    missing_tickets: int
    in_doubt: int
    """Replies that kills left between being claimed and being confirmed."""
    in_doubt_open: int
    """Those of them that were neither resolved nor given a ticket."""
    alerts_missing: int
    """Beside the same events where nothing is killed."""
    findings: int
    """Of the doctor."""

    @property
    def harm(self) -> int:
        """Nothing of what was promised may be broken."""
        return sum(
            getattr(self, each.name)
            for each in fields(self)
            if each.name not in ("point", "kills", "events", "in_doubt")
        )


def together(rows: Sequence[Row]) -> Row:
    """The rows of several sites as one."""
    names = [each.name for each in fields(Row) if each.name != "point"]
    totals = {name: sum(getattr(row, name) for row in rows) for name in names}
    return Row(point=rows[0].point, **totals)


async def at_point(point: str, times: int, site: CrashSite, runs: Nursery, folder: Path) -> Row:
    """Kill ``times`` times at a point; raises AssertionError where it cannot be reached."""
    choices = CHOICES.get(point.partition("-")[2], ANY)
    kills, turn = 0, 0
    while kills < times:
        assert turn < 2 * times + 2, f"{point} was reached {kills} times in {turn} runs"
        site.add_round(crowd=point in ALERTING)
        kills += site.run(f"{point}:{1 + turn % choices}")
        turn += 1
    return await settle(point, kills, site, runs, folder)


async def at_random(times: int, site: CrashSite, runs: Nursery, folder: Path, *, seed: int) -> Row:
    """Kill ``times`` times at a random moment of a run."""
    rng = random.Random(seed)
    site.add_round(crowd=True)
    started = time.monotonic()
    site.run()
    longest = 1.2 * (time.monotonic() - started)
    kills = 0
    while kills < times:
        site.add_round(crowd=rng.random() < 0.25)
        kills += site.run(kill_after=rng.uniform(0.0, longest))
    return await settle("at random", kills, site, runs, folder)


async def settle(point: str, kills: int, site: CrashSite, runs: Nursery, folder: Path) -> Row:
    """Let the site come to its end, and count what was promised."""
    assert not site.run()
    undisturbed = CrashSite(folder / "undisturbed", runs)
    undisturbed.feed = site.feed
    assert not undisturbed.run()
    store = await open_store(site.url, clock=SystemClock())
    other = await open_store(undisturbed.url, clock=SystemClock())
    try:
        counts = await store.events.counts()
        many = 2 * site.events + 1
        mentions = (await store.mentions.find(MentionFilter(), limit=many)).mentions
        found = (await store.tickets.find(TicketFilter(), limit=many)).tickets
        doubtful = [
            reply
            for each in mentions
            for reply in each.replies
            if reply.state is ReplyState.SENDING
            or (reply.state is ReplyState.UNKNOWN and reply.ticket is None)
        ]
        tickets = Counter(ticket.conversation for ticket in found)
        replies = Counter(reply["conversation"] for reply in site.replies())
        keys = {alert.key for alert in await store.alerts.recent(limit=10_000)}
        wanted = {alert.key for alert in await other.alerts.recent(limit=10_000)}
        assert wanted or point not in ALERTING
        return Row(
            point=point,
            kills=kills,
            events=site.events,
            lost=site.events - min(counts.done, len(mentions)),
            double_replies=replies.total() - len(replies),
            missing_replies=len(site.messages - set(replies)),
            double_tickets=tickets.total() - len(tickets),
            missing_tickets=len(site.complaints - set(tickets)),
            in_doubt=site.in_doubt,
            in_doubt_open=len(doubtful),
            alerts_missing=len(wanted - keys),
            findings=len(await store.maintenance.examine(mend=False)),
        )
    finally:
        await store.close()
        await other.close()
