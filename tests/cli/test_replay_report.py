"""The replay's report."""

from datetime import timedelta

from cli.commands.replay import Stopwatch, latencies
from core.clock import ManualClock
from core.model.decisions import Action, Decision
from core.model.events import EventCounts, Received
from core.model.outcomes import Outcome, Plan
from tests.builders import START, event, reply, ticket

NONE = EventCounts(received=5, done=1, pending=2, dead=0, dropped={"spam": 2})


def received(seconds_ago: float) -> Received:
    at = START - timedelta(seconds=seconds_ago)
    return Received(seq=1, event=event(), attempts=0, received_at=at)


async def test_it_counts_this_run_alone_and_adds_up() -> None:
    clock = ManualClock(START)
    watch = Stopwatch(clock)
    decision = Decision(action=Action.TICKET, rule="r", reason="because")
    plan = Plan(decision=decision, ticket=ticket(), replies=(reply(),))
    await clock.advance(2)
    watch.ended(received(1), Outcome(seq=1, plan=plan))
    watch.ended(received(1), Outcome(seq=2, plan=Plan(decision=decision)))
    watch.ended(received(1), Outcome(seq=3, dropped="spam"))
    after = EventCounts(received=12, done=6, pending=1, dead=1, dropped={"spam": 3, "no_brand": 1})
    report = watch.report(NONE, after, alerts=1)
    assert report == {
        "events_in": 9,
        "done": 5,
        "pending": 1,
        "dead_lettered": 1,
        "dropped": {"spam": 1, "no_brand": 1},
        "events_per_second": 1.5,
        "latency_ms": {"p50": 3000.0, "p95": 3000.0, "p99": 3000.0},
        "tickets": 1,
        "replies": 1,
        "alerts": 1,
    }


def test_nothing_measured_is_said_plainly() -> None:
    report = Stopwatch(ManualClock(START)).report(NONE, NONE, alerts=0)
    assert report["events_per_second"] == 0.0
    assert report["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def test_percentiles_are_the_nearest_rank() -> None:
    found = latencies([n / 1000 for n in range(1, 101)])
    assert found == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
