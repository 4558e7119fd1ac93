"""Finding the article that answers, among those of the example and no others."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.articles import Article
from responders.answering.content import parse_articles
from responders.answering.search import KnowledgeBase, shipped_lexicon
from tests.responders.builders import EXAMPLE

LIMIT = 0.7
"""The limit of the shipped playbook."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """Questions with the article that answers each; an empty id where none does."""

    language: Literal["zh", "en"]
    questions: tuple[tuple[str, str], ...]


def labelled(language: Literal["zh", "en"]) -> Labelled:
    tree = tomllib.loads(Path(__file__).with_name("questions.toml").read_text("utf-8"))[language]
    return Labelled(
        language=language,
        questions=(
            *((text, article) for text, article in tree["answerable"]),
            *((text, "") for text in tree["unanswerable"]),
        ),
    )


def example() -> tuple[Article, ...]:
    return parse_articles((path.name, path.read_text("utf-8")) for path in EXAMPLE.glob("*.md"))


@pytest.fixture(scope="module")
def base() -> KnowledgeBase:
    return KnowledgeBase(example(), shipped_lexicon())


@pytest.mark.parametrize(
    ("text", "language", "article"),
    [
        ("你们几点关门", "zh", "opening-hours"),
        ("你們幾點關門？", "zh", "opening-hours"),
        ("请问一下你们超市晚上几点打烊呀", "zh", "opening-hours"),
        ("营业时间", "zh", "opening-hours"),
        ("What time do you close?", "en", "opening-hours"),
        ("WHEN DO YOU CLOSE TODAY", "en", "opening-hours"),
        ("你们的 return policy 是什么", "zh", "returns"),
        ("停车", "zh", "parking"),
        ("ｐａｒｋｉｎｇ", "en", "parking"),
    ],
)
def test_common_questions_find_their_article(
    base: KnowledgeBase, text: str, language: Literal["zh", "en"], article: str
) -> None:
    best = base.search(text, language, 1)[0]
    assert best.article.id == article
    assert best.article.language == language
    assert best.confidence >= 0.8


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_listed_question_finds_its_own_article(
    base: KnowledgeBase, language: Literal["zh", "en"]
) -> None:
    asked = [(q, a.id) for a in example() if a.language == language for q in a.questions]
    found = [base.search(text, language, 1)[0].article.id == id_ for text, id_ in asked]
    assert sum(found) / len(found) >= 0.97


@pytest.mark.parametrize("language", ["zh", "en"])
def test_precision_and_coverage_at_the_playbook_s_limit(
    base: KnowledgeBase, language: Literal["zh", "en"]
) -> None:
    answered = right = answerable = 0
    for text, article in labelled(language).questions:
        answers = base.search(text, language, 1)
        sure = bool(answers) and answers[0].confidence >= LIMIT
        answered += sure
        answerable += bool(article)
        right += sure and answers[0].article.id == article
    print(
        f"{language}: precision {right / answered:.3f}, coverage {right / answerable:.3f} "
        f"({right} right of {answered} answered, {answerable} answerable)"
    )
    assert right / answered >= 0.95
    assert right / answerable >= 0.75


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (text, part.language)
        for part in (labelled("zh"), labelled("en"))
        for text, article in part.questions
        if not article
    ],
)
def test_what_no_article_answers_stays_under_the_limit(
    base: KnowledgeBase, text: str, language: Literal["zh", "en"]
) -> None:
    assert all(answer.confidence < LIMIT for answer in base.search(text, language, 3))


@pytest.mark.parametrize("text", ["", "？？？", "\x00\ud800", "请问一下", "🙂", "的"])
def test_a_text_that_asks_nothing_finds_nothing(base: KnowledgeBase, text: str) -> None:
    assert base.search(text, "zh") == []
    assert base.search(text, "en") == []


def test_a_language_without_articles_finds_nothing() -> None:
    chinese = [article for article in example() if article.language == "zh"]
    assert KnowledgeBase(chinese, shipped_lexicon()).search("parking", "en") == []
    assert KnowledgeBase([], shipped_lexicon()).search("停车", "zh") == []


def test_answers_are_ordered_by_confidence_and_limited(base: KnowledgeBase) -> None:
    answers = base.search("会员生日优惠券怎么领", "zh", 4)
    assert len(answers) == 4
    assert [a.confidence for a in answers] == sorted((a.confidence for a in answers), reverse=True)


def test_only_the_beginning_of_a_very_long_text_is_searched(base: KnowledgeBase) -> None:
    assert base.search("几点关门" + "啊" * 5_000_000, "zh")[0].article.id == "opening-hours"


@given(st.text(max_size=200))
def test_confidence_is_a_probability_whatever_is_asked(text: str) -> None:
    articles = [
        Article(id="a", language="zh", title="停车", body="两小时", questions=("能停车吗", "。"))
    ]
    for answer in KnowledgeBase(articles, shipped_lexicon()).search(text, "zh"):
        assert 0 <= answer.confidence <= 1
