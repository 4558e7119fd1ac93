"""One author who posts the same again and again is handled three times a day, not fifty."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.model.decisions import Action
from core.model.events import EventKind
from core.model.mentions import Mention
from core.model.outcomes import Plan
from responders.answering.replies import HANDLED, RepeatedPosts
from tests.builders import START
from tests.responders.answering.support import Bot, complaint, question

GREETINGS = (
    *("", "！", "！！！", "。", " 1", " 22", "333", "…", "😡", "😡😡", " @小李", " @禾家超市"),
    *(" https://a.example/1", "\n", "#1", "(2)", "——", "~", "？？", " ①", "３"),
)
"""Endings that make no difference."""


def post(text: str, seq: int, *, author: str = "rage", minutes: float = 0) -> Mention:
    one = complaint(seq, text=text, author=author)
    event = replace(
        one.event,
        kind=EventKind.POST,
        solicited=False,
        conversation=f"c{seq}",
        posted_at=START + timedelta(minutes=minutes or seq),
    )
    return replace(one, event=event)


def handled(plans: list[Plan]) -> list[Plan]:
    return [plan for plan in plans if plan.decision.action is not Action.IGNORE]


async def test_fifty_copies_are_three_tickets_and_three_drafts() -> None:
    bot = Bot()
    plans = [await bot.decide(post("面包发霉了，退钱", n)) for n in range(1, 51)]
    assert handled(plans) == plans[:HANDLED]
    assert len([plan for plan in plans if plan.ticket]) == HANDLED
    assert sum(len(plan.replies) for plan in plans) == HANDLED
    assert {plan.decision.rule for plan in plans[HANDLED:]} == {"repeated-post"}
    assert {plan.decision.remark for plan in plans[HANDLED:]} == {"repeated_post"}
    assert "同样的内容" in plans[-1].decision.reason


async def test_small_changes_make_no_difference() -> None:
    bot = Bot()
    texts = [f"面包发霉了，退钱{ending}" for ending in GREETINGS]
    plans = [await bot.decide(post(text, n)) for n, text in enumerate(texts, 1)]
    assert len(handled(plans)) == HANDLED


@pytest.mark.parametrize(
    "texts",
    [
        ["面包发霉了", "牛奶酸了", "鸡蛋臭了", "收银员骂人", "退款没到"],
        ["the bread is mouldy", "the milk is sour", "nobody answers", "refund me", "never again"],
    ],
)
async def test_different_complaints_of_one_author_are_each_handled(texts: list[str]) -> None:
    bot = Bot()
    plans = [await bot.decide(post(text, n)) for n, text in enumerate(texts, 1)]
    assert len(handled(plans)) == len(texts)


async def test_the_same_words_of_different_people_are_each_handled() -> None:
    bot = Bot()
    plans = [await bot.decide(post("面包发霉了", n, author=f"u{n}")) for n in range(1, 21)]
    assert len(handled(plans)) == 20


async def test_the_next_day_it_is_handled_again() -> None:
    bot = Bot()
    first = [await bot.decide(post("面包发霉了", n)) for n in range(1, 9)]
    later = [await bot.decide(post("面包发霉了", n, minutes=60 * 25 + n)) for n in range(11, 19)]
    assert (len(handled(first)), len(handled(later))) == (HANDLED, HANDLED)


async def test_a_post_that_is_decided_again_is_no_repeat_of_itself() -> None:
    """As after an error of the store, and as an edit of it."""
    bot = Bot()
    plans = [await bot.decide(post("面包发霉了", 1)) for _ in range(9)]
    assert {plan.decision.rule for plan in plans} == {plans[0].decision.rule}


async def test_private_messages_are_not_counted() -> None:
    bot = Bot()
    plans = [await bot.decide(question("你们几点关门", seq=n)) for n in range(1, 9)]
    assert "repeated-post" not in {plan.decision.rule for plan in plans}


async def test_posts_that_ask_the_brand_are_counted_as_well() -> None:
    bot = Bot()
    plans = []
    for n in range(1, 9):
        one = post("@禾家 面包发霉了", n)
        plans.append(await bot.decide(replace(one, event=replace(one.event, solicited=True))))
    assert len(handled(plans)) == HANDLED


def test_the_history_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responders.answering.replies._REMEMBERED_POSTS", 2)
    seen = RepeatedPosts()
    for number in range(HANDLED):
        assert not seen.is_one_too_many(post("面包发霉了", number + 1).event)
    for author in ("b", "c"):
        assert not seen.is_one_too_many(post("面包发霉了", 9, author=author).event)
    assert not seen.is_one_too_many(post("面包发霉了", 10).event)
