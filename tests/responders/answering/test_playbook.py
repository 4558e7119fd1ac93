"""Rules: the first that fits decides, and every mistake in the file is found at once."""

from collections.abc import Callable

import pytest

from cli.catalogue import shipped_catalogue
from core.errors import ConfigError
from core.model.articles import Answer, Article
from core.model.events import EventKind
from core.model.mentions import Mention
from responders.answering.playbook import (
    Match,
    Vocabulary,
    first_match,
    parse_playbook,
    shipped_playbook,
)
from responders.texts import playbook_texts
from tests.responders.builders import mention

ARTICLE = Article(id="opening-hours", language="zh", title="营业时间", body="7:30 到 22:00")


def nothing() -> Answer | None:
    return None


def sure(confidence: float) -> Callable[[], Answer | None]:
    return lambda: Answer(article=ARTICLE, confidence=confidence)


def match(rules: str, one: Mention, answer: Callable[[], Answer | None] = nothing) -> Match:
    playbook = parse_playbook("version = 1\n" + rules)
    return first_match(playbook, one, first_contact=True, answer=answer)


def rule(name: str, when: str, then: str = '{ action = "ignore" }') -> str:
    return f'[[rules]]\nname = "{name}"\nwhen = {when}\nthen = {then}\n'


@pytest.mark.parametrize(
    ("when", "fits", "misses"),
    [
        ('{ intent = ["question"] }', mention(intent="question"), mention(intent="praise")),
        ('{ category = ["price"] }', mention(category="price"), mention()),
        ("{ risk = true }", mention(risk=("fire",)), mention()),
        ("{ risk = false }", mention(), mention(risk=("fire",))),
        ('{ risk = ["fire"] }', mention(risk=("press", "fire")), mention(risk=("press",))),
        ('{ sentiment = ["negative"] }', mention(negative=0.8), mention()),
        ('{ language = ["en", "mixed"] }', mention(language="en"), mention(language="zh")),
        ('{ relevance = ["place"] }', mention(relevance="place"), mention()),
        ("{ adverse_at_least = 0.6 }", mention(adverse=0.6), mention(adverse=0.5)),
        ("{ positive_at_least = 0.6 }", mention(sentiment="positive"), mention()),
        ('{ channel = ["weibo"] }', mention(channel="weibo"), mention()),
        ('{ brand = ["b"] }', mention(brands=("a", "b")), mention(brands=("a",))),
        ('{ flags = ["abuse"] }', mention(flags=("abuse",)), mention(flags=("spam",))),
        ("{ public = true }", mention(kind=EventKind.POST), mention()),
        ("{ public = false }", mention(), mention(kind=EventKind.POST)),
        ("{ solicited = true }", mention(), mention(solicited=False)),
        ("{ complaint_at_least = 0.5 }", mention(complaint=0.5), mention(complaint=0.49)),
        ("{ complaint_below = 0.5 }", mention(complaint=0.49), mention(complaint=0.5)),
        ("{ negative_at_least = 0.7 }", mention(negative=0.7), mention(negative=0.6)),
        ("{ offensive_at_least = 0.6 }", mention(offensive=0.6), mention(offensive=0.5)),
        ("{ offensive_below = 0.6 }", mention(offensive=0.5), mention(offensive=0.6)),
        ("{ spam_at_least = 0.6 }", mention(spam=0.6), mention(spam=0.5)),
        (
            '{ intent = ["question"], channel = ["weibo"] }',
            mention(intent="question", channel="weibo"),
            mention(intent="question"),
        ),
        (
            '[{ intent = ["question"] }, { risk = true }]',
            mention(risk=("fire",)),
            mention(),
        ),
    ],
)
def test_a_condition_holds_or_not(when: str, fits: Mention, misses: Mention) -> None:
    rules = rule("first", when) + rule("other", "{}")
    assert match(rules, fits).rule.name == "first"
    assert match(rules, misses).rule.name == "other"


@pytest.mark.parametrize("first", [True, False])
def test_first_contact(first: bool) -> None:
    playbook = parse_playbook(
        "version = 1\n" + rule("first", "{ first_contact = true }") + rule("other", "{}")
    )
    found = first_match(playbook, mention(), first_contact=first, answer=nothing)
    assert found.rule.name == ("first" if first else "other")


