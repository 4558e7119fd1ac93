"""The shop's articles: well-formed, found by their own questions, alike in both languages."""

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

import pytest

from core.model.articles import Article
from core.taxonomy import CATEGORIES
from responders.answering.content import parse_articles
from responders.answering.search import KnowledgeBase, shipped_lexicon

FOLDER: Final = Path("examples/supermarket/knowledge")
NUMBER: Final = re.compile(r"\d+(?:[.:/-]\d+)*")
SPELLED_EN: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twice|half)\b", re.IGNORECASE
)
SPELLED_ZH: Final = re.compile(
    r"[两二三四五六七八九十百半]\s?(?:天|小时|分钟|个月|年|元|块|公里|次|件|家|度|位)"
)
PROMISE: Final = re.compile(
    r"赔|补偿|退一|双倍|假一|compensat|damages|reimburs|indemni|make it up to you|goodwill",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def articles() -> tuple[Article, ...]:
    files = sorted(FOLDER.glob("*.md"))
    return parse_articles((file.name, file.read_text("utf-8")) for file in files)


@pytest.fixture(scope="module")
def pairs(articles: tuple[Article, ...]) -> dict[str, dict[str, Article]]:
    found: defaultdict[str, dict[str, Article]] = defaultdict(dict)
    for article in articles:
        found[article.id][article.language] = article
    return dict(found)


def numbers(text: str) -> Counter[str]:
    return Counter(NUMBER.findall(text))


def sentences(text: str) -> int:
    return len(re.findall(r"[。！？]|[.!?](?=\s|$)", text))


def test_there_are_at_least_forty_topics_in_both_languages(
    pairs: dict[str, dict[str, Article]],
) -> None:
    assert len(pairs) >= 40
    assert {topic for topic, both in pairs.items() if both.keys() != {"zh", "en"}} == set()


def test_the_file_is_named_after_the_article(articles: tuple[Article, ...]) -> None:
    names = {f"{article.id}.{article.language}.md" for article in articles}
    assert names == {file.name for file in FOLDER.iterdir()}


def test_categories_are_in_the_taxonomy(
    pairs: dict[str, dict[str, Article]],
) -> None:
    for topic, both in pairs.items():
        assert both["zh"].category == both["en"].category, topic
        assert both["zh"].category in CATEGORIES, topic


def test_each_article_has_four_to_eight_questions(articles: tuple[Article, ...]) -> None:
    for article in articles:
        ways = {question.casefold().rstrip("?？") for question in article.questions}
        assert len(ways) == len(article.questions), article.id
        assert 4 <= len(ways) <= 8, (article.id, article.language)


def test_no_question_is_in_two_articles(articles: tuple[Article, ...]) -> None:
    asked = Counter(
        (article.language, question.casefold())
        for article in articles
        for question in article.questions
    )
    assert [question for question, times in asked.items() if times > 1] == []


def test_every_question_finds_its_own_article_first(articles: tuple[Article, ...]) -> None:
    base = KnowledgeBase(articles, shipped_lexicon())
    lost = [
        (question, article.id, [answer.article.id for answer in found])
        for article in articles
        for question in article.questions
        if not (found := base.search(question, article.language))
        or found[0].article.id != article.id
    ]
    assert lost == []


def test_answers_are_as_short_as_in_a_chat(articles: tuple[Article, ...]) -> None:
    for article in articles:
        assert 2 <= sentences(article.body) <= 5, (article.id, article.language)
        assert len(article.body) <= (220 if article.language == "zh" else 520), article.id


def test_both_languages_name_the_same_figures(pairs: dict[str, dict[str, Article]]) -> None:
    for topic, both in pairs.items():
        assert numbers(both["zh"].body) == numbers(both["en"].body), topic


def test_figures_are_written_as_digits(articles: tuple[Article, ...]) -> None:
    """Otherwise the comparison of the languages would pass over them."""
    spelled = {"zh": SPELLED_ZH, "en": SPELLED_EN}
    found = {
        (article.id, article.language): match[0]
        for article in articles
        if (match := spelled[article.language].search(article.body))
    }
    assert found == {}


def test_no_article_promises_compensation(articles: tuple[Article, ...]) -> None:
    assert {a.id: m[0] for a in articles if (m := PROMISE.search(a.body))} == {}


def test_articles_agree_on_how_to_reach_the_shop(articles: tuple[Article, ...]) -> None:
    text = "\n".join(article.body for article in articles)
    assert set(re.findall(r"\d{3}-\d{3}-\d{4}", text)) == {"400-000-0136"}
    domains = set(re.findall(r"[\w.-]+\.(?:example|com|cn|net|org)\b", text))
    assert all(domain.endswith("hejia.example") for domain in domains)
    assert domains


def test_closing_times_agree(pairs: dict[str, dict[str, Article]]) -> None:
    for topic in ("opening-hours", "holiday-hours"):
        assert {"7:30", "22:00"} <= numbers(pairs[topic]["zh"].body).keys()
