"""The shipped catalogue: complete in both languages, with fields that code fills in."""

import ast
import re
import string
from pathlib import Path
from typing import Final, get_args

import pytest
from babel.messages.pofile import PoFileError, read_po

from cli.catalogue import read_catalogue, shipped_catalogue
from core.i18n import UnknownMessage
from core.localized import UI_LANGUAGES, UiLanguage
from core.model.cards import StaffAction
from core.model.health import Status
from core.taxonomy import RISKS, Severity
from listeners.spread.incidents.incident import Reason
from tests.source_tree import Module, docstrings, modules, parsed

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "core" / "locale"
FIELDS: Final = {
    "shopper": {"number", "within", "answer", "n"},
    "staff": {
        *("reason", "subject", "channel", "due", "owner", "hours", "status", "number", "count"),
        *("severity", "title", "brand", "incident"),
        *("rule", "intent", "sentiment", "complaint", "category", "risk", "article", "confidence"),
    },
    "spread": {
        *("brand", "headline", "authors", "channel", "posts", "first", "last", "harm"),
        *("final", "low", "high", "text", "value"),
    },
    "connector": {
        *("name", "since", "hours", "kept", "source", "most", "oldest", "spent", "until"),
        *("who", "place", "url", "reason"),
    },
    "telegram": {"severity", "title", "by", "account"},
    "cli": {"rows", "customer", "records", "new", "key", "minutes", "store"},
}
"""Fields that the code of each part fills in; the pages of the console are rendered in tests."""
WITHOUT_TEXTS: Final = ("cli", "console", "core", "responders", "storage", "moderation", "run.py")
"""Packages that say everything through the catalogue."""
READS_CHINESE: Final = (
    "moderation/contacts.py",
    "moderation/inbound.py",
    "moderation/masking.py",
    "moderation/numbers.py",
    "responders/answering/context.py",
)
"""Modules that look for Chinese words in texts."""
CHINESE_WORD: Final = re.compile(r"[\u4e00-\u9fff]{2}")
NUMBER: Final = {"n"}
"""A plural form may leave the number out: ``within one hour``."""


def forms(language: str) -> dict[str, tuple[str, ...]]:
    """Ids to the text or its plural forms, as they are in the file."""
    with (FOLDER / f"{language}.po").open("rb") as source:
        messages = list(read_po(source, locale=language, abort_invalid=True))
    found = {}
    for one in messages:
        texts = (one.string,) if isinstance(one.string, str) else tuple(one.string or ())
        found[one.id if isinstance(one.id, str) else one.id[0]] = texts
    del found[""]
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


TEXTS: Final = {language: forms(language) for language in UI_LANGUAGES}


def test_every_language_has_the_same_ids() -> None:
    assert TEXTS["zh"].keys() == TEXTS["en"].keys()
    assert shipped_catalogue().ids == TEXTS["zh"].keys()


@pytest.mark.parametrize("language", UI_LANGUAGES)
def test_no_id_is_defined_twice_and_no_text_is_empty_or_fuzzy(language: UiLanguage) -> None:
    source = (FOLDER / f"{language}.po").read_text("utf-8")
    defined = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
    assert len(defined) == len(set(defined)) == len(TEXTS[language])
    assert [id_ for id_, texts in TEXTS[language].items() if not all(map(str.strip, texts))] == []
    assert "#, fuzzy" not in source


def test_a_text_has_the_same_known_fields_in_every_language() -> None:
    for id_, chinese in TEXTS["zh"].items():
        found = [fields(text) for text in (*chinese, *TEXTS["en"][id_])]
        assert len({frozenset(one - NUMBER) for one in found}) == 1, id_
        part = id_.partition(".")[0]
        if part in FIELDS:
            assert set().union(*found) <= FIELDS[part], id_


def test_the_plural_form_for_many_has_the_number() -> None:
    for language in UI_LANGUAGES:
        for id_, texts in TEXTS[language].items():
            if len(TEXTS["en"][id_]) > 1:
                assert fields(texts[-1]) >= NUMBER, id_


@pytest.mark.parametrize(
    ("group", "terms"),
    [
        ("staff.status_", get_args(Status)),
        ("severity.", get_args(Severity)),
        ("risk.", RISKS),
        ("spread.reason.", get_args(Reason)),
        ("telegram.button.", tuple(StaffAction)),
    ],
)
def test_every_term_that_completes_an_id_has_a_text(group: str, terms: tuple[str, ...]) -> None:
    assert terms
    assert {f"{group}{term}" for term in terms} - shipped_catalogue().ids == set()


@pytest.mark.parametrize(
    "name", sorted({"shopper", "staff", "spread", "connector", "telegram", "cli"})
)
def test_every_id_in_the_code_of_a_part_is_in_the_catalogue(name: str) -> None:
    catalogue, used = shipped_catalogue(), set[str]()
    for folder in ("cli", "connectors", "listeners/spread/incidents", "responders"):
        for file in (ROOT / folder).rglob("*.py"):
            used |= set(re.findall(rf'[^f]"({name}\.[a-z_.]+)"', file.read_text("utf-8")))
    assert used - catalogue.ids == set()
    assert used or name in {"telegram", "connector"}, "their ids are put together"


def inline_texts(module: Module) -> list[str]:
    """Chinese words in strings of the code, where a message of the catalogue belongs."""
    of_docstrings = {line for line, _ in docstrings(module)}
    return [
        f"{module.file}:{node.lineno}: {node.value}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.lineno not in of_docstrings
        and CHINESE_WORD.search(node.value)
    ]


def test_no_text_for_people_stands_in_the_code() -> None:
    among = [one for one in modules(*WITHOUT_TEXTS) if one.file not in READS_CHINESE]
    assert [place for one in among for place in inline_texts(one)] == []
    assert all(inline_texts(one) for one in modules(*READS_CHINESE)), "no longer an exception"


def test_a_text_in_the_code_is_caught() -> None:
    source = '''"""Reads 面包."""\nx = f"{file}: 备份完成 written"\ny = "，。！"\n'''
    assert inline_texts(parsed("cli.a", "cli/a.py", source)) == ["cli/a.py:2: : 备份完成 written"]


def test_variants_for_shoppers_are_numbered_from_one() -> None:
    ids = [id_.rpartition(".") for id_ in TEXTS["zh"] if id_.startswith("shopper.")]
    names = {name for name, _, number in ids if number.isdecimal()}
    assert {"shopper.thanks", "shopper.command.stopped"} <= names
    for name in names:
        found = shipped_catalogue().variants(name)
        assert found == tuple(f"{name}.{n}" for n in range(1, len(found) + 1))


def test_a_file_that_is_no_catalogue_is_an_error(tmp_path: Path) -> None:
    for language in UI_LANGUAGES:
        (tmp_path / f"{language}.po").write_text('message "x"\n', encoding="utf-8")
    with pytest.raises(PoFileError):
        read_catalogue(tmp_path)


def test_a_fuzzy_or_empty_message_is_left_out(tmp_path: Path) -> None:
    text = '#, fuzzy\nmsgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr ""\n\nmsgid "c"\nmsgstr "C"\n'
    for language in UI_LANGUAGES:
        (tmp_path / f"{language}.po").write_text(text, encoding="utf-8")
    catalogue = read_catalogue(tmp_path)
    assert catalogue.ids == {"c"}
    with pytest.raises(UnknownMessage):
        catalogue.say("a", "en")
