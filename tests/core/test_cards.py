"""Cards: records as staff see them, and what may be done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.model.alerts import Alert
from core.model.cards import CardState, StaffAction, alert_card, draft_card, token_of
from core.model.outbox import ReplyState
from tests.builders import START, reply

ALERT = Alert(
    key="k", kind="incident", severity="P1", title="t", body="b", created_at=START, notices=3
)


def test_states_of_alerts() -> None:
    card = alert_card(ALERT, now=START, by="小李")
    assert (card.state, card.by, card.notices) == ("open", "", 3)
    seen = alert_card(replace(ALERT, state="acknowledged"), now=START, by="小李")
    assert (seen.state, seen.by) == ("acknowledged", "小李")
    taken = alert_card(replace(ALERT, state="acknowledged", owner="小赵"), now=START, by="小李")
    assert (taken.state, taken.by, taken.actions) == ("taken", "小赵", (StaffAction.PAUSE,))
    over = alert_card(replace(ALERT, state="resolved"), now=START, paused=True)
    assert (over.state, over.actions) == ("resolved", ())
    later = replace(ALERT, snoozed_until=START + timedelta(hours=1))
    assert alert_card(later, now=START).state == "snoozed"
    assert alert_card(later, now=START + timedelta(hours=1)).state == "open"
    paused = alert_card(ALERT, now=START, paused=True)
    assert paused.actions[-1] is StaffAction.RESUME


@pytest.mark.parametrize(
    ("state", "by", "shown"),
    [
        (ReplyState.DRAFT, "bot", "open"),
        (ReplyState.PENDING, "小李", "approved"),
        (ReplyState.SENDING, "小李", "approved"),
        (ReplyState.SENT, "小李", "sent"),
        (ReplyState.REJECTED, "小李", "failed"),
        (ReplyState.UNKNOWN, "小李", "failed"),
        (ReplyState.CANCELLED, "小李", "rejected"),
        (ReplyState.CANCELLED, "bot", "cancelled"),
    ],
)
def test_states_of_drafts(state: ReplyState, by: str, shown: CardState) -> None:
    card = draft_card(replace(reply(), state=state, by=by, mention=7), question="?")
    assert (card.state, card.subject) == (shown, "draft:7:k")
    assert card.by == ("" if by == "bot" else by)
    assert bool(card.actions) is (state is ReplyState.DRAFT)


def test_a_draft_that_somebody_looks_after() -> None:
    card = draft_card(replace(reply(), state=ReplyState.DRAFT), question="?", taken_by="小赵")
    assert (card.state, card.by) == ("taken", "小赵")
    assert card.actions == (StaffAction.APPROVE, StaffAction.REJECT)
    assert card.subject == "draft::k"
    assert card.token == token_of(card.subject)
    assert len(token_of("\ud800")) == 32
