"""Escalation steps, quiet hours, jumps of the clock, and news."""

from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.settings import AlertSettings, OnCallSettings
from responders.alerting.escalation import (
    EscalationChain,
    EscalationStep,
    QuietHours,
    require_on_call,
)
from responders.alerting.inhibition import LiveAlerts
from responders.alerting.lifecycle import AlertTimings, read_timings, with_news
from tests.builders import START
from tests.responders.alerting.lifecycle_support import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    SEVERITIES,
    TIMINGS,
    alert,
    chain,
    due,
    notified,
    transition,
)

NIGHT = "22:00-08:00"


class TestOnCall:
    def test_escalates_to_the_next_step_alone_after_fifteen_minutes(self) -> None:
        three = chain(("a", None), ("b", None), ("c", None))
        one, now, heard = alert(), START, []
        for _ in range(60):
            taken = transition(one, now, chain=three)
            if taken is not None:
                heard.append((now - START, taken.receivers, taken.reason))
                one = taken.alert
            now += 5 * MINUTE
        assert heard[:3] == [
            (timedelta(), ("hook", "a"), "first"),
            (15 * MINUTE, ("b",), "next"),
            (30 * MINUTE, ("c",), "next"),
        ]
        assert heard[3] == (30 * MINUTE + TIMINGS.repeat, ("hook", "a", "b", "c"), "again")

    def test_ends_with_the_acknowledgement(self) -> None:
        two = chain(("a", None), ("b", None))
        assert transition(notified(state="acknowledged"), START + HOUR, chain=two) is None
        assert transition(notified(escalated=1), START + HOUR, chain=two) is None, (
            "there is nobody above"
        )

    def test_passes_over_quiet_steps_except_for_p1(self) -> None:
        two, night = chain(("a", NIGHT), ("b", None)), START + 6 * HOUR
        for severity, receivers, rung in (("P1", ("hook", "a"), 0), ("P2", ("hook", "b"), 1)):
            taken = transition(alert(severity, heard_at=night), night, chain=two)  # type: ignore[arg-type]  # a Severity
            assert taken is not None
            assert (taken.receivers, taken.alert.escalated) == (receivers, rung)

    def test_waits_while_every_step_is_quiet(self) -> None:
        one, evening = chain(("a", NIGHT), ("b", NIGHT)), START + 6 * HOUR
        waiting = alert("P2", created_at=evening, heard_at=evening)
        assert due(waiting, chain=one, upto=DAY) == timedelta(), "START itself is day"
        assert transition(waiting, evening, chain=one) is None
        morning = START + 15 * HOUR
        assert transition(waiting, morning - SECOND, chain=one) is None
        assert transition(waiting, morning, chain=one) is not None
        asleep_above = chain(("a", None), ("b", NIGHT))
        awake = notified(heard_at=evening, notified_at=evening)
        assert transition(awake, evening + HOUR, chain=asleep_above) is None
        over = transition(notified(), evening, chain=one)
        assert over is not None
        assert (over.reason, over.receivers) == ("over", ()), "nobody is woken for that"

    def test_quiet_hours_within_one_day(self) -> None:
        zone = read_zone()
        noon = QuietHours(start=_time(12), end=_time(14), zone=zone)
        hours = [hour for hour in range(24) if START.replace(hour=hour) in noon]
        assert hours == [4, 5]

    def test_without_steps_notifies_every_receiver(self) -> None:
        everybody = EscalationChain((), ("x", "y"))
        found = everybody.up_to(5, "P3", START)
        assert found is not None
        assert found.receivers == ("x", "y")
        assert everybody.last == 0
        sleeping = EscalationChain([EscalationStep(receivers=("a",), quiet=_night())], ("a",))
        assert sleeping.up_to(0, "P2", START + 6 * HOUR) is None


def read_zone() -> ZoneInfo:
    return ZoneInfo("Asia/Shanghai")


def _time(hour: int) -> time:
    return time(hour)


def _night() -> QuietHours:
    return QuietHours(start=_time(22), end=_time(8), zone=read_zone())


class TestAJumpOfTheClock:
    @pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY])
    @pytest.mark.parametrize("state", ["firing", "acknowledged"])
    def test_makes_nothing_due_and_blocks_nothing(self, jump: timedelta, state: str) -> None:
        now = START + 10 * MINUTE + jump
        jumped = {"jumped_at": now, "chain": chain(("a", None), ("b", None))}
        one = notified(heard_at=START + 9 * MINUTE, state=state)
        assert transition(one, now, **jumped) is None
        later = transition(one, now + 15 * MINUTE, **jumped)
        assert (later is not None) == (state == "firing"), "the chain goes on from here"
        over = transition(replace(one, state="acknowledged"), now + 8 * HOUR, **jumped)
        assert over is not None
        assert over.reason == "over"

    def test_before_a_restart_blocks_nothing(self) -> None:
        """The clock went back while nothing ran: what is stored lies in the future."""
        one = notified(notified_at=START + DAY, heard_at=START + DAY)
        assert transition(one, START + MINUTE) is None
        assert due(one) == TIMINGS.repeat, "counted from the start"
        assert transition(replace(one, state="acknowledged"), START + 6 * HOUR) is not None


