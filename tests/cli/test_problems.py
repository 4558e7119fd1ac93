"""Every mistake of a configuration is said in Chinese and in English."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from cli.problems import in_every_language
from core.validation import MESSAGES, OTHER
from tests.source_tree import modules

WORD: Final = re.compile("[a-z]{2}")
CHINESE: Final = re.compile("[一-鿿]")
PACKAGES: Final = (
    *("cli", "connectors", "console", "core", "listeners", "moderation", "responders", "storage"),
)
NAMES: Final = frozenset({"Problem", "_mistake"})
KEYS: Final = frozenset({"knowledge.folder"})
"""Keys that are passed by position."""


def example(node: ast.expr) -> str | None:
    """The text of a literal, with ``x`` for what is filled in; ``None`` for a variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
        return "".join(map(str, parts))
    return None


def said() -> Iterator[tuple[str, str]]:
    """Messages and remedies in the code, each with its place."""
    for module in modules(*PACKAGES):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMES:
                given = [one.value for one in node.keywords if one.arg in {"message", "remedy"}]
                for value in (*node.args, *given):
                    text = example(value)
                    if text is not None and text not in KEYS and WORD.search(text):
                        yield f"{module.file}:{node.lineno}", text


def test_every_message_and_remedy_is_in_the_catalogue() -> None:
    found = list(said())
    assert len(found) > 50
    missing = [(where, text) for where, text in found if in_every_language(text) == text]
    assert missing == []


@pytest.mark.parametrize("text", [*MESSAGES.values(), OTHER])
def test_every_message_of_validation_is_in_the_catalogue(text: str) -> None:
    filled = re.sub(r"\{[^}]*\}", "7", text)
    both = in_every_language(filled)
    assert both.endswith(filled)
    assert CHINESE.search(both)
    assert "{" not in both


def test_what_differs_is_filled_in() -> None:
    assert in_every_language("there is no brand 'pine'") == (
        "没有品牌 'pine' there is no brand 'pine'"
    )
    either = in_every_language("has to be a number, without quotes; or: takes only 'max'")
    assert either.startswith("要写成数字")
    assert "只能是 'max'" in either


@pytest.mark.parametrize("text", ["", "something else", "; or: ", "is missing something"])
def test_an_unknown_text_stays_as_it_is(text: str) -> None:
    assert in_every_language(text) == text
