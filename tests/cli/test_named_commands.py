"""Every command that a text tells somebody to run exists, with the options it is told with."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from typer.core import TyperCommand

from cli.catalogue import shipped_catalogue
from core.errors import StoreError
from core.localized import UI_LANGUAGES
from storage.encryption import parse_key
from tests.cli.test_every_command import FOUND, named

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = (
    *("cli", "connectors", "console", "core", "listeners", "moderation", "responders", "storage"),
)
RUN: Final = re.compile(r"(?:run\.py|(?:^|[`$\n])tingfeng) ((?:--?)?[a-z][a-z-]*(?: [^`\n]*)?)")
NO_COMMANDS: Final = frozenset({"rows 1", "key ring", "sentiment"})
"""What follows our name in the heads of files."""


def literals() -> Iterator[tuple[str, str]]:
    """Every text in the code of the product, docstrings included, with its file."""
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield str(file.relative_to(ROOT)), node.value
    for file in sorted((ROOT / "console" / "templates").glob("*.html")):
        yield file.name, file.read_text("utf-8")


def messages() -> Iterator[tuple[str, str]]:
    """Every text of the catalogue, in each language."""
    catalogue = shipped_catalogue()
    for id_ in sorted(catalogue.ids):
        for language in UI_LANGUAGES:
            yield id_, catalogue.find(id_, language) or ""


def documents() -> Iterator[tuple[str, str]]:
    for file in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))):
        yield str(file.relative_to(ROOT)), file.read_text("utf-8")


def told() -> list[tuple[str, str]]:
    """What texts tell people to run, with the place of the text."""
    return [
        (place, found[1])
        for texts in (messages(), literals(), documents())
        for place, text in texts
        for found in RUN.finditer(" ".join(text.split(" ")))
        if not any(found[1].startswith(words) for words in NO_COMMANDS)
    ]


def command_of(words: str) -> TyperCommand | None:
    for path in sorted(FOUND, key=len, reverse=True):
        if re.match(rf"{' '.join(path)}(?![\w-])", words):
            return named(path)
    return None


def mistakes(told: list[tuple[str, str]]) -> list[str]:
    found = []
    for place, words in told:
        command = command_of(words)
        if command is None:
            found.append(f"{place}: there is no `run.py {words}`")
            continue
        known = {option for one in command.params for option in one.opts}
        options = re.findall(r"(?<= )--[a-z][a-z-]*", words)
        found += [f"{place}: {words}: no {option}" for option in options if option not in known]
    return found


def test_every_command_that_is_told_exists() -> None:
    found = told()
    assert len(found) > 30, "the texts were not found"
    assert mistakes(found) == []


@pytest.mark.parametrize(
    "words",
    ["new-key", "serv", "doctr --mend", "backtest", "try-it", "check --lives", "restor F"],
)
def test_the_check_notices_a_command_that_is_not_there(words: str) -> None:
    assert mistakes([("here", words)])


@pytest.mark.parametrize(
    "key", ["", " ", "x", "=" * 43, "A" * 42, "A" * 45, "密钥", "A" * 43 + "!", "0" * 64, "A" * 86]
)
def test_a_bad_key_names_the_command_that_makes_one(key: str) -> None:
    with pytest.raises(StoreError, match=r"python run\.py ([a-z-]+)") as caught:
        parse_key(key)
    assert mistakes([("parse_key", found) for found in RUN.findall(str(caught.value))]) == []
