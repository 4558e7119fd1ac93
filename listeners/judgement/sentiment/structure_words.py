"""The words that the structure of a text turns on, read once from ``structure_words.toml``."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

WORDS_FILE: Final = Path(__file__).with_name("structure_words.toml")

GOOD: Final = {"zh": "，很好，", "en": " great "}
"""Plain good news, in words that every model knows."""

BAD: Final = {"zh": "，很差，", "en": " terrible "}

_MAX_WORD: Final = 5
_TOKEN: Final = re.compile(r"[a-z][a-z\-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureWords:
    """What the layers over the n-grams look for; all in lower case and simplified characters."""

    chinese: dict[str, int]
    """-1 for a word that says something bad, 1 for something good."""
    english: dict[str, int]
    chinese_cue: re.Pattern[str]
    """A denial with the adverbs behind it; group 1 is the denial alone."""
    english_cues: frozenset[str]
    english_fillers: frozenset[str]
    """What may stand between a denial and what it denies."""
    english_far: re.Pattern[str]
    """Denials of several words: far from, anything but."""
    chinese_skip: re.Pattern[str]
    english_skip: re.Pattern[str]
    chinese_wish: re.Pattern[str]
    english_wish: re.Pattern[str]
    contrast: dict[str, str]
    sarcasm: dict[str, str]
    """Regular expressions by name."""


@cache
def structure_words() -> StructureWords:
    """The words of the file."""
    tree = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return StructureWords(
        chinese=_signs(tree, "zh"),
        english=_signs(tree, "en"),
        chinese_cue=re.compile(
            f"({_choice(tree['cue']['zh'])})(?:{_choice(tree['degree']['zh'])})*"
        ),
        english_cues=frozenset(tree["cue"]["en"].split()),
        english_fillers=frozenset(tree["degree"]["en"].split()),
        english_far=re.compile(rf"\b(?:{tree['cue']['far']})\b"),
        chinese_skip=re.compile(tree["skip"]["zh"]),
        english_skip=re.compile(rf"\b(?:{tree['skip']['en']})\b"),
        chinese_wish=re.compile(tree["skip"]["zh_wish"]),
        english_wish=re.compile(rf"\b(?:{tree['skip']['en_wish']})\b"),
        contrast=tree["contrast"],
        sarcasm=tree["sarcasm"],
    )


def listed_polarity(text: str) -> int:
    """What the listed words of a text say: -1 or 1 where all agree, 0 where none or not all do.

    Chinese words of one character are left out: they are parts of too many others.
    """
    known = structure_words()
    found = {known.english[token] for token in _TOKEN.findall(text) if token in known.english}
    place = 0
    while place < len(text):
        for length in range(_MAX_WORD, 1, -1):
            if sign := known.chinese.get(text[place : place + length]):
                found.add(sign)
                place += length - 1
                break
        place += 1
    return found.pop() if len(found) == 1 else 0


def _signs(tree: dict[str, dict[str, str]], language: str) -> dict[str, int]:
    bad = dict.fromkeys(tree["bad"][language].split(), -1)
    return bad | dict.fromkeys(tree["good"][language].split(), 1)


def _choice(listed: str) -> str:
    return "|".join(re.escape(word) for word in sorted(listed.split(), key=len, reverse=True))
