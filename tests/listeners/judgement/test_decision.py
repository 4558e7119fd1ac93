"""Decisions on the probabilities of the topic models."""

from dataclasses import replace

import pytest

from core.model.judgement import Probabilities
from core.taxonomy import CATEGORIES, INTENTS, RELEVANCES, RISKS
from listeners.judgement.decision import (
    DENIED_FROM,
    FOUND_HARM_FROM,
    NAMED_HARM_FROM,
    combined_with_quoted,
    decide,
    quoted_only,
)
from listeners.judgement.topic_features import topic_features
from listeners.judgement.topics import TopicProbabilities

EVEN = Probabilities(negative=0.3, neutral=0.4, positive=0.3)
PLAIN = topic_features("路过", EVEN)
FIRE = topic_features("店里着火了", EVEN)


def topics(**given: object) -> TopicProbabilities:
    """An ordinary text; ``category``, ``intent`` and ``relevance`` name the likeliest."""
    category = str(given.pop("category", "other"))
    intent = str(given.pop("intent", "statement"))
    relevance = str(given.pop("relevance", "business"))
    kinds = given.pop("risks", {})
    assert isinstance(kinds, dict)
    values: dict[str, object] = {
        "complaint": 0.1,
        "harm": 0.01,
        "adverse": 0.01,
        "denial": 0.01,
        "categories": {name: 0.9 if name == category else 0.01 for name in CATEGORIES},
        "intents": {name: 0.9 if name == intent else 0.01 for name in INTENTS},
        "relevances": {name: 0.9 if name == relevance else 0.01 for name in RELEVANCES},
        "sentiment": EVEN,
        "risks": {name: kinds.get(name, 0.01) for name in RISKS},
    }
    return TopicProbabilities(**(values | given))  # type: ignore[arg-type]


def test_the_likeliest_is_chosen() -> None:
    found = decide(topics(category="price", intent="question", relevance="place"), PLAIN)
    assert (found.category, found.intent, found.relevance) == ("price", "question", "place")
    assert found.risk == ()


@pytest.mark.parametrize(
    ("harm", "risk"),
    [(NAMED_HARM_FROM - 0.01, ()), (NAMED_HARM_FROM, ("fire",)), (0.9, ("fire",))],
)
def test_a_listed_word_counts_where_harm_is_possible(harm: float, risk: tuple[str, ...]) -> None:
    assert FIRE.risks
    assert decide(topics(harm=harm), FIRE).risk == risk


def test_a_listed_word_always_counts_in_a_complaint() -> None:
    assert decide(topics(complaint=0.5, harm=0.0), FIRE).risk == ("fire",)


def test_what_is_denied_does_not_count() -> None:
    assert decide(topics(complaint=0.1, harm=0.9, denial=DENIED_FROM), FIRE).risk == ()
    assert decide(topics(complaint=0.9, harm=0.9, denial=0.69), FIRE).risk == ("fire",)
    assert decide(topics(complaint=0.9, harm=0.9, denial=0.7), FIRE).risk == ()


@pytest.mark.parametrize("relevance", ["place", "actor"])
def test_press_regulator_and_law_count_where_they_are_brought_in(relevance: str) -> None:
    kinds = {"press": 0.9, "regulator": 0.9, "legal": 0.9, "injury": 0.9}
    news = topics(harm=0.9, risks=kinds, relevance=relevance)
    assert decide(news, PLAIN).risk == ("injury",)
    assert decide(replace(news, complaint=0.3), PLAIN).risk == (
        "injury",
        "press",
        "regulator",
        "legal",
    )


def test_harm_without_a_business_is_not_ours_but_for_despair() -> None:
    far = topics(harm=0.9, risks={"injury": 0.9, "self_harm": 0.9}, relevance="none")
    assert decide(far, PLAIN).risk == ("self_harm",)
    assert set(decide(replace(far, complaint=0.9), PLAIN).risk) == {"self_harm", "injury"}


@pytest.mark.parametrize(
    ("harm", "complaint", "kinds", "risk"),
    [
        (FOUND_HARM_FROM - 0.01, 0.4, {"injury": 0.9}, ()),
        (FOUND_HARM_FROM, 0.4, {"injury": 0.9}, ("injury",)),
        (FOUND_HARM_FROM, 0.4, {"injury": 0.9, "child": 0.5}, ("injury", "child")),
        # In calm words it takes more.
        (0.59, 0.1, {"injury": 0.9}, ()),
        (0.6, 0.1, {"injury": 0.9}, ("injury",)),
        # Harm without a kind that is likely gets the likeliest one, if it is certain enough.
        (0.54, 0.4, {"injury": 0.05}, ()),
        (0.56, 0.4, {"injury": 0.05}, ("injury",)),
        (0.74, 0.1, {"injury": 0.05}, ()),
        (0.9, 0.1, {"injury": 0.05}, ("injury",)),
    ],
)
def test_harm_without_a_word_is_found_where_it_is_likely(
    harm: float, complaint: float, kinds: dict[str, float], risk: tuple[str, ...]
) -> None:
    assert decide(topics(harm=harm, complaint=complaint, risks=kinds), PLAIN).risk == risk


def test_words_of_a_risk_that_does_not_count_are_no_evidence() -> None:
    assert "着火了" not in decide(topics(), FIRE).words
    assert "着火了" in decide(topics(harm=0.9), FIRE).words


@pytest.mark.parametrize(
    ("complaint", "intent", "chosen"),
    [
        (0.9, "complaint", "complaint"),
        (0.9, "threat", "threat"),
        (0.9, "human", "human"),
        (0.1, "praise", "praise"),
    ],
)
def test_an_intent_fits_the_complaint(complaint: float, intent: str, chosen: str) -> None:
    assert decide(topics(complaint=complaint, intent=intent), PLAIN).intent == chosen


@pytest.mark.parametrize(("complaint", "intent"), [(0.9, "praise"), (0.1, "complaint")])
def test_an_intent_that_contradicts_the_complaint_is_passed_over(
    complaint: float, intent: str
) -> None:
    given = topics(complaint=complaint, intent=intent)
    second = "complaint" if complaint >= 0.5 else "question"
    intents = given.intents | {second: 0.05}
    assert decide(replace(given, intents=intents), PLAIN).intent == second


def test_a_quotation_gives_what_the_comment_lacks() -> None:
    own = decide(topics(relevance="none"), PLAIN)
    quoted = decide(topics(category="freshness", harm=0.9, relevance="place"), FIRE)
    both = combined_with_quoted(own, quoted, own_leads=True)
    assert (both.category, both.risk, both.relevance) == ("freshness", ("fire",), "place")
    assert both.intent == own.intent
    priced = decide(topics(category="price"), PLAIN)
    kept = combined_with_quoted(priced, quoted, own_leads=True)
    assert (kept.category, kept.relevance) == ("price", "business")
    led = combined_with_quoted(priced, quoted, own_leads=False)
    assert (led.category, led.relevance) == ("freshness", "place")


@pytest.mark.parametrize(
    ("intent", "left"), [("complaint", "statement"), ("question", "statement"), ("spam", "spam")]
)
def test_a_quotation_without_comment_is_a_statement(intent: str, left: str) -> None:
    given = decide(topics(intent=intent, complaint=0.9 if intent == "complaint" else 0.1), PLAIN)
    assert quoted_only(given).intent == left
