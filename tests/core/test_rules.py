"""Rules of tickets, conversations, alerts, incidents, plans and retention that both stores call."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.clock import micros, moment
from core.errors import Conflict
from core.model.alerts import Alert, Mute, acknowledged, is_settled, mute_note
from core.model.alerts import next_alert_version as next_alert
from core.model.audit import AuditEntry, first_broken, next_entry, pseudonym
from core.model.conversations import (
    Conversation,
    ConversationState,
    given_back,
    heard_line,
    is_later_revision,
    is_spoken,
)
from core.model.decisions import Action, Decision
from core.model.events import EventKind, Metrics, retention_class, with_text
from core.model.incidents import Incident
from core.model.incidents import next_incident_version as next_incident
from core.model.mentions import SAMPLES, MetricsSample, TrackedPost
from core.model.outbox import ReplyState
from core.model.outcomes import Plan, with_ticket
from core.model.tickets import ordinal, require_unchanged, with_staff
from tests.builders import START, event, reply, ticket

TALK = Conversation(
    channel="c",
    id="x",
    customer="u",
    language="zh",
    state=ConversationState.HUMAN,
    updated_at=START,
    ticket="T-1",
)
FIRING = Alert(key="a", kind="incident", severity="P1", title="t", body="b", created_at=START)
OPEN = Incident(
    id="INC-101",
    key="k",
    brand="b",
    title="t",
    category="other",
    severity="P1",
    state="open",
    first_at=START,
    last_at=START,
    mentions=1,
    authors=1,
)


def test_staff_keep_what_they_noted_while_the_bot_decided() -> None:
    noted = replace(ticket(), owner="王芳", answered_at=START, reminded_at=START)
    kept = with_staff(replace(ticket(), subject="new"), noted)
    assert (kept.owner, kept.answered_at, kept.reminded_at) == ("王芳", START, START)
    assert kept.subject == "new"


def test_a_ticket_is_saved_only_as_it_was_read() -> None:
    require_unchanged(ticket(), ticket())
    for stored in (None, replace(ticket(), owner="刘洋")):
        with pytest.raises(Conflict, match=ticket().number):
            require_unchanged(stored, ticket())


@pytest.mark.parametrize(
    ("number", "place"), [("T-1001", 1001), ("T-10000", 10000), ("none", 0), ("", 0)]
)
def test_numbers_sort_by_their_digits(number: str, place: int) -> None:
    assert ordinal(number) == place


def test_a_resolved_ticket_gives_its_own_conversation_back() -> None:
    back = given_back(TALK, resolved="T-1")
    assert back is not None
    assert (back.state, back.ticket) == (ConversationState.BOT, None)
    assert given_back(TALK, resolved="T-2") is None
    ended = given_back(replace(TALK, state=ConversationState.ENDED, ticket=None), resolved="T-9")
    assert ended is not None
    assert ended.state is ConversationState.ENDED


def test_lines_are_private_or_addressed_to_the_brand() -> None:
    message, post = event(kind=EventKind.MESSAGE), event(kind=EventKind.POST)
    assert is_spoken(message)
    assert not is_spoken(post)
    assert is_spoken(replace(post, solicited=True))
    assert not is_spoken(replace(message, kind=EventKind.DELETE, private=True))
    assert not is_later_revision(message)
    assert is_later_revision(replace(message, revision=2))
    assert is_later_revision(replace(message, kind=EventKind.EDIT))
    line = heard_line(message)
    assert (line.direction, line.id, line.text) == ("in", message.id, message.text)


def test_an_alert_changes_by_one_version_and_is_acknowledged_while_it_fires() -> None:
    taken = next_alert(FIRING, acknowledged(FIRING, by="王芳", at=START))
    assert (taken.state, taken.owner, taken.version) == ("acknowledged", "王芳", 1)
    for stored in (None, taken):
        with pytest.raises(Conflict):
            next_alert(stored, FIRING)
    with pytest.raises(Conflict, match="acknowledged"):
        acknowledged(taken, by="刘洋", at=START)


def test_an_alert_is_settled_once_it_was_resolved_before() -> None:
    over = replace(FIRING, state="resolved", resolved_at=START)
    later = START + timedelta(seconds=1)
    assert is_settled(over, later)
    assert not is_settled(over, START)
    assert is_settled(replace(over, resolved_at=None), later)
    assert not is_settled(FIRING, later)


def test_the_audit_log_names_a_mute_with_its_end() -> None:
    mute = Mute(id="m1", until=START, reason="", by="王芳")
    assert mute_note(mute) == f"m1 until {START.isoformat()}"


def test_an_incident_changes_by_one_version() -> None:
    changed = next_incident(OPEN, replace(OPEN, title="u"))
    assert (changed.title, changed.version) == ("u", 1)
    for stored in (None, changed):
        with pytest.raises(Conflict, match="INC-101"):
            next_incident(stored, OPEN)


def test_a_plan_follows_the_ticket_that_stands_for_its_own() -> None:
    decision = Decision(action=Action.TICKET, rule="r", reason="")
    wanted = ticket().number
    plan = Plan(
        decision=decision,
        ticket=ticket(),
        conversation=replace(TALK, ticket=wanted),
        replies=(replace(reply(), ticket=wanted), reply("other")),
    )
    assert with_ticket(plan, wanted) == plan
    moved = with_ticket(plan, "T-1")
    assert moved.conversation is not None
    assert moved.conversation.ticket == "T-1"
    assert [one.state for one in moved.replies] == [ReplyState.CANCELLED, reply().state]
    elsewhere = with_ticket(replace(plan, conversation=TALK), "T-1")
    assert elsewhere.conversation == TALK, "a conversation of another ticket keeps it"
    bare = Plan(decision=decision)
    assert with_ticket(bare, None) == bare


def test_texts_age_by_who_could_read_them() -> None:
    assert retention_class(event(kind=EventKind.POST), dropped=False) == "public"
    assert retention_class(event(kind=EventKind.MESSAGE), dropped=False) == "private"
    assert retention_class(event(kind=EventKind.MESSAGE), dropped=True) == "dropped"
    bare = with_text(replace(event(), media=("m",)), "masked")
    assert (bare.text, bare.media) == ("masked", ())


def test_the_newest_samples_of_a_tracked_post_are_kept() -> None:
    samples = tuple(
        MetricsSample(at=START + timedelta(minutes=n), metrics=Metrics(likes=n))
        for n in range(SAMPLES + 5)
    )
    post = TrackedPost(
        mention=1, channel="c", native_id="n", posted_at=START, samples=samples
    ).trimmed()
    assert post.samples == samples[5:]


def test_each_entry_of_the_audit_log_seals_the_one_before() -> None:
    log: list[AuditEntry] = []
    for number in range(3):
        last = log[-1] if log else None
        log.append(next_entry(last, at=START, who="王芳", what="erase", about=str(number)))
    assert first_broken(log) is None
    assert first_broken([log[0], replace(log[1], about="x"), log[2]]) == 2
    assert first_broken([log[0], log[2]]) == 3
    assert pseudonym("u1") == pseudonym("u1") != pseudonym("u2")
    assert "u1" not in pseudonym("u1").removeprefix("customer")


@pytest.mark.parametrize("at", [START, datetime(1969, 12, 31, 23, 59, tzinfo=START.tzinfo)])
def test_a_time_survives_as_microseconds(at: datetime) -> None:
    assert moment(micros(at)) == at
