"""Words that were replaced by the field's terms, and where they may not come back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.source_tree import (
    PACKAGES,
    Module,
    comments,
    lines_by_name,
    modules,
    relative,
    sentences,
    tracked,
    words_of,
)

_ALL: Final = (*PACKAGES, "run.py")


@dataclass(frozen=True, kw_only=True)
class Retired:
    """One word, the term that is used instead, and the places that are searched.

    Each pattern is a regular expression that has to match all of what it is held against.
    """

    word: str
    use: str
    names: str = ""
    """One word of an identifier in lower case: ``my_word``, ``MyWord``, ``myword.py``."""
    whole: str = ""
    """A whole identifier."""
    files: str = ""
    """The name of a module, without its folder."""
    prose: str = ""
    """Words of docstrings, comments, messages and documents; in any case."""
    kept: Sequence[str] = ()
    """Identifiers that stay: fields of what is stored or sent, and options of commands."""
    folders: Sequence[str] = _ALL


RETIRED: Final[Sequence[Retired]] = (
    Retired(word="courier", use="delivery worker", names="couriers?", prose="couriers?"),
    Retired(word="life", use="alert lifecycle", names="life", prose="life of an alert|its life"),
    Retired(word="turns", use="reply limits", files="turns", whole="Turns"),
    Retired(word="heir", use="merge_alerts", names="heirs?|inherit", prose="heirs?"),
    Retired(word="rung", use="EscalationStep", names="rungs?", prose="rungs?"),
    Retired(
        word="told",
        use="notified; Notification",
        names="told|untold",
        prose="(is|are|was|were|be|been|being) told|told of",
        kept=("told_at",),
    ),
    Retired(word="around", use="Context", files="around", whole="Around"),
    Retired(
        word="doubts",
        use="UndeliveredReplies; a reply in doubt",
        names="doubts|doubtful",
        prose="doubts|doubtful",
    ),
    Retired(word="standing", use="pauses, mutes, corrections, tracking", names="standing"),
    Retired(word="past", use="backfill", files="past", whole="Past"),
    Retired(word="gaps", use="silence baseline", files="gaps", whole="Gaps"),
    Retired(word="talked", use="ConversationUpdated", whole="Talked"),
    Retired(word="handled", use="MentionRecord", whole="Handled"),
    Retired(word="shown", use="formatting", files="shown"),
    Retired(word="plain", use="json", files="plain", whole="_plain"),
    Retired(word="words", use="i18n", files="words", whole="Words"),
    Retired(
        word="door",
        use="GuardedRoute; route",
        names="doors?",
        prose="doors?",
        folders=("console", "cli", "core", "run.py"),
    ),
    Retired(word="workshop", use="CliContext", names="workshop", prose="workshop"),
    Retired(
        word="house",
        use="App; application",
        names="houses?",
        prose="(the|a) house",
        folders=(*_ALL, "tests", "benchmarks"),
    ),
    Retired(word="plans", use="LoadedConfig", names="plans"),
    Retired(word="office", use="admin", names="office"),
    Retired(word="upkeep", use="maintenance", names="upkeep", prose="upkeep"),
    Retired(word="people", use="privacy", files="people", folders=("storage", "console", "cli")),
    Retired(
        word="afterthoughts", use="semantic_merge", names="afterthoughts?", prose="afterthoughts?"
    ),
    Retired(word="aboutness", use="relevance", names="aboutness", prose="aboutness"),
    Retired(word="kinship", use="similarity", names="kinship|kin", prose="kinship"),
    Retired(word="loudness", use="baseline", names="loudness", prose="loudness"),
    Retired(word="stretch", use="platt_scaling", names="stretch", prose="stretche[sd]"),
    Retired(
        word="disguise", use="homoglyphs; obfuscation", names="disguised?s?", prose="disguise[ds]?"
    ),
    Retired(word="things", use="parsing", files="things", names="things"),
    Retired(word="wire", use="transport", files="wire"),
    Retired(word="marks", use="cursor", files="marks?", whole="Mark"),
    Retired(
        word="freeze",
        use="pause",
        names="freezes?|freezers?|freezing",
        prose="freezes?|freezers?|freezing",
    ),
    Retired(
        word="case",
        use="incident",
        names="cases?",
        folders=("listeners/spread", "responders", "console"),
    ),
    Retired(
        word="matter",
        use="incident",
        names="matters?",
        prose="(the|a|one|each|another|its|this|that|these|whose|other|known|two|great|same|any|every"
        "|small|lesser|own) matters?(?! of course)|matters (that|in|of)",
    ),
    Retired(word="tongue", use="language", names="tongues?", prose="tongues?"),
)


def in_names(row: Retired, module: Module) -> Iterator[str]:
    """Each place of ``module`` where a name has the word."""
    part, whole = re.compile(row.names or r"(?!)"), re.compile(row.whole or r"(?!)")
    stem = module.name.rpartition(".")[2]
    if re.fullmatch(row.files or r"(?!)", stem) or any(map(part.fullmatch, words_of(stem))):
        yield f"{module.file}: the name of the file"
    for name, lines in lines_by_name(module).items():
        if name not in row.kept and (
            whole.fullmatch(name) or any(map(part.fullmatch, words_of(name)))
        ):
            yield from (f"{module.file}:{line}: {name}" for line in lines)


def in_prose(row: Retired, file: str, line: int, text: str) -> Iterator[str]:
    """Each place of ``text``, which begins on ``line``, that has the word."""
    if not row.prose:
        return
    for match in re.finditer(rf"\b(?:{row.prose})\b", text, re.IGNORECASE):
        yield f"{file}:{line + text.count(chr(10), 0, match.start())}: {match[0]!r}"


def documents() -> tuple[Path, ...]:
    """Pages and the texts of the program, without the articles of the example shop."""
    found = tracked(
        "*.md",
        "core/locale/*.po",
        "console/templates/*.html",
        "responders/**/*.toml",
        "examples/*.toml",
    )
    return tuple(page for page in found if page.parent.name != "knowledge")


def found(row: Retired) -> list[str]:
    """Every place that has the word."""
    places: list[str] = []
    for module in modules(*row.folders):
        places += in_names(row, module)
        for line, text in [*comments(module), *sentences(module)]:
            places += in_prose(row, module.file, line, text)
    for page in documents():
        text = _without_code(page.read_text("utf-8"))
        places += in_prose(row, relative(page), 1, text)
    return list(dict.fromkeys(places))


@cache
def _without_code(text: str) -> str:
    """``text`` with what stands between backticks blanked: names of keys and files keep theirs."""
    return re.sub(r"```.*?```|`[^`\n]*`", lambda m: re.sub(r"\S", " ", m[0]), text, flags=re.DOTALL)