KNOWLEDGE = '{ action = "reply", from_knowledge = true, min_confidence = 0.7 }'


@pytest.mark.parametrize(("confidence", "name"), [(0.7, "known"), (0.69, "unknown")])
def test_an_unsure_answer_leaves_it_to_the_next_rule(confidence: float, name: str) -> None:
    rules = rule("known", "{}", KNOWLEDGE) + rule("unknown", "{}")
    found = match(rules, mention(), sure(confidence))
    assert found.rule.name == name
    assert (found.answer is not None) is (name == "known")


def test_without_an_answer_the_next_rule_is_tried() -> None:
    assert match(rule("known", "{}", KNOWLEDGE) + rule("unknown", "{}"), mention()).answer is None


def test_articles_are_only_asked_where_a_rule_needs_them() -> None:
    def never() -> Answer | None:
        raise AssertionError

    assert match(rule("a", "{}"), mention(), never).rule.name == "a"


def test_an_unmatched_mention_that_addresses_the_brand_becomes_a_ticket() -> None:
    rules = rule("a", '{ intent = ["praise"] }')
    assert match(rules, mention()).rule.then.action == "ticket"
    assert match(rules, mention(solicited=False)).rule.then.action == "ignore"


VOCABULARY = Vocabulary(
    intents=frozenset({"question", "complaint"}),
    categories=frozenset({"price"}),
    risks=frozenset({"fire"}),
    channels=frozenset({"webchat"}),
    brands=frozenset({"hejia"}),
    flags=frozenset({"spam"}),
    texts=frozenset({"thanks"}),
)


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("[", "playbook", "Correct that line."),
        ("version = 2\nrules = []", "playbook.version", "Correct the value."),
        ("version = 1\nrules = []\nrule = 1", "playbook.rule", "Did you mean 'rules'?"),
        (
            "version = 1\n" + rule("a", "{ complaint_at_least = 2 }"),
            "playbook.rules[0].when[0].complaint_at_least",
            "Correct the value.",
        ),
        (
            "version = 1\n" + rule("a", "{ intents = [] }"),
            "playbook.rules[0].when[0].intents",
            "Did you mean 'intent'?",
        ),
        ("version = 1\n" + rule("a", "1"), "playbook.rules[0].when", "Correct the value."),
        (
            "version = 1\n" + rule("a", "{}", '{ action = "reply" }'),
            "playbook.rules[0].then",
            "Correct the value.",
        ),
        (
            "version = 1\n" + rule("a", "{}", '{ action = "ticket", from_knowledge = true }'),
            "playbook.rules[0].then",
            "Correct the value.",
        ),
        (
            "version = 1\n" + rule("a", '{ intent = ["questoin"] }'),
            "playbook.rules[0].when.intent",
            "Did you mean 'question'?",
        ),
        (
            "version = 1\n" + rule("a", '[{ risk = ["zzz"] }, { risk = true }]'),
            "playbook.rules[0].when[0].risk",
            "Use fire.",
        ),
        (
            "version = 1\n" + rule("a", "{}", '{ action = "reply", text = "thank" }'),
            "playbook.rules[0].then.text",
            "Did you mean 'thanks'?",
        ),
        (
            "version = 1\n" + rule("a", '{ flags = ["spam"] }') * 2,
            "playbook.rules[1].name",
            "Give each rule its own name.",
        ),
        (
            "version = 1\n" + rule("a", "{}") + rule("b", '{ intent = ["question"] }'),
            "playbook.rules[1]",
            "Move it up, or remove it.",
        ),
    ],
)
def test_a_mistake_is_reported_with_key_and_remedy(text: str, key: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_playbook(text, VOCABULARY)
    assert [p for p in caught.value.problems if p.key == key and p.remedy.endswith(remedy)]


def test_mistakes_are_reported_together() -> None:
    text = "version = 1\n" + rule("a", '{ intent = ["x"], brand = ["x"] }') + rule("a", "{}")
    with pytest.raises(ConfigError) as caught:
        parse_playbook(text, VOCABULARY)
    assert len(caught.value.problems) == 3


def shipped(one: Mention, *, first: bool = True, confidence: float = 0.0) -> Match:
    return first_match(shipped_playbook(), one, first_contact=first, answer=sure(confidence))


PUBLIC = EventKind.POST


@pytest.mark.parametrize(
    ("one", "name", "text"),
    [
        (mention(flags=("spam",)), "advertising", None),
        (mention(risk=("food_poisoning",), intent="question"), "health-to-us", "urgent"),
        (mention(risk=("self_harm", "child")), "someone-in-despair", "care"),
        (mention(risk=("press",), flags=("spam",)), "other-harm-to-us", "serious"),
        (
            mention(risk=("injury",), solicited=False, kind=PUBLIC),
            "harm-in-public",
            "public_urgent",
        ),
        (mention(intent="threat"), "threat-to-us", "acknowledgement"),
        (
            mention(intent="threat", solicited=False, kind=PUBLIC),
            "threat-in-public",
            "public_apology",
        ),
        (mention(intent="human"), "asks-for-a-person", "handover"),
        (mention(intent="complaint", complaint=0.9), "complaint-to-us", "acknowledgement"),
        (mention(intent="question", complaint=0.85), "complaint-to-us", "acknowledgement"),
        (mention(negative=0.75), "complaint-to-us", "acknowledgement"),
        (
            mention(intent="complaint", complaint=0.9, flags=("abuse",), offensive=0.9),
            "complaint-to-us",
            "acknowledgement",
        ),
        (
            mention(intent="complaint", flags=("spam",), complaint=0.9),
            "complaint-to-us",
            "acknowledgement",
        ),
        (
            mention(intent="complaint", complaint=0.9, solicited=False, kind=PUBLIC),
            "complaint-in-public",
            "public_apology",
        ),
        (mention(intent="order_status"), "order-status", "order_status"),
        (mention(intent="question"), "unknown-answer", "holding"),
        (mention(intent="question", kind=PUBLIC), "unknown-answer", "holding"),
        (mention(intent="praise", sentiment="positive"), "praise", "thanks"),
        # Mock praise is thanked for by no machine.
        (mention(intent="praise", sentiment="negative"), "first-words", "greeting"),
        (
            mention(intent="praise", sentiment="positive", complaint=0.2),
            "may-be-a-complaint",
            "holding",
        ),
        (mention(complaint=0.1), "may-be-a-complaint", "holding"),
        (mention(complaint=0.1, relevance="none"), "first-words", "greeting"),
        (
            mention(risk=("fire",), solicited=False, kind=PUBLIC, relevance="place"),
            "look-at-this",
            None,
        ),
        (
            mention(adverse=0.4, solicited=False, kind=PUBLIC, relevance="actor"),
            "look-at-this",
            None,
        ),
        (mention(intent="praise", kind=PUBLIC), "only-listen", None),
        (mention(intent="suggestion"), "suggestion", "suggestion"),
        (mention(offensive=0.9, negative=0.9), "anger", "calm"),
        (mention(), "first-words", "greeting"),
        (mention(intent="question", solicited=False, kind=PUBLIC), "only-listen", None),
        (mention(solicited=False, kind=PUBLIC), "only-listen", None),
    ],
)
def test_the_shipped_rules_for_supermarkets(one: Mention, name: str, text: str | None) -> None:
    found = shipped(one)
    assert (found.rule.name, found.rule.then.text) == (name, text)


def test_the_shipped_rules_answer_what_the_articles_know() -> None:
    assert shipped(mention(intent="question"), confidence=0.7).rule.name == "known-answer"
    assert shipped(mention(), confidence=0.8).rule.name == "known-topic"
    assert shipped(mention(), first=False).rule.name == "small-talk"


@pytest.mark.parametrize("risk", ["food_poisoning", "self_harm", "press", "anything"])
@pytest.mark.parametrize("solicited", [True, False])
def test_harm_is_never_answered_with_content(risk: str, solicited: bool) -> None:
    one = mention(risk=(risk,), intent="question", solicited=solicited, kind=PUBLIC)
    found = shipped(one, confidence=1.0)
    assert found.rule.then.action == "ticket"
    assert found.answer is None
    assert found.rule.then.send == ("reply" if solicited else "draft")


def test_the_shipped_rules_name_texts_that_exist() -> None:
    known = Vocabulary(texts=playbook_texts(shipped_catalogue()))
    assert shipped_playbook(known) == shipped_playbook()
