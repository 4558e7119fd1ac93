"""Terms of a question or an article: English stems, Chinese bigrams, and concepts of both."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import model_validator
from snowballstemmer import stemmer

from core.errors import ConfigError, Problem
from core.settings import Section
from core.validation import validate

_PIECE: Final = re.compile(r"(?P<latin>[a-z0-9]+)|(?P<han>[\u3400-\u9fff]+)")
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_LONGEST_PHRASE: Final = 4
_LONGEST_TEXT: Final = 2000
"""Characters of a text that are looked at."""
_CACHED_STEMS: Final = 8192


class Characters(Section):
    """Traditional characters, and the simplified ones at the same places."""

    traditional: str
    simplified: str

    @model_validator(mode="after")
    def _same_length(self) -> "Characters":
        if len(self.traditional) != len(self.simplified):
            raise ValueError("traditional and simplified need the same number of characters")
        return self


class LexiconFile(Section):
    """The structure of tokenizer.toml."""

    stop_zh: tuple[str, ...]
    stop_en: tuple[str, ...]
    concepts: dict[str, tuple[str, ...]]
    characters: Characters


class SearchLexicon:
    """Stop words, concepts and character variants of both languages, compiled."""

    def __init__(self, file: LexiconFile) -> None:
        self._simplified = str.maketrans(file.characters.traditional, file.characters.simplified)
        self._stop = frozenset(map(stem, file.stop_en))
        self._phrases: dict[tuple[str, ...], str] = {}
        han: dict[str, str] = dict.fromkeys(file.stop_zh, "")
        for concept, words in file.concepts.items():
            for word in words:
                if word.isascii():
                    self._phrases[tuple(map(stem, word.split()))] = f"={concept}"
                else:
                    han[word] = f"={concept}"
        self._han = han
        longest_first = sorted(han, key=len, reverse=True)
        self._han_words = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def terms(self, text: str) -> list[str]:
        """Terms of the first 2,000 characters in order, with repeats; concepts begin with ``=``."""
        plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]))
        plain = plain.casefold().replace("'", " ").translate(self._simplified)
        found: list[str] = []
        latin: list[str] = []
        for piece in _PIECE.finditer(plain):
            if piece["latin"] is not None:
                latin.append(stem(piece["latin"]))
                continue
            found += self._words(latin)
            latin = []
            found += self._bigrams(piece["han"])
        return [*found, *self._words(latin)]

    def _words(self, stems: list[str]) -> Iterator[str]:
        at = 0
        while at < len(stems):
            for size in range(_LONGEST_PHRASE, 0, -1):
                concept = self._phrases.get(tuple(stems[at : at + size]))
                if concept is not None:
                    yield concept
                    at += min(size, len(stems) - at)
                    break
            else:
                if stems[at] not in self._stop:
                    yield stems[at]
                at += 1

    def _bigrams(self, run: str) -> Iterator[str]:
        done = 0
        for word in self._han_words.finditer(run):
            yield from _cut(run[done : word.start()])
            if self._han[word[0]]:
                yield self._han[word[0]]
            done = word.end()
        yield from _cut(run[done:])


def _cut(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for at in range(len(run) - 1):
        yield run[at : at + 2]


@lru_cache(maxsize=_CACHED_STEMS)
def stem(word: str) -> str:
    """The stem of an English word by the Snowball algorithm (Porter2), numbers unchanged."""
    # A stemmer keeps the word it works on, so that threads must not share one.
    return str(stemmer("english").stemWord(word))


def parse_lexicon(text: str) -> SearchLexicon:
    """Parse a file like tokenizer.toml; raises ConfigError with every mistake."""
    problems: list[Problem] = []
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(
            key="(lexicon)", message=f"not valid TOML: {error}", remedy="Correct that line."
        )
        raise ConfigError((problem,)) from error
    file = validate(LexiconFile, tree, "lexicon", problems)
    if file is None:
        raise ConfigError(tuple(problems))
    return SearchLexicon(file)


def shipped_lexicon() -> SearchLexicon:
    """The lexicon that comes with Tingfeng."""
    return parse_lexicon(Path(__file__).with_name("tokenizer.toml").read_text(encoding="utf-8"))
