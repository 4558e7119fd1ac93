"""The word lists that ship with moderation, and how a text is compared with them."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from core.config import Section, validate
from core.errors import ConfigError, Problem

_INVISIBLE: Final = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_SPACE: Final = re.compile(r"\s+")
_LATIN_EDGE: Final = re.compile(r"[a-z0-9]")

Word = Annotated[str, Field(min_length=2)]


class Spam(Section):
    """Words of advertising."""

    offers: tuple[Word, ...]
    contact: tuple[Word, ...]


class Promises(Section):
    """Words nobody may say for the brand."""

    banned: tuple[Word, ...]


class WordLists(Section):
    """All lists of moderation/words.toml."""

    spam: Spam
    promises: Promises


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
class Comparable:
    """A text in the two forms that words are looked for in."""

    spaced: str
    """Spaces kept, one each; for words in Latin letters, which begin and end at a word's edge."""
    solid: str
    """Without spaces; for Chinese words, which may be pulled apart."""

    def holds(self, word: str) -> bool:
        """True where ``word``, itself folded by ``comparable``, is in the text."""
        if not _LATIN_EDGE.match(word):
            return _SPACE.sub("", word) in self.solid
        start = self.spaced.find(word)
        while start >= 0:
            end = start + len(word)
            if not _joins(self.spaced[start - 1 : start], word[0]) and not _joins(
                word[-1], self.spaced[end : end + 1]
            ):
                return True
            start = self.spaced.find(word, start + 1)
        return False


def comparable(text: str) -> Comparable:
    """Fold width, case and invisible characters away."""
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return Comparable(spaced=_SPACE.sub(" ", folded), solid=_SPACE.sub("", folded))


def fold_word(word: str) -> str:
    """A word of a list in the form that ``Comparable.holds`` expects."""
    return comparable(word).spaced.strip()


def _joins(left: str, right: str) -> bool:
    return bool(_LATIN_EDGE.fullmatch(left) and _LATIN_EDGE.fullmatch(right))
