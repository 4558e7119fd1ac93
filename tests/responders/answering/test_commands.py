"""Commands of shoppers: answered in their language, and without anybody else's data."""

from dataclasses import replace

import pytest

from core.model.conversations import Conversation, ConversationState
from core.model.decisions import Action
from core.model.events import Author, EventKind
from core.model.mentions import Mention
from core.model.outcomes import Plan
from core.model.tickets import TicketState
from core.taxonomy import Language
from responders.answering.context import Command, read_command
from tests.builders import START
from tests.responders.answering.support import Bot, complaint, question
from tests.responders.builders import mention, ticket


def said(
    text: str, *, seq: int = 1, author: str = "u1", account: Language | None = None, **more: object
) -> Mention:
    kind = EventKind.POST if more.get("public") else EventKind.MESSAGE
    made = mention(
        text, seq=seq, author=author, kind=kind, language="en" if not account else "other"
    )
    return replace(made, event=replace(made.event, author=Author(id=author, language=account)))


def talk(state: ConversationState = ConversationState.BOT, **more: object) -> Conversation:
    language: Language = "en" if more.get("english") else "zh"
    number = more.get("ticket")
    return Conversation(
        channel="webchat",
        id="c-u1",
        customer="u1",
        language=language,
        state=state,
        updated_at=START,
        ticket=str(number) if number else None,
        muted=bool(more.get("muted")),
    )


def words(plan: Plan) -> str:
    (reply,) = plan.replies
    return reply.text


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/start", Command(name="start")),
        ("  /START  ", Command(name="start")),
        ("/start deep-link_1", Command(name="start", argument="deep-link_1")),
        ("/status@shop_bot T-1001", Command(name="status", argument="T-1001")),
        ("@shop /human", Command(name="human")),
        ("u/shop_bot, /lang zh", Command(name="lang", argument="zh")),
        ("/u/shop_bot /stop", Command(name="stop")),
        ("@a @b /stop", Command(name="stop")),
        ("／lang 中文", Command(name="lang", argument="中文")),
        ("/status\nT-1", Command(name="status", argument="T-1")),
        ("start", None),
        ("/started", None),
        ("/startx", None),
        ("what does /start do", None),
        ("/unknown", None),
        ("", None),
        ("\x00", None),
        ("/", None),
        ("/start " + "x" * 300, None),
        ("@" * 5000, None),
    ],
)
def test_commands_are_recognised(text: str, command: Command | None) -> None:
    assert read_command(mention(text).event) == command


def test_only_text_addressed_to_the_brand_is_a_command() -> None:
    assert read_command(mention("/human", solicited=False).event) is None


@pytest.mark.parametrize(
    ("account", "expected"),
    [("zh", "您好"), ("en", "Hello"), ("other", "Hello"), ("mixed", "您好")],
)
async def test_a_greeting_is_in_the_language_of_the_account(
    account: Language, expected: str
) -> None:
    plan = await Bot().decide(said("/start", account=account))
    assert words(plan).startswith(expected)
    assert plan.decision.rule == "command-start"
    assert plan.decision.action is Action.REPLY


async def test_a_greeting_keeps_the_language_of_the_conversation() -> None:
    bot = Bot()
    await bot.decide(question())
    assert words(await bot.decide(said("/start", seq=2, account="en"))).startswith("您好")


async def test_without_account_language_the_judged_language_is_used() -> None:
    assert words(await Bot().decide(said("/start"))).startswith("Hello")


async def test_asking_for_a_person_twice_opens_one_ticket() -> None:
    bot = Bot()
    plan = await bot.decide(said("/human", account="zh"))
    assert plan.ticket is not None
    assert plan.ticket.number in words(plan)
    assert plan.conversation is not None
    assert plan.conversation.state is ConversationState.HUMAN
    again = await bot.decide(said("/human", seq=2, account="zh"))
    assert again.replies == ()
    assert again.ticket is not None
    assert again.ticket.number == plan.ticket.number


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (TicketState.OPEN, "处理"),
        (TicketState.WAITING, "同事已经"),
        (TicketState.RESOLVED, "T-1001 已"),
    ],
)
async def test_the_status_of_the_own_ticket_is_reported(state: TicketState, expected: str) -> None:
    bot = Bot()
    bot.store.ticket_rows.kept["T-1001"] = ticket(state=state)
    bot.store.conversation_rows.kept["webchat", "c-u1"] = talk()
    said_now = words(await bot.decide(said("/status t-1001")))
    assert "T-1001" in said_now
    assert expected in said_now or "已有同事跟进" in said_now or "已经答复" in said_now


async def test_a_status_says_how_soon_a_person_answers() -> None:
    bot = Bot()
    bot.store.ticket_rows.kept["T-1001"] = ticket()
    bot.store.conversation_rows.kept["webchat", "c-u1"] = talk(ticket="T-1001", english=True)
    assert "within 4 hours" in words(await bot.decide(said("/status")))
    bot.store.ticket_rows.kept["T-1001"] = replace(ticket(), answered_at=START)
    await bot.clock.advance(100)
    assert "as soon as possible" in words(await bot.decide(said("/status", seq=2)))


