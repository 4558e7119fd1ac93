"""The life of an alert: every rule, as a pure function of the alert, the time and the others."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from core.model.alerts import Mute
from core.taxonomy import Severity
from tests.builders import START
from tests.responders.alerting.lifecycle_support import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    SEVERITIES,
    TIMINGS,
    alert,
    due,
    notified,
    transition,
)


class TestTheFirstNotice:
    @pytest.mark.parametrize("severity", ["P1", "P2"])
    def test_is_given_at_once(self, severity: Severity) -> None:
        taken = transition(alert(severity), START)
        assert taken is not None
        assert (taken.reason, taken.receivers) == ("first", ("pager", "group"))
        stored = taken.alert
        assert (stored.notices, stored.notified_at, stored.notified_severity) == (
            1,
            START,
            severity,
        )
        assert stored.state == "firing"

    def test_of_a_p3_waits_for_more_news(self) -> None:
        assert due(alert("P3")) == TIMINGS.wait
        assert due(alert("P3", created_at=START + DAY)) == timedelta(), "a clock that went back"

    def test_of_a_p4_never_comes(self) -> None:
        assert due(alert("P4"), upto=TIMINGS.resolve - MINUTE) is None
        over = transition(alert("P4"), START + TIMINGS.resolve)
        assert over is not None
        assert (over.reason, over.receivers, over.alert.state) == ("over", (), "resolved")

    def test_waits_for_the_interval_after_another_of_its_incident(self) -> None:
        other = notified("P2", key="b", category="other")
        assert due(alert("P2", category="other"), other) == TIMINGS.interval
        assert due(alert("P1", category="other"), other) == timedelta(), "it is graver"
        assert due(alert("P2", incident="INC-2", category="x"), other) == timedelta()
        fresh = alert("P2", key="b")
        assert due(alert("P2"), fresh) == timedelta(), "of the other nobody was told either"


class TestWhatGoesOn:
    def test_is_repeated_every_four_hours_until_it_is_acknowledged(self) -> None:
        heard = notified(heard_at=START + 3 * HOUR)
        assert due(heard) == TIMINGS.repeat
        again = transition(heard, START + TIMINGS.repeat)
        assert again is not None
        assert (again.reason, again.alert.notices) == ("again", 2)
        later = replace(again.alert, heard_at=START + 2 * TIMINGS.repeat - MINUTE)
        assert transition(later, START + 2 * TIMINGS.repeat - SECOND) is None
        assert transition(later, START + 2 * TIMINGS.repeat) is not None
        taken = replace(heard, state="acknowledged")
        assert due(taken, upto=DAY) is None

    @pytest.mark.parametrize("state", ["firing", "acknowledged"])
    def test_notifies_at_once_when_the_severity_rises(self, state: str) -> None:
        worse = notified("P1", notified_severity="P2", state=state)
        taken = transition(worse, START + SECOND)
        assert taken is not None
        assert (taken.reason, taken.alert.notified_severity, taken.alert.state) == (
            "worse",
            "P1",
            state,
        )
        assert transition(taken.alert, START + 2 * SECOND) is None

    def test_is_held_while_snoozed_unless_the_severity_rises(self) -> None:
        snoozed = notified(snoozed_until=START + 2 * HOUR)
        assert due(snoozed) == 2 * HOUR
        again = transition(snoozed, START + 2 * HOUR)
        assert again is not None
        assert again.reason == "again"
        assert again.alert.snoozed_until is None
        assert transition(replace(snoozed, severity="P1"), START + MINUTE) is not None

    def test_is_resolved_after_six_quiet_hours(self) -> None:
        for state in ("firing", "acknowledged"):
            over = transition(notified(state=state, heard_at=START + HOUR), START + 7 * HOUR)
            assert over is not None
            assert (over.reason, over.alert.state) == ("over", "resolved")
            assert over.alert.resolved_at == START + 7 * HOUR
            assert (over.receivers, over.alert.notices) == (("pager", "group"), 2)
            assert transition(over.alert, START + 8 * HOUR) is None

    def test_is_not_resolved_by_silence_before_the_start(self) -> None:
        restarted = {"started_at": START + DAY}
        taken = notified(state="acknowledged")
        assert transition(taken, START + DAY + 5 * HOUR, **restarted) is None
        assert transition(taken, START + DAY + 6 * HOUR, **restarted) is not None


class TestInhibition:
    @pytest.mark.parametrize(("own", "other"), list(product(SEVERITIES, SEVERITIES)))
    def test_a_graver_alert_holds_back_a_lesser_one(self, own: Severity, other: Severity) -> None:
        held = transition(alert(own), START + HOUR, notified(other, key="b", notified_at=START))
        assert (held is None) == (own == "P4" or other < own)

    def test_applies_within_an_incident_or_a_category_of_a_brand(self) -> None:
        grave = notified("P1", key="b")
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
            assert (transition(alert("P2", **changes), now, grave) is None) == is_held, changes
        both = {"category": "other", "incident": None}
        assert transition(alert("P2", **both), now, replace(grave, **both)) is not None  # type: ignore[arg-type]  # real fields

    def test_needs_a_live_alert_that_staff_know_of(self) -> None:
        now = START + HOUR
        assert transition(alert("P2"), now, notified("P1", key="b", state="resolved")) is not None
        assert transition(alert("P2"), now, alert("P1", key="b")) is not None
        assert transition(alert("P2"), now, notified("P1")) is not None, (
            "it does not hold itself back"
        )


class TestSilences:
    def test_match_the_properties_they_name_until_they_expire(self) -> None:
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

    def test_also_hold_back_rises_and_ends(self) -> None:
        mutes = (Mute(id="s", until=START + DAY, reason="", by="x"),)
        worse = notified("P1", notified_severity="P2")
        assert transition(worse, START + MINUTE, mutes=mutes) is None
        over = transition(notified(), START + 7 * HOUR, mutes=mutes)
        assert over is not None
        assert (over.receivers, over.alert.state, over.alert.notices) == ((), "resolved", 1)
