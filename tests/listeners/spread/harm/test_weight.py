from typing import Any

import pytest

from listeners.spread.grouping.vocabulary import name_patterns
from listeners.spread.harm.weight import ADVERSE, harm_to_brand
from tests.builders import judgement

NAMES = name_patterns({"hejia": ["禾家"]})["hejia"]


def weight(text: str = "禾家的面包", **given: Any) -> float:
    return harm_to_brand(judgement(**given), text, NAMES)


def test_flat_words_about_a_grave_fact_weigh_as_much_as_the_fact() -> None:
    assert weight("禾家超市抽检不合格", adverse=0.9) == 0.9
    assert weight("禾家面包发霉？", adverse=0.8, intent="question") == 0.8


def test_a_complaint_weighs_its_probability_and_a_mood_less() -> None:
    assert weight(complaint=0.8) == 0.8
    assert ADVERSE <= weight(negative=0.9, complaint=0.2) < 0.65
    assert weight(negative=0.5, complaint=0.2) < ADVERSE


@pytest.mark.parametrize("intent", ["question", "order_status", "human", "suggestion"])
def test_a_question_is_no_grievance_unless_it_complains(intent: str) -> None:
    assert weight(negative=0.95, complaint=0.4, intent=intent) == 0
    assert weight(negative=0.95, complaint=0.7, intent=intent) == 0.7


@pytest.mark.parametrize("intent", ["praise", "statement"])
def test_a_mood_counts_only_in_what_could_be_a_grievance(intent: str) -> None:
    assert (weight(negative=0.9, complaint=0.1, intent=intent) > ADVERSE) == (intent == "statement")


@pytest.mark.parametrize("relevance", ["place", "actor"])
def test_the_mood_of_news_is_not_about_the_brand(relevance: str) -> None:
    assert weight(negative=0.95, complaint=0.1, relevance=relevance) == 0.1
    assert weight(negative=0.95, adverse=0.7, relevance=relevance) == 0.7


def test_what_concerns_no_business_is_no_complaint() -> None:
    assert weight(negative=0.95, complaint=0.9, relevance="none") == 0


@pytest.mark.parametrize("given", [{"intent": "spam"}, {"spam": 0.6}])
def test_advertising_weighs_nothing(given: dict[str, Any]) -> None:
    assert weight(negative=0.95, complaint=0.9, adverse=0.9, **given) == 0


def test_a_denial_weighs_the_less_the_surer_it_is() -> None:
    assert weight(adverse=0.9, denial=1.0) == 0
    assert weight(adverse=0.9, denial=0.9) == pytest.approx(0.09)


def test_a_lottery_and_a_fault_of_another_weigh_nothing() -> None:
    assert weight("转发抽奖，抽3位送禾家购物卡", negative=0.9, complaint=0.9) == 0
    assert weight("百味的面包又发霉，还是禾家好", complaint=0.9) == 0
    assert weight("禾家的面包又发霉，还是百味好", complaint=0.9) == 0.9
