"""Word lists of moderation, and a search for their words in obfuscated texts."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from core.errors import ConfigError, Problem
from core.settings import Section
from core.text import normalised, with_single_spaces, without_spaces
from core.validation import validate

_LATIN: Final = re.compile(r"[a-z0-9]")

Word = Annotated[str, Field(min_length=2)]


class SpamWordLists(Section):
    """Words that advertisements use."""

    offers: tuple[Word, ...]
    contact: tuple[Word, ...]


class PromiseWordLists(Section):
    """Promises that no reply may make for the brand."""

    banned: tuple[Word, ...]


class WordLists(Section):
    """The contents of moderation/word_lists.toml."""

    spam: SpamWordLists
    promises: PromiseWordLists


def parse_words(text: str) -> WordLists:
    """Parse a file of the shape of moderation/word_lists.toml.

    Raises ConfigError with every mistake.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(key="(words)", message=f"not TOML: {error}", remedy="Correct that line.")
        raise ConfigError((problem,)) from error
    problems: list[Problem] = []
    lists = validate(WordLists, tree, "words", problems)
    if lists is None:
        raise ConfigError(tuple(problems))
    return lists


def shipped_words() -> WordLists:
    """The lists that ship with Tingfeng."""
    return parse_words(Path(__file__).with_name("word_lists.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, kw_only=True, slots=True)
class FoldedText:
    """A text in the two forms that are searched."""

    spaced: str
    """With single spaces, for words that begin with a Latin letter or digit."""
    solid: str
    """Without spaces, for Chinese words, which may be spaced out."""


def fold_for_search(text: str) -> FoldedText:
    """Fold width, case and invisible characters."""
    folded = normalised(text).casefold()
    return FoldedText(spaced=with_single_spaces(folded), solid=without_spaces(folded))


class WordFinder:
    """Searches folded texts for the words of a list; Latin words match as whole words only."""

    def __init__(self, words: Iterable[str]) -> None:
        folded = [fold_for_search(word) for word in words]
        self._latin = _any_of(_whole(w.spaced.strip()) for w in folded if _LATIN.match(w.solid))
        self._solid = _any_of(re.escape(w.solid) for w in folded if not _LATIN.match(w.solid))

    def found(self, text: FoldedText) -> list[str]:
        """The distinct listed words in the text, in folded form."""
        hits = (*self._latin.findall(text.spaced), *self._solid.findall(text.solid))
        return list(dict.fromkeys(hits))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(patterns, key=len, reverse=True)) or r"(?!)")


def _whole(word: str) -> str:
    before = r"(?<![a-z0-9])"
    after = r"(?![a-z0-9])" if _LATIN.match(word[-1]) else ""
    return before + re.escape(word) + after
