"""Words of polarity, negation, contrast and sarcasm, read from ``structure_words.toml``."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

WORDS_FILE: Final = Path(__file__).with_name("structure_words.toml")

GOOD: Final = {"zh": "，很好，", "en": " great "}
"""Plain praise in each language, in words that every model knows."""

BAD: Final = {"zh": "，很差，", "en": " terrible "}
"""Plain criticism in each language."""

HAN: Final = re.compile(r"[\u3400-\u9fff]")

_MAX_WORD: Final = 5
_TOKEN: Final = re.compile(r"[a-z][a-z\-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureWords:
    """The words by their function; all in lower case and simplified characters."""

    chinese: dict[str, int]
    """Polarity by word: -1 for bad, 1 for good."""
    english: dict[str, int]
    chinese_cue: re.Pattern[str]
    """A negation with the adverbs behind it; group 1 is the negation alone."""
    english_cues: frozenset[str]
    english_fillers: frozenset[str]
    """Words that may stand between a negation and the word it negates."""
    english_far: re.Pattern[str]
    """Negations of several words: far from, anything but."""
    chinese_skip: re.Pattern[str]
    english_skip: re.Pattern[str]
    chinese_wish: re.Pattern[str]
    english_wish: re.Pattern[str]
    contrast: dict[str, str]
    sarcasm: dict[str, str]
    """Regular expressions by name."""


@cache
def structure_words() -> StructureWords:
    """The contents of the file, parsed once."""
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


def language_of(text: str) -> str:
    """``zh`` for a text with Chinese characters, else ``en``: the keys of GOOD and BAD."""
    return "zh" if HAN.search(text) else "en"


def listed_polarity(text: str) -> int:
    """The polarity on which all listed words of a text agree, -1 or 1; 0 without agreement.

    Chinese words of one character are ignored, since they are part of too many others.
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
