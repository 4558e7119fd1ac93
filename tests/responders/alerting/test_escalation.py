"""Who is told of an alert, and when: the chain on call, clocks that jump, news."""

from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings import AlertSettings
from responders.alerting.escalation import Chain, Quiet, Rung
from responders.alerting.index import Live
from responders.alerting.lifecycle import Rules, read_rules, with_news
from tests.builders import START
from tests.responders.alerting.living import (
    DAY,
    HOUR,
    MINUTE,
    RULES,
    SECOND,
    SEVERITIES,
    alert,
    chain,
    due,
    step,
    told,
)

NIGHT = "22:00-08:00"


class TestOnCall:
    def test_the_next_step_is_told_alone_after_a_quarter_of_an_hour(self) -> None:
        three = chain(("a", None), ("b", None), ("c", None))
        one, now, heard = alert(), START, []
        for _ in range(60):
            taken = step(one, now, chain=three)
            if taken is not None:
                heard.append((now - START, taken.receivers, taken.why))
                one = taken.alert
            now += 5 * MINUTE
        assert heard[:3] == [
            (timedelta(), ("hook", "a"), "first"),
            (15 * MINUTE, ("b",), "next"),
            (30 * MINUTE, ("c",), "next"),
        ]
        assert heard[3] == (30 * MINUTE + RULES.repeat, ("hook", "a", "b", "c"), "again")

    def test_nobody_above_is_called_once_it_is_taken(self) -> None:
        two = chain(("a", None), ("b", None))
        assert step(told(state="acknowledged"), START + HOUR, chain=two) is None
        assert step(told(escalated=1), START + HOUR, chain=two) is None, "there is nobody above"

    def test_quiet_hours_pass_a_step_over_and_p1_ignores_them(self) -> None:
        two, night = chain(("a", NIGHT), ("b", None)), START + 6 * HOUR
        for severity, receivers, rung in (("P1", ("hook", "a"), 0), ("P2", ("hook", "b"), 1)):
            taken = step(alert(severity, heard_at=night), night, chain=two)  # type: ignore[arg-type]  # a Severity
            assert taken is not None
            assert (taken.receivers, taken.alert.escalated) == (receivers, rung)

    def test_where_all_sleep_it_waits_for_the_morning(self) -> None:
        one, evening = chain(("a", NIGHT), ("b", NIGHT)), START + 6 * HOUR
        waiting = alert("P2", created_at=evening, heard_at=evening)
        assert due(waiting, chain=one, upto=DAY) == timedelta(), "START itself is day"
        assert step(waiting, evening, chain=one) is None
        morning = START + 15 * HOUR
        assert step(waiting, morning - SECOND, chain=one) is None
        assert step(waiting, morning, chain=one) is not None
        asleep_above = chain(("a", None), ("b", NIGHT))
        awake = told(heard_at=evening, notified_at=evening)
        assert step(awake, evening + HOUR, chain=asleep_above) is None
        over = step(told(), evening, chain=one)
        assert over is not None
        assert (over.why, over.receivers) == ("over", ()), "nobody is woken for that"

    def test_quiet_hours_need_not_pass_midnight(self) -> None:
        zone = read_zone()
        noon = Quiet(start=_time(12), end=_time(14), zone=zone)
        hours = [hour for hour in range(24) if noon.holds(START.replace(hour=hour))]
        assert hours == [4, 5]

    def test_without_steps_all_are_told_and_none_is_above(self) -> None:
        everybody = Chain((), ("x", "y"))
        found = everybody.upto(5, "P3", START)
        assert found is not None
        assert found.receivers == ("x", "y")
        assert everybody.last == 0
        sleeping = Chain([Rung(receivers=("a",), quiet=_night())], ("a",))
        assert sleeping.upto(0, "P2", START + 6 * HOUR) is None


def read_zone() -> ZoneInfo:
    return ZoneInfo("Asia/Shanghai")


def _time(hour: int) -> time:
    return time(hour)


def _night() -> Quiet:
    return Quiet(start=_time(22), end=_time(8), zone=read_zone())


