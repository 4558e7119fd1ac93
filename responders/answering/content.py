"""What the operator writes for the responders: articles and the playbook, read from files."""

from dataclasses import dataclass, replace
from pathlib import Path

from core.articles import Article
from core.errors import ConfigError, Problem, collect
from core.settings import Settings
from responders.answering.articles import parse_articles
from responders.answering.playbook import Playbook, Vocabulary, parse_playbook
from responders.templates import shipped_catalogue


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Both, without a mistake."""

    articles: tuple[Article, ...]
    playbook: Playbook


def read_content(settings: Settings, folder: Path, vocabulary: Vocabulary) -> Content:
    """Read the articles and the playbook; raises ConfigError with every mistake.

    ``folder``: relative paths start here. ``vocabulary``: what rules may name; the brands and
    texts are added to it.
    """
    known = replace(
        vocabulary,
        brands=frozenset(brand.id for brand in settings.brands),
        texts=shipped_catalogue().shopper_keys,
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


def _articles(folder: Path) -> list[tuple[str, str]]:
    files = sorted(folder.glob("*.md"))
    if not files:
        problem = Problem(
            key="knowledge.folder",
            message=f"{folder} holds no article (*.md)",
            remedy="Name the folder of articles; docs/reference/playbook.md shows one.",
        )
        raise ConfigError((problem,))
    return [(file.name, _read(file, "knowledge.folder")) for file in files]


def _read(file: Path, key: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(
            key=key,
            message=f"{file} cannot be read ({error})",
            remedy="Name a file in UTF-8 that this user may read.",
        )
        raise ConfigError((problem,)) from error
