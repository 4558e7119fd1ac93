"""Articles of the knowledge base as files: TOML between ``+++`` lines, then Markdown."""

import tomllib
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field

from core.articles import Article
from core.config import validate
from core.errors import ConfigError, Problem
from core.settings import Section

_FENCE: Final = "+++"

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Head(Section):
    """What stands between the ``+++`` lines."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    language: Literal["zh", "en"]
    title: Text
    questions: tuple[Text, ...] = ()
    category: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] = "other"


def parse_article(text: str, name: str) -> Article:
    """Read one file; raises ConfigError with every mistake, each under ``name``."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    fences = [number for number, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    if len(fences) < 2 or fences[0] != 0:
        raise _mistake(
            name, "the head is missing", f"Begin with a line {_FENCE}, and end the head with one."
        )
    try:
        tree = tomllib.loads("\n".join(lines[1 : fences[1]]))
    except tomllib.TOMLDecodeError as error:
        raise _mistake(name, f"the head is not TOML: {error}", "Mend that line.") from error
    problems: list[Problem] = []
    head = validate(Head, tree, name, problems)
    body = "\n".join(lines[fences[1] + 1 :]).strip()
    if not body:
        problems.append(
            Problem(key=name, message="the article has no text", remedy="Write it below the head.")
        )
    if head is None or problems:
        raise ConfigError(tuple(problems))
    return Article(
        id=head.id,
        language=head.language,
        title=head.title,
        body=body,
        questions=head.questions,
        category=head.category,
    )


def parse_articles(files: Iterable[tuple[str, str]]) -> tuple[Article, ...]:
    """Read (name, text) pairs; raises ConfigError with every mistake of every file.

    Two files with the same id and language are a mistake.
    """
    problems: list[Problem] = []
    found: dict[tuple[str, str], tuple[str, Article]] = {}
    for name, text in files:
        try:
            article = parse_article(text, name)
        except ConfigError as error:
            problems += error.problems
            continue
        key = (article.id, article.language)
        if key in found:
            problems.append(
                Problem(
                    key=name,
                    message=f"{article.id!r} in {article.language!r} is already in {found[key][0]}",
                    remedy="Give it another id, or remove one of the two.",
                )
            )
        else:
            found[key] = (name, article)
    if problems:
        raise ConfigError(tuple(problems))
    return tuple(article for _, article in found.values())


def _mistake(name: str, message: str, remedy: str) -> ConfigError:
    return ConfigError((Problem(key=name, message=message, remedy=remedy),))
