"""Decisions, through the one door the pipeline uses; plans are recorded as the store would."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.model.conversations import ConversationState
from core.model.decisions import Action
from core.model.events import Event, EventKind, Quoted
from core.model.outbox import ReplyState
from core.model.tickets import TicketState
from tests.builders import START
from tests.responders.answering.support import Bot, complaint, question
from tests.responders.builders import mention


def replace_event(event: Event, changes: dict[str, Any]) -> Event:
    return replace(event, **changes)


async def test_a_question_is_answered_from_its_article() -> None:
    plan = await Bot().decide(question())
    [reply] = plan.replies
    assert "7:30 到 22:00" in reply.text
    assert (reply.key, reply.state, reply.by) == ("webchat:m1:auto", ReplyState.PENDING, "bot")
    assert (reply.mention, reply.ticket, reply.language) == (1, None, "zh")
    assert reply.target.conversation == "c-u1"
    assert reply.target.reply_to is None
    assert plan.ticket is None
    assert plan.decision.action is Action.REPLY
    assert (plan.decision.rule, plan.decision.article) == ("known-answer", "opening-hours")
    assert plan.decision.confidence == 0.9
    assert "known-answer" in plan.decision.reason
    assert plan.conversation is not None
    assert (plan.conversation.state, plan.conversation.language) == (ConversationState.BOT, "zh")


async def test_the_language_follows_the_shopper() -> None:
    bot = Bot()
    english = await bot.decide(question("When do you close?"))
    assert "7:30 to 22:00" in english.replies[0].text
    smile = await bot.decide(mention("🙂", seq=2, language="other"))
    assert smile.replies[0].language == "en"
    mixed = await bot.decide(mention("hi 你好", seq=3, language="mixed"))
    assert mixed.replies[0].language == "zh"
    assert mixed.conversation is not None
    assert mixed.conversation.language == "zh"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"text": "🖼", "wordless": "photo"}, "no-words"),
        ({"text": "", "wordless": "voice"}, "no-words"),
        ({"text": "📎 退款.pdf", "wordless": "file"}, "no-words"),
        ({"text": ""}, "no-words"),
        ({"text": " \n"}, "no-words"),
        ({"text": "您好"}, "first-words"),
        ({"text": "", "quoted": (Quoted(author="小李", text="你好"),)}, "first-words"),
    ],
)
async def test_what_has_no_words_gets_no_small_talk(changes: dict[str, object], rule: str) -> None:
    given = mention("x")
    given = replace(given, event=replace_event(given.event, changes))
    plan = await Bot().decide(given)
    assert plan.decision.rule == rule
    assert bool(plan.replies) is (rule != "no-words")
    assert plan.ticket is None
    if rule == "no-words":
        assert (plan.decision.action, plan.decision.remark) == (Action.IGNORE, "wordless")


async def test_a_complaint_becomes_a_ticket_and_the_shopper_hears_its_number() -> None:
    plan = await Bot().decide(complaint())
    ticket, [reply] = plan.ticket, plan.replies
    assert ticket is not None
    assert (ticket.number, ticket.severity, ticket.brand) == ("T-1001", "P2", "hejia")
    assert ticket.due_at == START + timedelta(minutes=60)
    assert (ticket.customer, ticket.mention, ticket.owner) == ("u1", 1, None)
    assert "T-1001" in reply.text
    assert "1 小时内" in reply.text
    assert reply.ticket == "T-1001"
    assert plan.decision.action is Action.TICKET
    assert plan.conversation is not None
    assert plan.conversation.state is ConversationState.HUMAN
    assert plan.conversation.ticket == "T-1001"


async def test_an_unanswerable_question_becomes_a_ticket_and_the_bot_stays_on() -> None:
    bot = Bot()
    plan = await bot.decide(question("你们卖直升机吗"))
    assert plan.ticket is not None
    assert plan.ticket.severity == "P4"
    assert "24 小时内" in plan.replies[0].text
    answered = await bot.decide(question(seq=2))
    assert "7:30" in answered.replies[0].text
    assert answered.ticket is None
    again = await bot.decide(question("你们卖飞机吗", seq=3))
    assert again.ticket is not None
    assert again.ticket.number == "T-1001", "the open ticket is used again"
    assert "T-1001" in again.replies[0].text
    assert again.replies[0].text != plan.replies[0].text
    assert len(bot.store.ticket_rows.kept) == 1


async def test_while_a_person_answers_the_bot_is_silent_and_the_ticket_is_reopened() -> None:
    bot = Bot()
    first = await bot.decide(complaint())
    assert first.ticket is not None
    bot.store.ticket_rows.kept["T-1001"] = replace(
        first.ticket, state=TicketState.WAITING, answered_at=START
    )
    chat = await bot.decide(question(seq=2))
    assert chat.replies == ()
    assert chat.ticket is not None
    assert chat.ticket.state is TicketState.OPEN, "the customer answered"
    assert chat.decision.action is Action.IGNORE
    assert "人工" in chat.decision.reason
    second = await bot.decide(complaint(seq=3))
    assert second.replies == ()
    assert second.ticket is not None
    assert second.ticket.number == "T-1001"
    assert second.decision.action is Action.TICKET


async def test_severity_of_an_open_ticket_only_rises() -> None:
    bot = Bot()
    await bot.decide(complaint())
    await bot.clock.advance(600)
    worse = await bot.decide(mention("吃了拉肚子", seq=2, risk=("food_poisoning",)))
    assert worse.ticket is not None
    assert worse.ticket.severity == "P1"
    assert worse.ticket.due_at == START + timedelta(minutes=25)
    milder = await bot.decide(complaint(seq=3))
    assert milder.ticket is not None
    assert milder.ticket.severity == "P1"
    assert milder.ticket.due_at == START + timedelta(minutes=25)


async def test_a_more_urgent_ticket_keeps_an_earlier_deadline_and_an_answered_one_its_own() -> None:
    bot = Bot()
    first = await bot.decide(complaint())
    assert first.ticket is not None
    await bot.clock.advance(3000)
    worse = await bot.decide(mention("拉肚子", seq=2, risk=("food_poisoning",)))
    assert worse.ticket is not None
    assert worse.ticket.due_at == first.ticket.due_at
    bot.store.ticket_rows.kept["T-1001"] = replace(first.ticket, answered_at=START)
    answered = await bot.decide(mention("拉肚子", seq=3, risk=("food_poisoning",)))
    assert answered.ticket is not None
    assert (answered.ticket.severity, answered.ticket.due_at) == ("P1", first.ticket.due_at)


async def test_a_resolved_ticket_is_not_used_again() -> None:
    bot = Bot()
    first = await bot.decide(complaint())
    assert first.ticket is not None
    bot.store.ticket_rows.kept["T-1001"] = replace(first.ticket, state=TicketState.RESOLVED)
    key = ("webchat", "c-u1")
    bot.store.conversation_rows.kept[key] = replace(
        bot.store.conversation_rows.kept[key], state=ConversationState.BOT
    )
    again = await bot.decide(complaint(seq=2))
    assert again.ticket is not None
    assert again.ticket.number == "T-1002"
    assert "T-1002" in again.replies[0].text


async def test_a_missing_ticket_is_replaced_by_a_new_one() -> None:
    bot = Bot()
    await bot.decide(complaint())
    bot.store.ticket_rows.kept.clear()
    again = await bot.decide(complaint(seq=2))
    assert again.ticket is not None
    assert again.ticket.number == "T-1002"


async def test_a_new_complaint_after_a_takeover_is_acknowledged_once() -> None:
    bot = Bot()
    await bot.decide(mention("你好"))
    key = ("webchat", "c-u1")
    bot.store.conversation_rows.kept[key] = replace(
        bot.store.conversation_rows.kept[key], state=ConversationState.HUMAN
    )
    chat = await bot.decide(question(seq=2))
    assert chat.replies == ()
    assert chat.ticket is None
    first = await bot.decide(complaint(seq=3))
    assert len(first.replies) == 1
    assert (await bot.decide(complaint(seq=4))).replies == ()


async def test_an_ended_conversation_gets_tickets_but_no_reply() -> None:
    bot = Bot()
    await bot.decide(mention("你好"))
    key = ("webchat", "c-u1")
    bot.store.conversation_rows.kept[key] = replace(
        bot.store.conversation_rows.kept[key], state=ConversationState.ENDED
    )
    assert (await bot.decide(question(seq=2))).replies == ()
    plan = await bot.decide(complaint(seq=3))
    assert plan.replies == ()
    assert plan.ticket is not None
    assert plan.conversation is not None
    assert plan.conversation.state is ConversationState.ENDED


@pytest.mark.parametrize(
    ("change", "kind"), [(0, EventKind.EDIT), (1, EventKind.EDIT), (1, EventKind.MESSAGE)]
)
async def test_an_edit_never_gets_a_second_reply(change: int, kind: EventKind) -> None:
    bot = Bot()
    await bot.decide(question())
    edit = await bot.decide(
        mention(
            "你们几点关门？？", seq=2, native_id="m1", revision=change, kind=kind, intent="question"
        )
    )
    assert edit.replies == ()
    assert "第二次" in edit.decision.reason


async def test_an_edit_of_an_unanswered_mention_may_be_answered() -> None:
    bot = Bot()
    edit = await bot.decide(mention("几点关门", revision=1, intent="question"))
    assert len(edit.replies) == 1
