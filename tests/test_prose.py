"""The words of the project: plain docstrings, terms of the field, narrow pages.

Run with ``-s`` to see every place that is found. Each check is shown to fail on a planted fault.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import pytest

from tests.retired_words import RETIRED, Retired, found, in_names, in_prose
from tests.source_tree import (
    PACKAGES,
    ROOT,
    Module,
    docstrings,
    modules,
    parsed,
    relative,
    tracked,
)

WIDEST: Final = 120
"""Characters of a line of a document have to be fewer."""
WIDE_PAGES: Final[Mapping[str, int]] = {}
"""Wide lines that a page may still have. To be emptied."""
PLACES: Final[Mapping[str, int]] = {"freeze": 8}
"""Places where a retired word may stand, by word: the names of tables and keys that are stored."""
_QUESTION: Final = re.compile(r"\s*(what|how|who|where|whose|whom|why)\b", re.IGNORECASE)


def questions(module: Module) -> list[str]:
    """Docstrings that begin like a question; file, line and first line of each."""
    return [
        f"{module.file}:{line}: {text.strip().splitlines()[0]}"
        for line, text in docstrings(module)
        if _QUESTION.match(text)
    ]


def wide(lines: Sequence[str]) -> list[int]:
    """Numbers of the lines that are too wide."""
    return [number for number, line in enumerate(lines, 1) if len(line) >= WIDEST]


def test_docstrings_say_what_a_thing_does() -> None:
    everything = modules("run.py", *PACKAGES, "benchmarks", "examples", "tests")
    assert [place for module in everything for place in questions(module)] == []


@pytest.mark.parametrize("row", RETIRED, ids=lambda row: row.word)
def test_retired_words_do_not_come_back(row: Retired) -> None:
    places = found(row)
    print(f"\n{row.word} ({row.use}): {len(places)}")
    print("\n".join(places))
    assert len(places) <= PLACES.get(row.word, 0), (
        f"say {row.use!r} instead of {row.word!r}:\n" + "\n".join(places)
    )


def test_the_allowance_names_retired_words_alone() -> None:
    assert set(PLACES) <= {row.word for row in RETIRED}


def test_lines_of_documents_are_narrow() -> None:
    offenders = [
        (relative(page), number)
        for page in tracked("*.md")
        if not page.is_relative_to(ROOT / "examples")  # articles are sent line by line
        for number in wide(page.read_text("utf-8").splitlines())
    ]
    counts = {page: len(list(lines)) for page, lines in groupby(offenders, lambda each: each[0])}
    over = {page: count for page, count in counts.items() if count > WIDE_PAGES.get(page, 0)}
    assert over == {}, [each for each in offenders if each[0] in over]


def test_pages_that_may_be_wide_exist() -> None:
    assert [page for page in WIDE_PAGES if not (ROOT / page).exists()] == []


def test_a_question_is_caught() -> None:
    source = '''
"""Why it is there."""

CONSTANT: Final = 1
"""How much it is."""


class A:
    """How long it takes."""

    x: int = 1
    """Whose it is."""
    y = "What is not a docstring"

    def f(self):
        """Seconds until the next try."""
        """What is no docstring either."""
        self.z = 1
        """Where it is."""
'''
    assert questions(parsed("a", "a.py", source)) == [
        "a.py:2: Why it is there.",
        "a.py:5: How much it is.",
        "a.py:9: How long it takes.",
        "a.py:12: Whose it is.",
        "a.py:19: Where it is.",
    ]


def test_a_wide_line_is_caught() -> None:
    assert wide(["x" * 119, "x" * 120, "字" * 120]) == [2, 3]


@pytest.mark.parametrize(
    ("word", "source", "count"),
    [
        ("courier", "class CourierError: ...", 1),
        ("courier", "the_couriers = my_courier.x", 2),
        ("courier", "recourier = 1", 0),
        ("told", "def told(): ...", 1),
        ("told", "x.told_at = 1", 0),
        ("turns", "class Turns: ...", 1),
        ("turns", "turns = 1", 0),
        ("freeze", "@dataclass(frozen=True)\nclass A: ...", 0),
        ("freeze", "from core.freezes import Freezer", 1),
        ("case", "match x:\n    case 1: ...", 0),
        ("case", "open_cases = 1", 1),
    ],
)
def test_a_retired_name_is_caught(word: str, source: str, count: int) -> None:
    [row] = [each for each in RETIRED if each.word == word]
    assert len(list(in_names(row, parsed("core.a", "core/a.py", source)))) == count


def test_a_retired_name_of_a_file_is_caught() -> None:
    [row] = [each for each in RETIRED if each.word == "heir"]
    assert list(in_names(row, parsed("core.heir", "core/heir.py", ""))) == [
        "core/heir.py: the name of the file"
    ]


@pytest.mark.parametrize(
    ("word", "text", "count"),
    [
        ("matter", "It is no matter.", 0),
        ("matter", "It does not matter.", 0),
        ("matter", "News about the same\nmatter.", 0),
        ("matter", "Posts about one matter, or two matters.", 2),
        ("told", "Staff are told of it.", 1),
        ("told", "They told us.", 0),
        ("freeze", "Freezes replies.", 1),
        ("freeze", "A frozen dataclass.", 0),
        ("kinship", "KINSHIP", 1),
    ],
)
def test_a_retired_word_is_caught(word: str, text: str, count: int) -> None:
    [row] = [each for each in RETIRED if each.word == word]
    assert len(list(in_prose(row, "a.md", 1, text))) == count
