"""The life of an alert: every rule, as a pure function of the alert, the time and the others."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise, product
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Alert
from core.settings import Alerts
from core.standing import Silence
from core.types import Severity
from responders.life import Around, Rules, Step, next_step, read_rules, with_news
from responders.live import Live
from responders.oncall import Chain, Quiet, Rung, read_chain
from tests.responders.parts import START

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
RULES = Rules()
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


def alert(severity: Severity = "P2", **changes: object) -> Alert:
    plain = Alert(
        key="a",
        kind="incident",
        severity=severity,
        title="面包发霉",
        body="8 位作者",
        created_at=START,
        brand="hejia",
        category="freshness",
        incident="INC-1",
        heard_at=START,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


def told(severity: Severity = "P2", **changes: object) -> Alert:
    given = {"notices": 1, "notified_at": START, "notified_severity": severity}
    return alert(severity, **(given | changes))


def around(*live: Alert, chain: Chain | None = None, **changes: object) -> Around:
    plain = Around(
        rules=RULES, chain=chain or Chain((), ("pager", "group")), started_at=START, live=live
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the caller names real fields


def step(one: Alert, now: datetime, *live: Alert, **changes: object) -> Step | None:
    return next_step(one, now, around(*live, **changes))  # type: ignore[arg-type]  # see around


def due(one: Alert, *live: Alert, upto: timedelta = 2 * DAY, **changes: object) -> timedelta | None:
    """How long after START the next step is due, while it is heard of all the time.

    ``None`` for not within ``upto``.
    """
    at = timedelta()
    while at <= upto:
        talked_of = replace(one, heard_at=START + at)
        if step(talked_of, START + at, *live, **changes) is not None:
            return at
        at += 30 * SECOND
    return None


class TestTheFirstNotice:
    @pytest.mark.parametrize("severity", ["P1", "P2"])
    def test_is_given_at_once(self, severity: Severity) -> None:
        taken = step(alert(severity), START)
        assert taken is not None
        assert (taken.why, taken.receivers) == ("first", ("pager", "group"))
        stored = taken.alert
        assert (stored.notices, stored.notified_at, stored.notified_severity) == (
            1,
            START,
            severity,
        )
        assert stored.state == "firing"

    def test_of_a_p3_waits_for_more_of_the_same(self) -> None:
        assert due(alert("P3")) == RULES.wait
        assert due(alert("P3", created_at=START + DAY)) == timedelta(), "a clock that went back"

    def test_of_a_p4_never_comes_and_it_ends_in_silence(self) -> None:
        assert due(alert("P4"), upto=RULES.resolve - MINUTE) is None
        over = step(alert("P4"), START + RULES.resolve)
        assert over is not None
        assert (over.why, over.receivers, over.alert.state) == ("over", (), "resolved")

    def test_waits_for_the_interval_after_another_of_its_incident(self) -> None:
        other = told("P2", key="b", category="other")
        assert due(alert("P2", category="other"), other) == RULES.interval
        assert due(alert("P1", category="other"), other) == timedelta(), "it is graver"
        assert due(alert("P2", incident="INC-2", category="x"), other) == timedelta()
        fresh = alert("P2", key="b")
        assert due(alert("P2"), fresh) == timedelta(), "of the other nobody was told either"


class TestWhatGoesOn:
    def test_is_told_again_every_four_hours_until_somebody_takes_it(self) -> None:
        heard = told(heard_at=START + 3 * HOUR)
        assert due(heard) == RULES.repeat
        again = step(heard, START + RULES.repeat)
        assert again is not None
        assert (again.why, again.alert.notices) == ("again", 2)
        later = replace(again.alert, heard_at=START + 2 * RULES.repeat - MINUTE)
        assert step(later, START + 2 * RULES.repeat - SECOND) is None
        assert step(later, START + 2 * RULES.repeat) is not None
        taken = replace(heard, state="acknowledged")
        assert due(taken, upto=DAY) is None

    @pytest.mark.parametrize("state", ["firing", "acknowledged"])
    def test_is_told_at_once_where_it_becomes_worse(self, state: str) -> None:
        worse = told("P1", notified_severity="P2", state=state)
        taken = step(worse, START + SECOND)
        assert taken is not None
        assert (taken.why, taken.alert.notified_severity, taken.alert.state) == (
            "worse",
            "P1",
            state,
        )
        assert step(taken.alert, START + 2 * SECOND) is None

    def test_keeps_quiet_while_snoozed_unless_it_becomes_worse(self) -> None:
        snoozed = told(snoozed_until=START + 2 * HOUR)
        assert due(snoozed) == 2 * HOUR
        again = step(snoozed, START + 2 * HOUR)
        assert again is not None
        assert again.why == "again"
        assert again.alert.snoozed_until is None
        assert step(replace(snoozed, severity="P1"), START + MINUTE) is not None

    def test_is_resolved_after_six_quiet_hours(self) -> None:
        for state in ("firing", "acknowledged"):
            over = step(told(state=state, heard_at=START + HOUR), START + 7 * HOUR)
            assert over is not None
            assert (over.why, over.alert.state) == ("over", "resolved")
            assert over.alert.resolved_at == START + 7 * HOUR
            assert (over.receivers, over.alert.notices) == (("pager", "group"), 2)
            assert step(over.alert, START + 8 * HOUR) is None

    def test_is_not_taken_for_quiet_while_nobody_listened(self) -> None:
        restarted = {"started_at": START + DAY}
        taken = told(state="acknowledged")
        assert step(taken, START + DAY + 5 * HOUR, **restarted) is None
        assert step(taken, START + DAY + 6 * HOUR, **restarted) is not None


class TestInhibition:
    @pytest.mark.parametrize(("own", "other"), list(product(SEVERITIES, SEVERITIES)))
    def test_a_graver_one_about_the_same_holds_it_back(
        self, own: Severity, other: Severity
    ) -> None:
        held = step(alert(own), START + HOUR, told(other, key="b", notified_at=START))
        assert (held is None) == (own == "P4" or other < own)

    def test_the_same_is_an_incident_or_a_brand_s_category(self) -> None:
        grave = told("P1", key="b")
        now = START + HOUR
        for changes, is_held in (
            ({}, True),
            ({"incident": None}, True),
            ({"category": None}, True),
            ({"incident": None, "category": None}, False),
            ({"incident": "INC-2"}, True),
            ({"incident": "INC-2", "brand": "other"}, False),
            ({"incident": "INC-2", "category": "other"}, False),
            ({"incident": "INC-2", "brand": None}, False),
            ({"drill": True}, False),
        ):
            assert (step(alert("P2", **changes), now, grave) is None) == is_held, changes
        both = {"category": "other", "incident": None}
        assert step(alert("P2", **both), now, replace(grave, **both)) is not None  # type: ignore[arg-type]  # real fields

    def test_ends_with_the_graver_one_and_needs_it_to_be_known(self) -> None:
        now = START + HOUR
        assert step(alert("P2"), now, told("P1", key="b", state="resolved")) is not None
        assert step(alert("P2"), now, alert("P1", key="b")) is not None
        assert step(alert("P2"), now, told("P1")) is not None, "it does not hold itself back"


class TestSilences:
    def test_match_what_they_name_and_end(self) -> None:
        silence = Silence(id="s", until=START + HOUR, reason="维护", by="王敏")
        for changes, is_silent in (
            ({}, True),
            ({"brand": "hejia"}, True),
            ({"brand": "other"}, False),
            ({"channel": "weibo"}, False),
            ({"category": "freshness", "kind": "incident"}, True),
            ({"kind": "silence"}, False),
            ({"incident": "INC-1"}, True),
            ({"incident": "INC-2"}, False),
        ):
            silences = (replace(silence, **changes),)  # type: ignore[arg-type]  # real fields
            expected = HOUR if is_silent else timedelta()
            assert due(alert("P1"), silences=silences) == expected, changes

    def test_also_hold_back_what_becomes_worse_and_what_is_over(self) -> None:
        silences = (Silence(id="s", until=START + DAY, reason="", by="x"),)
        worse = told("P1", notified_severity="P2")
        assert step(worse, START + MINUTE, silences=silences) is None
        over = step(told(), START + 7 * HOUR, silences=silences)
        assert over is not None
        assert (over.receivers, over.alert.state, over.alert.notices) == ((), "resolved", 1)


NIGHT = "22:00-08:00"
"""In Shanghai; START is 17:00 there."""


def chain(*steps: tuple[str, str | None]) -> Chain:
    on_call = [
        {"receivers": [name]} | ({} if quiet is None else {"quiet": quiet}) for name, quiet in steps
    ]
    settings = Alerts.model_validate({"on_call": on_call})
    return read_chain(settings, [*(name for name, _ in steps), "hook"])


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
    assert read_rules(Alerts()) == RULES
    mine = Alerts(
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
