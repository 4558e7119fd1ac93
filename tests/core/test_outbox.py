"""The rules of the outbox: how a reply may change, and what its conversation becomes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict
from core.model.conversations import Conversation, ConversationState
from core.model.outbox import (
    CONVERSATION_ENDED,
    ReplyResult,
    ReplyState,
    admitted,
    ended_by,
    finished,
    is_repeat,
    redirected,
    sent_line,
    settled,
    without_content,
)
from tests.builders import START, reply

SENT = ReplyResult(key="k", state=ReplyState.SENT, native_id="n1")


@pytest.mark.parametrize("state", [ReplyState.SENDING, ReplyState.UNKNOWN])
def test_what_is_being_sent_can_be_finished(state: ReplyState) -> None:
    assert not is_repeat(replace(reply(), state=state), SENT)


def test_a_result_that_repeats_the_state_changes_nothing() -> None:
    assert is_repeat(replace(reply(), state=ReplyState.SENT), SENT)


@pytest.mark.parametrize(
    "state", [ReplyState.DRAFT, ReplyState.PENDING, ReplyState.REJECTED, ReplyState.CANCELLED]
)
def test_what_is_not_being_sent_cannot_be_finished(state: ReplyState) -> None:
    with pytest.raises(Conflict, match=state.value):
        is_repeat(replace(reply(), state=state), SENT)


def test_a_finished_reply_has_the_result_and_its_ticket() -> None:
    done = finished(reply(), SENT, ticket=None, ended=False)
    assert (done.state, done.native_id, done.attempts, done.ticket) == (
        *(ReplyState.SENT, "n1", reply().attempts),
        reply().ticket,
    )
    owed = ReplyResult(key="k", state=ReplyState.REJECTED, reason="blocked")
    done = finished(reply(), owed, ticket="T-7", ended=True)
    assert (done.state, done.reason, done.ticket) == (ReplyState.REJECTED, "blocked", "T-7")


def test_a_retry_counts_unless_the_conversation_has_ended() -> None:
    later = START + timedelta(minutes=1)
    again = ReplyResult(key="k", state=ReplyState.PENDING, reason="429", not_before=later)
    waiting = finished(reply(), again, ticket=None, ended=False)
    assert (waiting.state, waiting.attempts) == (ReplyState.PENDING, reply().attempts + 1)
    assert waiting.not_before == later
    over = finished(reply(), again, ticket=None, ended=True)
    assert (over.state, over.reason) == (ReplyState.CANCELLED, CONVERSATION_ENDED)
    assert over.attempts == reply().attempts


def test_a_draft_is_settled_once() -> None:
    draft = replace(reply(), state=ReplyState.DRAFT)
    sent = settled(draft, by="王芳", approve=True, text="您好")
    assert (sent.state, sent.text, sent.by, sent.reason) == (ReplyState.PENDING, "您好", "王芳", "")
    dropped = settled(draft, by="王芳", approve=False, text="unused")
    assert (dropped.state, dropped.text) == (ReplyState.CANCELLED, draft.text)
    assert dropped.reason == "rejected by 王芳"
    with pytest.raises(Conflict, match="pending"):
        settled(sent, by="刘洋", approve=False, text="")


def test_what_enters_an_ended_conversation_is_cancelled_unless_it_was_sent() -> None:
    waiting, sent = (
        replace(reply(), state=state) for state in (ReplyState.PENDING, ReplyState.SENT)
    )
    assert admitted(waiting, ended=False) == waiting
    assert admitted(waiting, ended=True).state is ReplyState.CANCELLED
    assert admitted(sent, ended=True) == sent


def test_a_reply_about_a_ticket_that_another_stands_for_is_cancelled() -> None:
    announcing = replace(reply(), ticket="T-2")
    moved = redirected(announcing, wanted="T-2", number="T-1")
    assert (moved.state, moved.ticket) == (ReplyState.CANCELLED, "T-1")
    assert "T-1" in moved.reason
    assert redirected(reply(), wanted="T-2", number="T-1") == reply()


def test_a_sent_reply_is_a_line_and_forgets_its_content_when_it_ages() -> None:
    line = sent_line(reply(), START)
    assert (line.direction, line.id, line.text) == ("out", reply().key, reply().text)
    aged = without_content(reply())
    assert (aged.key, aged.text, aged.target.author) == (reply().key, "", None)


def test_a_conversation_ends_with_or_without_a_record_of_it() -> None:
    last = reply()
    fresh = ended_by(last, None, START)
    assert (fresh.channel, fresh.id) == (last.target.channel, last.target.conversation)
    assert fresh.state is ConversationState.ENDED
    known = Conversation(
        channel="c",
        id="x",
        customer="u",
        language="zh",
        state=ConversationState.HUMAN,
        updated_at=START,
        ticket="T-1",
    )
    over = ended_by(last, known, START + timedelta(hours=1))
    assert (over.state, over.ticket) == (ConversationState.ENDED, "T-1")
    assert over.updated_at == START + timedelta(hours=1)