class TestAJumpOfTheClock:
    @pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY])
    @pytest.mark.parametrize("state", ["firing", "acknowledged"])
    def test_makes_nothing_due_and_stops_nothing(self, jump: timedelta, state: str) -> None:
        now = START + 10 * MINUTE + jump
        jumped = {"jumped_at": now, "chain": chain(("a", None), ("b", None))}
        one = told(heard_at=START + 9 * MINUTE, state=state)
        assert step(one, now, **jumped) is None
        later = step(one, now + 15 * MINUTE, **jumped)
        assert (later is not None) == (state == "firing"), "the chain goes on from here"
        over = step(replace(one, state="acknowledged"), now + 8 * HOUR, **jumped)
        assert over is not None
        assert over.why == "over"

    def test_before_a_restart_is_survived_too(self) -> None:
        """The clock went back while nothing ran: what is stored lies in the future."""
        one = told(notified_at=START + DAY, heard_at=START + DAY)
        assert step(one, START + MINUTE) is None
        assert due(one) == RULES.repeat, "counted from the start"
        assert step(replace(one, state="acknowledged"), START + 6 * HOUR) is not None


class TestNews:
    def test_change_what_is_said_and_raise_the_severity_only(self) -> None:
        stored = told("P2", incident=None)
        news = alert("P3", title="新", body="9 位作者", category=None)
        now = START + HOUR
        changed = with_news(stored, news, now, HOUR)
        assert changed is not None
        assert (changed.severity, changed.title, changed.body) == ("P2", "新", "9 位作者")
        assert (changed.heard_at, changed.incident, changed.category) == (now, "INC-1", "freshness")
        graver = with_news(stored, replace(news, severity="P1"), now, HOUR)
        assert graver is not None
        assert graver.severity == "P1"

    def test_after_the_end_make_it_fire_again(self) -> None:
        over = told(state="resolved", resolved_at=START, owner="王敏", escalated=2)
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
        taken = step(again, START + HOUR)
        assert taken is not None
        assert (taken.why, taken.alert.notices) == ("first", 2), "no second wait"
        worse = with_news(over, alert("P1"), START + MINUTE, HOUR)
        assert worse is not None
        assert worse.state == "firing", "what has become graver is not the end of it"


def test_the_rules_are_those_of_the_configuration() -> None:
    assert read_rules(AlertSettings()) == RULES
    mine = AlertSettings(
        wait_seconds=1, interval_minutes=2, repeat_hours=3, resolve_hours=4, escalate_minutes=5
    )
    assert read_rules(mine) == Rules(
        wait=SECOND, interval=2 * MINUTE, repeat=3 * HOUR, resolve=4 * HOUR, escalate=5 * MINUTE
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["pass", "news", "take", "worse"]), st.integers(1, 300)),
        max_size=60,
    )
)
def test_whatever_happens_nobody_is_called_for_nothing(events: list[tuple[str, int]]) -> None:
    """Two notices are five minutes apart at least, unless it became worse or had ended."""
    three = chain(("a", None), ("b", NIGHT), ("c", None))
    one, now, notices = alert("P3"), START, []
    for what, minutes in events:
        for _ in range(minutes):
            now += MINUTE
            taken = step(one, now, chain=three)
            if taken is not None:
                one = taken.alert
                if taken.receivers:
                    notices.append((now, taken.why, one.severity))
        if what == "news":
            one = with_news(one, one, now, HOUR) or one
        elif what == "worse":
            graver = SEVERITIES[max(0, SEVERITIES.index(one.severity) - 1)]
            one = with_news(one, replace(one, severity=graver), now, HOUR) or one
        elif what == "take" and one.state == "firing":
            one = replace(one, state="acknowledged", owner="王敏")
    for (before, _, _), (after, why, _) in pairwise(notices):
        assert after - before >= RULES.interval or why in ("worse", "over", "first")
    days = (now - START) / DAY + 1
    rises = sum(why == "worse" for _, why, _ in notices)
    assert len(notices) <= days * 16 + rises + 4


def test_what_is_near_is_found_without_looking_at_all() -> None:
    alerts = [told("P2", key=f"k{n}", incident=f"INC-{n % 5}", category="c") for n in range(50)]
    grave = told("P1", key="g", incident="INC-9", category="c")
    live = Live([*alerts, grave, alert("P4", key="z", category=None, incident=None)])
    near = {one.key for one in live.near(alert("P3", incident="INC-1", category="c"))}
    assert near == {"g", *(f"k{n}" for n in range(1, 50, 5))}
    assert live.gravest_first()[0].key == "g"
    live.put(told("P3", key="lower", incident=None, category="c"))
    live.put(replace(grave, state="resolved"))
    assert "g" not in {one.key for one in live.near(alert("P3", incident="INC-1", category="c"))}
    live.put(replace(alerts[0], state="resolved"))
    assert live.near(alert("P3", incident=None, category=None)) == []
