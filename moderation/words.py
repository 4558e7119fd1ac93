"""The word lists that ship with moderation, and how a text is compared with them."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from core.config import validate
from core.errors import ConfigError, Problem
from core.settings import Section

_INVISIBLE: Final = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_SPACE: Final = re.compile(r"\s+")
_LATIN: Final = re.compile(r"[a-z0-9]")

Word = Annotated[str, Field(min_length=2)]


class SpamWordLists(Section):
    """Words of advertising."""

    offers: tuple[Word, ...]
    contact: tuple[Word, ...]


class PromiseWordLists(Section):
    """Words nobody may say for the brand."""

    banned: tuple[Word, ...]


class WordLists(Section):
    """All lists of moderation/words.toml."""

    spam: SpamWordLists
    promises: PromiseWordLists


def parse_words(text: str) -> WordLists:
    """Read a file shaped like moderation/words.toml; raises ConfigError with every mistake."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(key="(words)", message=f"not TOML: {error}", remedy="Mend that line.")
        raise ConfigError((problem,)) from error
    problems: list[Problem] = []
    lists = validate(WordLists, tree, "words", problems)
    if lists is None:
        raise ConfigError(tuple(problems))
    return lists


def shipped_words() -> WordLists:
    """The lists that come with Tingfeng."""
    return parse_words(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, kw_only=True, slots=True)
class FoldedText:
    """A text in the two forms that words are looked for in."""

    spaced: str
    """Spaces kept, one each; for words that begin in Latin letters or digits."""
    solid: str
    """Without spaces; for Chinese words, which may be pulled apart."""


def fold_for_search(text: str) -> FoldedText:
    """Fold width, case and invisible characters away."""
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return FoldedText(spaced=_SPACE.sub(" ", folded), solid=_SPACE.sub("", folded))


class WordFinder:
    """Finds the words of a list, however they are dressed; Latin ones only as whole words."""

    def __init__(self, words: Iterable[str]) -> None:
        folded = [fold_for_search(word) for word in words]
        self._latin = _any_of(_whole(w.spaced.strip()) for w in folded if _LATIN.match(w.solid))
        self._solid = _any_of(re.escape(w.solid) for w in folded if not _LATIN.match(w.solid))

    def found(self, text: FoldedText) -> list[str]:
        """The words in the text, each once, in their folded form."""
        hits = (*self._latin.findall(text.spaced), *self._solid.findall(text.solid))
        return list(dict.fromkeys(hits))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(patterns, key=len, reverse=True)) or r"(?!)")


def _whole(word: str) -> str:
    before = r"(?<![a-z0-9])"
    after = r"(?![a-z0-9])" if _LATIN.match(word[-1]) else ""
    return before + re.escape(word) + after
