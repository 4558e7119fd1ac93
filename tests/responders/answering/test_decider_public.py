"""Answers in public, and the end of loops and repeats."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.model.conversations import ConversationState
from core.model.decisions import Action
from core.model.events import EventKind
from core.model.mentions import Mention
from core.model.outbox import ReplyState
from core.model.outcomes import Plan
from responders.answering.decider import ReplyPolicy
from responders.answering.replies import ReplyLimits
from tests.builders import START
from tests.responders.answering.support import Bot, complaint, question
from tests.responders.builders import mention

PUBLIC = EventKind.POST


async def test_an_unasked_public_complaint_is_a_ticket_with_a_draft() -> None:
    bot = Bot()
    plan = await bot.decide(replace_event(complaint(), kind=PUBLIC, solicited=False))
    [draft] = plan.replies
    assert draft.state is ReplyState.DRAFT
    assert draft.target.reply_to == "m1"
    assert plan.ticket is not None
    assert plan.ticket.number in draft.text
    assert plan.decision.action is Action.TICKET
    assert plan.conversation is not None
    assert plan.conversation.ticket == plan.ticket.number


def replace_event(one: Mention, *, kind: EventKind, solicited: bool) -> Mention:
    return replace(one, event=replace(one.event, kind=kind, solicited=solicited))


async def test_an_ignored_post_costs_no_read_of_the_store() -> None:
    bot = Bot()
    plan = await bot.decide(mention("禾家不错", kind=PUBLIC, solicited=False, intent="praise"))
    assert plan == Plan(decision=plan.decision)
    assert (plan.decision.action, plan.decision.rule) == (Action.IGNORE, "only-listen")
    assert bot.store.conversation_rows.reads == 0


async def test_a_question_in_public_is_answered_under_the_post() -> None:
    plan = await Bot().decide(mention("@禾家 几点关门", kind=PUBLIC, intent="question"))
    assert plan.replies[0].target.reply_to == "m1"
    assert plan.replies[0].state is ReplyState.PENDING


RECKLESS = """
version = 1
[[rules]]
name = "reckless"
when = {}
then = { action = "reply", text = "thanks" }
"""


async def test_an_unsolicited_post_is_never_answered_without_approval() -> None:
    plan = await Bot(playbook=RECKLESS).decide(mention(kind=PUBLIC, solicited=False))
    assert plan.replies[0].state is ReplyState.DRAFT
    assert plan.decision.action is Action.DRAFT


@pytest.mark.parametrize(
    ("then", "replies"),
    [
        ('{ action = "draft", text = "thanks" }', [ReplyState.DRAFT]),
        ('{ action = "ticket", text = "holding", send = "draft" }', [ReplyState.DRAFT]),
        ('{ action = "ticket", text = "holding", send = "nothing" }', []),
        ('{ action = "ticket" }', []),
        ('{ action = "ignore" }', []),
    ],
)
async def test_the_actions_of_rules(then: str, replies: list[ReplyState]) -> None:
    rules = f'version = 1\n[[rules]]\nname = "a"\nwhen = {{}}\nthen = {then}\n'
    plan = await Bot(playbook=rules).decide(mention())
    assert [reply.state for reply in plan.replies] == replies
    assert (plan.ticket is not None) is ("ticket" in then)


async def test_the_brand_s_own_accounts_are_never_answered() -> None:
    policy = ReplyPolicy(own_authors={"webchat": frozenset({"u1"})}, staff_language="en")
    bot = Bot(policy=policy)
    plan = await bot.decide(complaint())
    assert plan == Plan(decision=plan.decision)
    assert plan.decision.rule == "own-post"
    assert "own account" in plan.decision.reason
    assert plan.decision.remark == "own_post"
    assert (await bot.decide(complaint(seq=2, author="u2"))).ticket is not None


async def test_a_loop_with_another_bot_becomes_a_ticket() -> None:
    bot = Bot(policy=ReplyPolicy(limits=ReplyLimits(replies=3)))
    for seq in range(1, 4):
        assert len((await bot.decide(mention(f"你好{seq}", seq=seq))).replies) == 1
        await bot.clock.advance(100)
    plan = await bot.decide(mention("你好4", seq=4))
    assert plan.replies == ()
    assert plan.decision.rule == "too-many-replies"
    assert plan.ticket is not None
    assert plan.conversation is not None
    assert plan.conversation.state is ConversationState.HUMAN
    other = await bot.decide(mention("你好", seq=5, author="u2"))
    assert len(other.replies) == 1


async def test_a_slow_conversation_is_no_loop() -> None:
    bot = Bot(policy=ReplyPolicy(limits=ReplyLimits(replies=3)))
    for seq in range(1, 10):
        assert len((await bot.decide(mention(f"你好{seq}", seq=seq))).replies) == 1
        await bot.clock.advance(250)


async def test_a_complaint_in_a_loop_keeps_its_own_rule() -> None:
    bot = Bot(policy=ReplyPolicy(limits=ReplyLimits(replies=1)))
    await bot.decide(mention("你好"))
    plan = await bot.decide(complaint(seq=2))
    assert plan.decision.rule == "complaint-to-us"
    assert len(plan.replies) == 1


async def test_a_text_is_not_repeated_at_once() -> None:
    bot = Bot()
    plans = [await bot.decide(question(seq=seq)) for seq in range(1, 5)]
    texts = [reply.text for plan in plans for reply in plan.replies]
    assert len(texts) == len(set(texts)) == 3
    assert plans[3].decision.action is Action.IGNORE
    assert "不再重复" in plans[3].decision.reason
    await bot.clock.advance(90)
    assert len((await bot.decide(question(seq=5))).replies) == 1


async def test_a_decision_made_again_has_the_same_text() -> None:
    bot = Bot(policy=ReplyPolicy(limits=ReplyLimits(replies=1)))
    plans = [await bot.decider.decide(question()) for _ in range(5)]
    assert all(plan == plans[0] for plan in plans)
    assert len(plans[0].replies) == 1


async def test_deciding_again_after_a_crash_gives_the_same_keys() -> None:
    one = complaint()
    first, second = await Bot().decider.decide(one), await Bot().decider.decide(one)
    assert first == second


@pytest.mark.parametrize(
    ("masked", "subject"),
    [
        ("电话[phone]\n请  回电", "电话[phone] 请 回电"),
        ("长" * 200, "长" * 79 + "…"),
        ("长" * 80, "长" * 80),
        (" ", "（没有文字的消息）"),
    ],
)
async def test_the_subject_is_one_masked_line(masked: str, subject: str) -> None:
    one = replace(complaint(), masked_text=masked)
    plan = await Bot().decide(one)
    assert plan.ticket is not None
    assert plan.ticket.subject == subject


@pytest.mark.parametrize(
    ("one", "severity", "minutes"),
    [
        (mention(risk=("food_poisoning",)), "P1", 15),
        (mention(risk=("press", "injury")), "P1", 15),
        (mention(risk=("self_harm",)), "P1", 15),
        (mention(risk=("regulator",)), "P2", 60),
        (mention(risk=("a kind of a later version",)), "P2", 60),
        (mention(intent="threat"), "P2", 60),
        (mention(intent="complaint", complaint=0.9, category="food_safety"), "P2", 60),
        (mention(intent="complaint", complaint=0.9, category="price"), "P3", 240),
        (mention(complaint=0.6), "P3", 240),
        (mention(negative=0.8), "P4", 1440),
    ],
)
async def test_severity_follows_risk_intent_and_category(
    one: Mention, severity: str, minutes: int
) -> None:
    plan = await Bot().decide(one)
    assert plan.ticket is not None
    assert plan.ticket.severity == severity
    assert plan.ticket.due_at == START + timedelta(minutes=minutes)


async def test_a_mention_of_no_brand_is_decided_too() -> None:
    plan = await Bot().decide(replace(complaint(), brands=()))
    assert plan.ticket is not None
    assert plan.ticket.brand == ""


async def test_harm_is_named_in_the_reason() -> None:
    plan = await Bot().decide(mention(risk=("injury",)))
    assert "injury" in plan.decision.reason


async def test_the_history_of_replies_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responders.answering.replies._REMEMBERED", 1)
    bot = Bot()
    text = (await bot.decide(question(seq=1))).replies[0].text
    await bot.decide(question(seq=2, author="u2"))
    same = replace(question(seq=1), seq=3)
    bot.store.sent.kept.clear()
    assert (await bot.decide(same)).replies[0].text == text, "the first author was forgotten"