@pytest.mark.parametrize(
    ("number", "changed"),
    [
        ("T-1001", {"customer": "u2", "conversation": "c-u2"}),
        ("T-1001", {"channel": "tg"}),
        ("T-9999", {}),
        ("T-", {}),
        ("'; DROP TABLE tickets", {}),
        ("T-1001 T-1002", {}),
        ("T-" + "1" * 99, {}),
    ],
)
async def test_tickets_of_others_look_like_unknown_ones(
    number: str, changed: dict[str, str]
) -> None:
    bot = Bot()
    bot.store.ticket_rows.kept["T-1001"] = replace(
        ticket(),
        customer=changed.get("customer", "u1"),
        conversation=changed.get("conversation", "c-u1"),
        channel=changed.get("channel", "webchat"),
    )
    bot.store.conversation_rows.kept["webchat", "c-u1"] = talk()
    text = words(await bot.decide(said(f"/status {number}")))
    assert "没有找到" in text or "查不到" in text
    assert "9999" not in text


async def test_status_without_number_and_ticket_reports_none() -> None:
    assert "no such ticket" in words(await Bot().decide(said("/status"))).replace(
        "can't find that ticket", "no such ticket"
    )


async def test_a_ticket_of_another_conversation_is_reported_in_private_only() -> None:
    bot = Bot()
    bot.store.ticket_rows.kept["T-1001"] = replace(ticket(), conversation="c-other")
    assert "T-1001" in words(await bot.decide(said("/status T-1001", account="zh")))
    public = words(await bot.decide(said("/status T-1001", seq=2, account="zh", public=True)))
    assert "没有找到" in public or "查不到" in public


@pytest.mark.parametrize(
    ("choice", "language", "expected"),
    [
        ("en", "en", "English"),
        ("中文", "zh", "中文"),
        ("EN", "en", "English"),
        ("zh-CN", "zh", "中文"),
    ],
)
async def test_a_chosen_language_is_kept(choice: str, language: str, expected: str) -> None:
    bot = Bot()
    plan = await bot.decide(said(f"/lang {choice}", account="zh"))
    assert expected in words(plan)
    assert plan.conversation is not None
    assert plan.conversation.language == language
    later = words(await bot.decide(said("/status", seq=2, account="zh")))
    assert ("ticket" in later) is (language == "en")


async def test_an_unknown_language_is_asked_for() -> None:
    plan = await Bot().decide(said("/lang klingon", account="en"))
    assert "/lang zh" in words(plan)
    assert plan.conversation is not None
    assert plan.conversation.language == "en"


async def test_stop_turns_replies_off_and_start_turns_them_on() -> None:
    bot = Bot()
    assert "/start" in words(await bot.decide(said("/stop", account="zh")))
    for seq, heard in enumerate(
        (question(seq=2), said("/status", seq=3), said("/lang en", seq=4)), 2
    ):
        plan = await bot.decide(heard)
        assert plan.replies == (), seq
        assert plan.conversation is not None
        assert plan.conversation.muted
    opened = await bot.decide(complaint(5))
    assert opened.replies == ()
    assert opened.ticket is not None, "a person still hears of it"
    assert "自动回复" in (await bot.decide(question(seq=6))).decision.reason
    bot.store.conversation_rows.kept["webchat", "c-u1"] = talk(muted=True)
    begun = await bot.decide(said("/start", seq=7))
    assert len(begun.replies) == 1
    assert begun.conversation is not None
    assert not begun.conversation.muted


@pytest.mark.parametrize("name", ["start", "human", "status", "lang en", "stop"])
@pytest.mark.parametrize("state", [ConversationState.HUMAN, ConversationState.ENDED])
async def test_commands_get_no_reply_after_a_takeover_or_an_end(
    name: str, state: ConversationState
) -> None:
    bot = Bot()
    bot.store.ticket_rows.kept["T-1001"] = ticket(state=TicketState.WAITING)
    bot.store.conversation_rows.kept["webchat", "c-u1"] = talk(state, ticket="T-1001")
    plan = await bot.decide(said(f"/{name}"))
    assert plan.replies == ()
    assert plan.conversation is not None
    assert plan.conversation.muted is (name == "stop")
    assert plan.conversation.language == ("en" if name == "lang en" else "zh")
    began_anew = state is ConversationState.ENDED and name == "start"
    assert plan.conversation.state is (ConversationState.BOT if began_anew else state)


async def test_a_loop_of_commands_becomes_a_ticket() -> None:
    bot = Bot()
    plans = []
    for seq in range(1, 40):
        plans.append(await bot.decide(said(f"/lang {'en' if seq % 2 else 'zh'}", seq=seq)))
        await bot.clock.advance(20)
    assert plans[-1].replies == ()
    assert any(plan.decision.rule == "too-many-replies" for plan in plans)


async def test_an_edited_command_is_answered_once() -> None:
    bot = Bot()
    await bot.decide(said("/start", account="zh"))
    edited = said("/lang en", account="zh")
    edited = replace(edited, seq=2, event=replace(edited.event, kind=EventKind.EDIT, revision=1))
    assert (await bot.decide(edited)).replies == ()
