"""Decisions, through the one door the pipeline uses; plans are recorded as the store would."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.records import Answer, Article, ConversationState, Plan, ReplyState, TicketState
from core.settings import Sla
from core.types import Action, EventKind, Mention
from responders.catalogue import shipped_catalogue
from responders.decide import Manners, PlaybookDecider
from responders.playbook import parse_playbook, shipped_playbook
from responders.turns import Pace
from tests.responders.parts import START, Memory, mention

PUBLIC = EventKind.POST
HOURS = {
    "zh": Article(id="opening-hours", language="zh", title="营业时间", body="7:30 到 22:00"),
    "en": Article(id="opening-hours", language="en", title="Hours", body="7:30 to 22:00"),
}


class Knows:
    """Answers every text that speaks of closing."""

    def search(self, text: str, language: str, limit: int = 3) -> list[Answer]:
        if "关门" not in text and "close" not in text:
            return []
        return [Answer(article=HOURS[language], confidence=0.9)][:limit]


class House:
    """A decider with a store that records what it plans."""

    def __init__(self, *, playbook: str | None = None, manners: Manners | None = None) -> None:
        self.store = Memory()
        self.clock = ManualClock(START)
        self.decider = PlaybookDecider(
            store=self.store,
            answers=Knows(),
            playbook=parse_playbook(playbook) if playbook else shipped_playbook(),
            texts=shipped_catalogue(),
            sla=Sla(),
            clock=self.clock,
            manners=manners,
        )

    async def hears(self, one: Mention) -> Plan:
        return self.store.record(await self.decider.decide(one))


def complaint(seq: int = 1, *, text: str = "面包发霉了，要退款", author: str = "u1") -> Mention:
    return mention(
        text,
        seq=seq,
        author=author,
        intent="complaint",
        complaint=0.95,
        negative=0.9,
        category="food_safety",
    )


def question(text: str = "你们几点关门", *, seq: int = 1, author: str = "u1") -> Mention:
    english = text.isascii()
    return mention(
        text, seq=seq, author=author, intent="question", language="en" if english else "zh"
    )


async def test_a_question_is_answered_from_its_article() -> None:
    plan = await House().hears(question())
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
    house = House()
    english = await house.hears(question("When do you close?"))
    assert "7:30 to 22:00" in english.replies[0].text
    smile = await house.hears(mention("🙂", seq=2, language="other"))
    assert smile.replies[0].language == "en"
    mixed = await house.hears(mention("hi 你好", seq=3, language="mixed"))
    assert mixed.replies[0].language == "zh"
    assert mixed.conversation is not None
    assert mixed.conversation.language == "zh"


async def test_a_complaint_becomes_a_ticket_and_the_shopper_hears_its_number() -> None:
    plan = await House().hears(complaint())
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


async def test_an_unanswerable_question_is_handed_to_a_person_and_the_machine_stays_around() -> (
    None
):
    house = House()
    plan = await house.hears(question("你们卖直升机吗"))
    assert plan.ticket is not None
    assert plan.ticket.severity == "P4"
    assert "24 小时内" in plan.replies[0].text
    answered = await house.hears(question(seq=2))
    assert "7:30" in answered.replies[0].text
    assert answered.ticket is None
    again = await house.hears(question("你们卖飞机吗", seq=3))
    assert again.ticket is not None
    assert again.ticket.number == "T-1001", "the open ticket is used again"
    assert "T-1001" in again.replies[0].text
    assert again.replies[0].text != plan.replies[0].text
    assert len(house.store.tickets) == 1


async def test_while_a_person_answers_the_machine_is_silent_and_the_ticket_grows() -> None:
    house = House()
    first = await house.hears(complaint())
    assert first.ticket is not None
    house.store.tickets["T-1001"] = replace(
        first.ticket, state=TicketState.WAITING, answered_at=START
    )
    chat = await house.hears(question(seq=2))
    assert chat.replies == ()
    assert chat.ticket is not None
    assert chat.ticket.state is TicketState.OPEN, "the customer answered"
    assert chat.decision.action is Action.IGNORE
    assert "人工" in chat.decision.reason
    second = await house.hears(complaint(seq=3))
    assert second.replies == ()
    assert second.ticket is not None
    assert second.ticket.number == "T-1001"
    assert second.decision.action is Action.TICKET


async def test_harm_makes_an_open_ticket_more_urgent_and_never_less() -> None:
    house = House()
    await house.hears(complaint())
    await house.clock.advance(600)
    worse = await house.hears(mention("吃了拉肚子", seq=2, risk=("food_poisoning",)))
    assert worse.ticket is not None
    assert worse.ticket.severity == "P1"
    assert worse.ticket.due_at == START + timedelta(minutes=25)
    milder = await house.hears(complaint(seq=3))
    assert milder.ticket is not None
    assert milder.ticket.severity == "P1"
    assert milder.ticket.due_at == START + timedelta(minutes=25)


async def test_a_more_urgent_ticket_keeps_an_earlier_deadline_and_an_answered_one_its_own() -> None:
    house = House()
    first = await house.hears(complaint())
    assert first.ticket is not None
    await house.clock.advance(3000)
    worse = await house.hears(mention("拉肚子", seq=2, risk=("food_poisoning",)))
    assert worse.ticket is not None
    assert worse.ticket.due_at == first.ticket.due_at
    house.store.tickets["T-1001"] = replace(first.ticket, answered_at=START)
    answered = await house.hears(mention("拉肚子", seq=3, risk=("food_poisoning",)))
    assert answered.ticket is not None
    assert (answered.ticket.severity, answered.ticket.due_at) == ("P1", first.ticket.due_at)


async def test_a_resolved_ticket_is_not_used_again() -> None:
    house = House()
    first = await house.hears(complaint())
    assert first.ticket is not None
    house.store.tickets["T-1001"] = replace(first.ticket, state=TicketState.RESOLVED)
    key = ("webchat", "c-u1")
    house.store.conversations[key] = replace(
        house.store.conversations[key], state=ConversationState.BOT
    )
    again = await house.hears(complaint(seq=2))
    assert again.ticket is not None
    assert again.ticket.number == "T-1002"
    assert "T-1002" in again.replies[0].text


async def test_a_ticket_nobody_can_find_is_not_waited_for() -> None:
    house = House()
    await house.hears(complaint())
    house.store.tickets.clear()
    again = await house.hears(complaint(seq=2))
    assert again.ticket is not None
    assert again.ticket.number == "T-1002"


async def test_where_a_person_took_over_a_new_complaint_is_still_acknowledged_once() -> None:
    house = House()
    await house.hears(mention("你好"))
    key = ("webchat", "c-u1")
    house.store.conversations[key] = replace(
        house.store.conversations[key], state=ConversationState.HUMAN
    )
    chat = await house.hears(question(seq=2))
    assert chat.replies == ()
    assert chat.ticket is None
    first = await house.hears(complaint(seq=3))
    assert len(first.replies) == 1
    assert (await house.hears(complaint(seq=4))).replies == ()


async def test_an_ended_conversation_gets_no_word_but_its_tickets() -> None:
    house = House()
    await house.hears(mention("你好"))
    key = ("webchat", "c-u1")
    house.store.conversations[key] = replace(
        house.store.conversations[key], state=ConversationState.ENDED
    )
    assert (await house.hears(question(seq=2))).replies == ()
    plan = await house.hears(complaint(seq=3))
    assert plan.replies == ()
    assert plan.ticket is not None
    assert plan.conversation is not None
    assert plan.conversation.state is ConversationState.ENDED


@pytest.mark.parametrize(
    ("change", "kind"), [(0, EventKind.EDIT), (1, EventKind.EDIT), (1, EventKind.MESSAGE)]
)
async def test_an_edit_never_gets_a_second_reply(change: int, kind: EventKind) -> None:
    house = House()
    await house.hears(question())
    edit = await house.hears(
        mention(
            "你们几点关门？？", seq=2, native_id="m1", revision=change, kind=kind, intent="question"
        )
    )
    assert edit.replies == ()
    assert "第二次" in edit.decision.reason


async def test_an_edit_of_what_was_not_answered_may_be_answered() -> None:
    house = House()
    edit = await house.hears(mention("几点关门", revision=1, intent="question"))
    assert len(edit.replies) == 1


async def test_an_unasked_public_complaint_is_a_ticket_with_a_draft() -> None:
    house = House()
    plan = await house.hears(replace_event(complaint(), kind=PUBLIC, solicited=False))
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


async def test_what_nobody_asked_is_only_recorded_and_costs_no_look_into_the_store() -> None:
    house = House()
    plan = await house.hears(mention("禾家不错", kind=PUBLIC, solicited=False, intent="praise"))
    assert plan == Plan(decision=plan.decision)
    assert (plan.decision.action, plan.decision.rule) == (Action.IGNORE, "only-listen")
    assert house.store.reads == 0


async def test_a_question_in_public_is_answered_under_the_post() -> None:
    plan = await House().hears(mention("@禾家 几点关门", kind=PUBLIC, intent="question"))
    assert plan.replies[0].target.reply_to == "m1"
    assert plan.replies[0].state is ReplyState.PENDING


RECKLESS = """
version = 1
[[rules]]
name = "reckless"
when = {}
then = { action = "reply", text = "thanks" }
"""


async def test_whatever_the_playbook_says_nobody_unasked_is_answered_by_the_machine() -> None:
    plan = await House(playbook=RECKLESS).hears(mention(kind=PUBLIC, solicited=False))
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
async def test_what_a_rule_may_ask_for(then: str, replies: list[ReplyState]) -> None:
    rules = f'version = 1\n[[rules]]\nname = "a"\nwhen = {{}}\nthen = {then}\n'
    plan = await House(playbook=rules).hears(mention())
    assert [reply.state for reply in plan.replies] == replies
    assert (plan.ticket is not None) is ("ticket" in then)


async def test_the_brand_s_own_accounts_are_never_answered() -> None:
    manners = Manners(own_authors={"webchat": frozenset({"u1"})}, staff_language="en")
    house = House(manners=manners)
    plan = await house.hears(complaint())
    assert plan == Plan(decision=plan.decision)
    assert plan.decision.rule == "own-post"
    assert "own account" in plan.decision.reason
    assert plan.decision.remark == "own_post"
    assert (await house.hears(complaint(seq=2, author="u2"))).ticket is not None


async def test_a_loop_with_another_machine_ends_with_a_person() -> None:
    house = House(manners=Manners(pace=Pace(replies=3)))
    for seq in range(1, 4):
        assert len((await house.hears(mention(f"你好{seq}", seq=seq))).replies) == 1
        await house.clock.advance(100)
    plan = await house.hears(mention("你好4", seq=4))
    assert plan.replies == ()
    assert plan.decision.rule == "too-many-replies"
    assert plan.ticket is not None
    assert plan.conversation is not None
    assert plan.conversation.state is ConversationState.HUMAN
    other = await house.hears(mention("你好", seq=5, author="u2"))
    assert len(other.replies) == 1


async def test_a_slow_talk_is_no_loop() -> None:
    house = House(manners=Manners(pace=Pace(replies=3)))
    for seq in range(1, 10):
        assert len((await house.hears(mention(f"你好{seq}", seq=seq))).replies) == 1
        await house.clock.advance(250)


async def test_a_complaint_in_a_loop_keeps_its_own_rule() -> None:
    house = House(manners=Manners(pace=Pace(replies=1)))
    await house.hears(mention("你好"))
    plan = await house.hears(complaint(seq=2))
    assert plan.decision.rule == "complaint-to-us"
    assert len(plan.replies) == 1


async def test_the_same_is_not_said_again_at_once() -> None:
    house = House()
    plans = [await house.hears(question(seq=seq)) for seq in range(1, 5)]
    texts = [reply.text for plan in plans for reply in plan.replies]
    assert len(texts) == len(set(texts)) == 3
    assert plans[3].decision.action is Action.IGNORE
    assert "不再重复" in plans[3].decision.reason
    await house.clock.advance(90)
    assert len((await house.hears(question(seq=5))).replies) == 1


async def test_what_could_not_be_recorded_is_decided_again_with_the_same_words() -> None:
    house = House(manners=Manners(pace=Pace(replies=1)))
    plans = [await house.decider.decide(question()) for _ in range(5)]
    assert all(plan == plans[0] for plan in plans)
    assert len(plans[0].replies) == 1


async def test_deciding_again_after_a_crash_gives_the_same_keys() -> None:
    one = complaint()
    first, second = await House().decider.decide(one), await House().decider.decide(one)
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
    plan = await House().hears(one)
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
async def test_how_urgent_a_matter_is(one: Mention, severity: str, minutes: int) -> None:
    plan = await House().hears(one)
    assert plan.ticket is not None
    assert plan.ticket.severity == severity
    assert plan.ticket.due_at == START + timedelta(minutes=minutes)


async def test_a_mention_of_no_brand_is_decided_too() -> None:
    plan = await House().hears(replace(complaint(), brands=()))
    assert plan.ticket is not None
    assert plan.ticket.brand == ""


async def test_harm_is_named_in_the_reason() -> None:
    plan = await House().hears(mention(risk=("injury",)))
    assert "injury" in plan.decision.reason


async def test_memory_of_what_was_said_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responders.turns._REMEMBERED", 1)
    house = House()
    text = (await house.hears(question(seq=1))).replies[0].text
    await house.hears(question(seq=2, author="u2"))
    same = replace(question(seq=1), seq=3)
    house.store.replies.clear()
    assert (await house.hears(same)).replies[0].text == text, "the first author was forgotten"