class TestNews:
    def test_update_the_texts_and_only_raise_the_severity(self) -> None:
        stored = notified("P2", incident=None)
        news = alert("P3", title="新", body="9 位作者", category=None)
        now = START + HOUR
        changed = with_news(stored, news, now, HOUR)
        assert changed is not None
        assert (changed.severity, changed.title, changed.body) == ("P2", "新", "9 位作者")
        assert (changed.heard_at, changed.incident, changed.category) == (now, "INC-1", "freshness")
        graver = with_news(stored, replace(news, severity="P1"), now, HOUR)
        assert graver is not None
        assert graver.severity == "P1"

    def test_fire_a_resolved_alert_again_after_the_tail(self) -> None:
        over = notified(state="resolved", resolved_at=START, owner="王敏", escalated=2)
        assert with_news(over, alert("P2"), START + 59 * MINUTE, HOUR) is None
        again = with_news(over, alert("P3"), START + HOUR, HOUR)
        assert again is not None
        assert (again.state, again.severity, again.owner, again.escalated) == (
            "firing",
            "P3",
            None,
            0,
        )
        assert (again.notices, again.notified_severity, again.resolved_at) == (1, None, None)
        taken = transition(again, START + HOUR)
        assert taken is not None
        assert (taken.reason, taken.alert.notices) == ("first", 2), "no second wait"
        worse = with_news(over, alert("P1"), START + MINUTE, HOUR)
        assert worse is not None
        assert worse.state == "firing", "what has become graver is not the end of it"


def test_timings_are_read_from_the_configuration() -> None:
    assert read_timings(AlertSettings()) == TIMINGS
    mine = AlertSettings(
        wait_seconds=1, interval_minutes=2, repeat_hours=3, resolve_hours=4, escalate_minutes=5
    )
    assert read_timings(mine) == AlertTimings(
        wait=SECOND, interval=2 * MINUTE, repeat=3 * HOUR, resolve=4 * HOUR, escalate=5 * MINUTE
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["pass", "news", "take", "worse"]), st.integers(1, 300)),
        max_size=60,
    )
)
def test_notices_keep_their_interval_whatever_happens(events: list[tuple[str, int]]) -> None:
    """Two notices are five minutes apart at least, unless it became worse or had ended."""
    three = chain(("a", None), ("b", NIGHT), ("c", None))
    one, now, notices = alert("P3"), START, []
    for what, minutes in events:
        for _ in range(minutes):
            now += MINUTE
            taken = transition(one, now, chain=three)
            if taken is not None:
                one = taken.alert
                if taken.receivers:
                    notices.append((now, taken.reason, one.severity))
        if what == "news":
            one = with_news(one, one, now, HOUR) or one
        elif what == "worse":
            graver = SEVERITIES[max(0, SEVERITIES.index(one.severity) - 1)]
            one = with_news(one, replace(one, severity=graver), now, HOUR) or one
        elif what == "take" and one.state == "firing":
            one = replace(one, state="acknowledged", owner="王敏")
    for (before, _, _), (after, why, _) in pairwise(notices):
        assert after - before >= TIMINGS.interval or why in ("worse", "over", "first")
    days = (now - START) / DAY + 1
    rises = sum(why == "worse" for _, why, _ in notices)
    assert len(notices) <= days * 16 + rises + 4


def test_the_index_finds_alerts_of_the_same_incident_and_topic() -> None:
    alerts = [notified("P2", key=f"k{n}", incident=f"INC-{n % 5}", category="c") for n in range(50)]
    grave = notified("P1", key="g", incident="INC-9", category="c")
    live = LiveAlerts([*alerts, grave, alert("P4", key="z", category=None, incident=None)])
    near = {one.key for one in live.related(alert("P3", incident="INC-1", category="c"))}
    assert near == {"g", *(f"k{n}" for n in range(1, 50, 5))}
    assert live.gravest_first()[0].key == "g"
    live.put(notified("P3", key="lower", incident=None, category="c"))
    live.put(replace(grave, state="resolved"))
    assert "g" not in {one.key for one in live.related(alert("P3", incident="INC-1", category="c"))}
    live.put(replace(alerts[0], state="resolved"))
    assert live.related(alert("P3", incident=None, category=None)) == []


@pytest.mark.parametrize("quiet", ["22:00-22:00", "00:00-00:00"])
def test_quiet_hours_that_never_hold_are_an_error(quiet: str) -> None:
    settings = AlertSettings(
        on_call=(
            OnCallSettings(receivers=("a",), quiet="22:00-08:00"),
            OnCallSettings(receivers=("a",), quiet=quiet),
        )
    )
    with pytest.raises(ConfigError) as raised:
        require_on_call(settings, ["a"])
    [problem] = raised.value.problems
    assert problem.key == "alerts.on_call[1].quiet"
    assert quiet in problem.message
