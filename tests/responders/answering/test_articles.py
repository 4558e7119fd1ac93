"""Articles as files: what is read, and every mistake at once."""

import pytest

from core.errors import ConfigError
from core.model.articles import Article
from responders.answering.content import parse_article, parse_articles
from tests.responders.builders import EXAMPLE

GOOD = """+++
id = "parking"
language = "en"
title = "Parking"
questions = ["Can I park?"]
category = "environment"
+++

Two hours are **free**.

+++ is no fence here.
"""


def test_an_article_is_parsed() -> None:
    assert parse_article(GOOD, "parking.en.md") == Article(
        id="parking",
        language="en",
        title="Parking",
        body="Two hours are **free**.\n\n+++ is no fence here.",
        questions=("Can I park?",),
        category="environment",
    )


def test_windows_line_ends_are_read() -> None:
    assert parse_article("\ufeff" + GOOD.replace("\n", "\r\n"), "x") == parse_article(GOOD, "x")


@pytest.mark.parametrize("text", ["", "Just text.", '+++\nid = "a"\n', "\n" + GOOD])
def test_a_missing_head_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"x\.md: the TOML head is missing\. Begin the file"):
        parse_article(text, "x.md")


def test_a_head_that_is_not_toml_is_named() -> None:
    with pytest.raises(ConfigError, match=r"x\.md: the head is not valid TOML"):
        parse_article("+++\nid = \n+++\ntext", "x.md")


def test_every_mistake_of_a_file_is_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_article('+++\nid = "A b"\nlanguage = "fr"\ntitel = "x"\n+++\n', "x.md")
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"x.md", "x.md.id", "x.md.language", "x.md.title", "x.md.titel"}


def test_every_mistake_of_every_file_is_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_articles([("a.md", GOOD), ("b.md", "?"), ("c.md", GOOD), ("d.md", "?")])
    problems = caught.value.problems
    assert [problem.key for problem in problems] == ["b.md", "c.md", "d.md"]
    assert "is already in a.md" in problems[1].message


def test_the_example_has_every_article_in_both_languages() -> None:
    articles = parse_articles((path.name, path.read_text("utf-8")) for path in EXAMPLE.glob("*.md"))
    chinese = {article.id for article in articles if article.language == "zh"}
    english = {article.id for article in articles if article.language == "en"}
    assert chinese == english
    assert len(chinese) >= 40
