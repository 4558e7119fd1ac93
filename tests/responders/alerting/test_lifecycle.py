"""The life of an alert: every rule, as a pure function of the alert, the time and the others."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from core.alerts import Mute
from core.taxonomy import Severity
from tests.builders import START
from tests.responders.alerting.living import (
    DAY,
    HOUR,
    MINUTE,
    RULES,
    SECOND,
    SEVERITIES,
    alert,
    due,
    step,
    told,
)


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
        silence = Mute(id="s", until=START + HOUR, reason="维护", by="王敏")
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
            mutes = (replace(silence, **changes),)  # type: ignore[arg-type]  # real fields
            expected = HOUR if is_silent else timedelta()
            assert due(alert("P1"), mutes=mutes) == expected, changes

    def test_also_hold_back_what_becomes_worse_and_what_is_over(self) -> None:
        mutes = (Mute(id="s", until=START + DAY, reason="", by="x"),)
        worse = told("P1", notified_severity="P2")
        assert step(worse, START + MINUTE, mutes=mutes) is None
        over = step(told(), START + 7 * HOUR, mutes=mutes)
        assert over is not None
        assert (over.receivers, over.alert.state, over.alert.notices) == ((), "resolved", 1)
