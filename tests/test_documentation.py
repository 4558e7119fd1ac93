"""The documentation names what the code has, and its links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel

from core.settings import Settings
from tests.source_tree import PACKAGES, ROOT, relative, tracked

PAGES: Final = tracked("*.md")
WRITTEN_BY_READERS: Final = frozenset(
    {
        "connectors/guestbook.py",
        "console/pages/late.py",
        "docs/reference/channels/guestbook.md",
        "responders/alerting/receivers/mattermost.py",
        "tests/connectors/rigs/guestbook.py",
        "tests/connectors/test_guestbook.py",
        "tests/responders/alerting/receivers/rigs/mattermost_rig.py",
    }
)
"""Files that how-to guides create."""
_FOLDERS: Final = "|".join((*PACKAGES, "benchmarks", "docs", "examples", "tests"))
_PATH: Final = re.compile(rf"(?<![\w/.-])(?:{_FOLDERS})(?:/[\w.-]+)+\.(?:py|md|toml|po|json|npz)\b")
_LINK: Final = re.compile(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)")


def keys(model: type[BaseModel]) -> set[str]:
    """Names of all keys of a section and of the sections within it."""
    found: set[str] = set()
    for name, info in model.model_fields.items():
        found.add(name)
        for part in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found |= keys(part)
    return found


def anchors(page: Path) -> set[str]:
    """Anchors of ``page`` for links, as sites that show Markdown make them."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path, text: str) -> Iterator[str]:
    """Links of ``text`` to files and headings that are not there."""
    for target, heading in _LINK.findall(text):
        file = page.parent / target if target else page
        if not file.exists() or (heading and heading not in anchors(file)):
            yield f"{relative(page)}: {target}#{heading}"


def missing_files(name: str, text: str) -> Iterator[str]:
    """Paths from the root that ``text`` names and that are not there."""
    for path in sorted(set(_PATH.findall(text)) - WRITTEN_BY_READERS):
        if not (ROOT / path).exists():
            yield f"{name}: {path}"


@pytest.mark.parametrize("page", ["configuration.md", "configuration.zh.md"])
def test_every_configuration_key_is_documented(page: str) -> None:
    words = set(re.findall(r"\w+", (ROOT / "docs/reference" / page).read_text("utf-8")))
    assert keys(Settings) - words == set()


def test_links_between_documents_lead_somewhere() -> None:
    found = [link for page in PAGES for link in broken_links(page, page.read_text("utf-8"))]
    assert found == []


def test_documents_name_files_that_exist() -> None:
    pages = [page for page in PAGES if page.name != "CHANGELOG.md"]
    found = [
        place for page in pages for place in missing_files(relative(page), page.read_text("utf-8"))
    ]
    assert found == []


def test_code_names_documents_that_exist() -> None:
    found = [
        f"{relative(path)}: {name}"
        for path in tracked("*.py", "*.toml", "*.html", "*.po", "*.js")
        if path.is_relative_to(ROOT / "tests") is False
        for name in re.findall(r"docs/[\w/.-]+\.md", path.read_text("utf-8"))
        if not (ROOT / name).exists()
    ]
    assert found == []


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / target).resolve() for target, _ in _LINK.findall(index.read_text("utf-8"))
    }
    pages = {page for page in tracked("docs/*.md") if page != index}
    assert {relative(page) for page in pages - linked} == set()


def test_a_term_of_the_glossary_stands_there_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    terms = re.findall(r"^\| \*\*(.+?)\*\* \|", text, re.MULTILINE)
    assert len(terms) > 30
    assert terms == sorted(set(terms), key=str.lower)


def test_a_broken_link_is_caught() -> None:
    page = ROOT / "README.md"
    assert list(broken_links(page, "[x](docs/none.md) [y](docs/README.md#none) [z](LICENSE)")) == [
        "README.md: docs/none.md#",
        "README.md: docs/README.md#none",
    ]


def test_a_file_that_is_gone_is_caught() -> None:
    assert list(missing_files("x", "`core/none.py`, `core/clock.py`")) == ["x: core/none.py"]
