"""The operator's files: articles of the knowledge base, and the playbook.

An article is a Markdown file that begins with TOML between two ``+++`` lines.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from core.errors import ConfigError, Problem, collect
from core.model.articles import Article
from core.settings import Section, Settings
from core.validation import validate
from responders.answering.playbook import Playbook, Vocabulary, parse_playbook

_FENCE: Final = "+++"

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class ArticleHead(Section):
    """The TOML head of an article."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    language: Literal["zh", "en"]
    title: Text
    questions: tuple[Text, ...] = ()
    category: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """All articles, and the playbook."""

    articles: tuple[Article, ...]
    playbook: Playbook


def read_content(settings: Settings, folder: Path, vocabulary: Vocabulary) -> Content:
    """Read the articles and the playbook of a configuration.

    Args:
        settings: names the folder of articles and the playbook.
        folder: relative paths in the settings start here.
        vocabulary: names that rules may use; brands are added to it.

    Raises:
        ConfigError: with every mistake in all files.
    """
    known = replace(
        vocabulary,
        brands=frozenset(brand.id for brand in settings.brands),
    )
    problems: list[Problem] = []
    articles = collect(
        lambda: parse_articles(_articles(folder / settings.knowledge.folder)), problems
    )
    rules = collect(
        lambda: parse_playbook(_read(folder / settings.playbook.file, "playbook.file"), known),
        problems,
    )
    if articles is None or rules is None:
        raise ConfigError(tuple(problems))
    return Content(articles=articles, playbook=rules)


def parse_articles(files: Iterable[tuple[str, str]]) -> tuple[Article, ...]:
    """Parse pairs of file name and text; raises ConfigError with every mistake in all files.

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
                    message=f"编号重复 {article.id!r} in {article.language!r} is already in "
                    f"{found[key][0]}",
                    remedy="请换一个编号，或删掉一篇 Give it another id, or remove one of the two.",
                )
            )
        else:
            found[key] = (name, article)
    if problems:
        raise ConfigError(tuple(problems))
    return tuple(article for _, article in found.values())


def parse_article(text: str, name: str) -> Article:
    """Parse one file; raises ConfigError with every mistake, under the key ``name``."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    fences = [number for number, line in enumerate(lines) if line.rstrip() == _FENCE][:2]
    if len(fences) < 2 or fences[0] != 0:
        raise _mistake(
            name,
            "缺少 TOML 文件头 the TOML head is missing",
            f"文件要以两行 {_FENCE} 之间的 TOML 开头 "
            f"Begin the file with TOML between {_FENCE} lines.",
        )
    try:
        tree = tomllib.loads("\n".join(lines[1 : fences[1]]))
    except tomllib.TOMLDecodeError as error:
        raise _mistake(
            name, f"文件头不是有效的 TOML the head is not valid TOML: {error}", "请改正 Correct it."
        ) from error
    problems: list[Problem] = []
    head = validate(ArticleHead, tree, name, problems)
    body = "\n".join(lines[fences[1] + 1 :]).strip()
    if not body:
        problems.append(
            Problem(
                key=name,
                message="文章没有正文 the article has no text",
                remedy="请写在文件头下面 Add it below the head.",
            )
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


def _articles(folder: Path) -> list[tuple[str, str]]:
    files = sorted(folder.glob("*.md"))
    if not files:
        raise _mistake(
            "knowledge.folder",
            f"{folder} 里没有文章 contains no article (*.md)",
            "请指定文章所在的文件夹 "
            "Name the folder of articles; docs/reference/playbook.md shows one.",
        )
    return [(file.name, _read(file, "knowledge.folder")) for file in files]


def _read(file: Path, key: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _mistake(
            key,
            f"{file} 读不了 cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})",
            "请指定一个能读的 UTF-8 文件 Name a readable file in UTF-8.",
        ) from error


def _mistake(key: str, message: str, remedy: str) -> ConfigError:
    return ConfigError((Problem(key=key, message=message, remedy=remedy),))
