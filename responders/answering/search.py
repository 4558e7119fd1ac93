"""Search for the article that answers a question, with a calibrated confidence.

Texts are compared as terms: English stems, Chinese bigrams, and concepts of both languages.

Okapi BM25 over weighted fields picks the candidates. The confidence compares the question with
those that each article lists, weighted by inverse document frequency: a rare term that no article
contains counts against every answer instead of being ignored.

Source of BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009.
"""

import math
import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal

from pydantic import model_validator
from snowballstemmer import stemmer

from core.errors import ConfigError, Problem
from core.model.articles import Answer, Article
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
    """The structure of search.toml."""

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
    """Parse a file like search.toml; raises ConfigError with every mistake."""
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
    return parse_lexicon(Path(__file__).with_name("search.toml").read_text(encoding="utf-8"))


_TITLE: Final = 2.0
_QUESTIONS: Final = 3.0
_BODY: Final = 1.0
_K1: Final = 1.2
_B: Final = 0.6
_CANDIDATES: Final = 8

_UNKNOWN_WORD: Final = 1.3
_UNKNOWN_BIGRAM: Final = 0.7
"""Weight of a term that no article contains: one unknown Chinese word makes several bigrams."""
_STEEPNESS: Final = 9.0
_MIDDLE: Final = 0.53
"""Logistic calibration of the raw similarity, fitted on the labelled questions of the tests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One article as terms."""

    article: Article
    frequencies: Mapping[str, float]
    """Weighted count of each term over all fields."""
    length: float
    """Sum of the frequencies."""
    questions: tuple[frozenset[str], ...]
    """Terms of the title, and of each listed question."""


class KnowledgeBase:
    """The articles of both languages, indexed in memory."""

    def __init__(self, articles: Iterable[Article], lexicon: SearchLexicon) -> None:
        self._lexicon = lexicon
        self._indexes = {
            language: _Index([_entry(part, lexicon) for part in entries])
            for language, entries in _by_language(articles).items()
        }

    def search(self, text: str, language: Literal["zh", "en"], limit: int = 3) -> list[Answer]:
        """Up to ``limit`` articles by confidence in [0, 1], the highest first."""
        index = self._indexes.get(language)
        return index.search(self._lexicon.terms(text), limit) if index else []


class _Index:
    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = entries
        self._average = sum(entry.length for entry in entries) / len(entries)
        self._postings: defaultdict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(entries):
            for term in entry.frequencies:
                self._postings[term].append(number)
        self._weights = {term: self._idf(len(numbers)) for term, numbers in self._postings.items()}
        self._unknown = self._idf(0)

    def search(self, terms: list[str], limit: int) -> list[Answer]:
        asked = frozenset(terms)
        scores: defaultdict[int, float] = defaultdict(float)
        for term in asked & self._postings.keys():
            for number in self._postings[term]:
                scores[number] += self._score(term, self._entries[number])
        weights = {term: self._weight(term) for term in asked}
        ranked = [
            (self._similarity(asked, weights, self._entries[number]), score, number)
            for number, score in nlargest(_CANDIDATES, scores.items(), key=itemgetter(1))
        ]
        ranked.sort(reverse=True)
        return [
            Answer(
                article=self._entries[number].article,
                confidence=1 / (1 + math.exp(-_STEEPNESS * (raw - _MIDDLE))),
            )
            for raw, _, number in ranked[:limit]
        ]

    def _idf(self, documents: int) -> float:
        return math.log(1 + (len(self._entries) - documents + 0.5) / (documents + 0.5))

    def _weight(self, term: str) -> float:
        known = self._weights.get(term)
        if known is not None:
            return known
        return self._unknown * (_UNKNOWN_WORD if term.isascii() else _UNKNOWN_BIGRAM)

    def _score(self, term: str, entry: _Entry) -> float:
        frequency = entry.frequencies[term]
        norm = _K1 * (1 - _B + _B * entry.length / self._average)
        return self._weight(term) * frequency * (_K1 + 1) / (frequency + norm)

    def _similarity(
        self, asked: frozenset[str], weights: Mapping[str, float], entry: _Entry
    ) -> float:
        """Mean of the share of the question in the article and of the best Dice coefficient."""
        total = sum(weights.values())
        covered = sum(weights[term] for term in asked if term in entry.frequencies) / total
        closest = 0.0
        for question in entry.questions:
            shared = sum(weights[term] for term in asked & question)
            whole = total + sum(map(self._weight, question))
            closest = max(closest, 2 * shared / whole)
        return 0.5 * covered + 0.5 * closest


def _entry(article: Article, lexicon: SearchLexicon) -> _Entry:
    fields = (
        (_TITLE, [article.title]),
        (_QUESTIONS, list(article.questions)),
        (_BODY, [article.body]),
    )
    frequencies: defaultdict[str, float] = defaultdict(float)
    for weight, texts in fields:
        for text in texts:
            for term in lexicon.terms(text):
                frequencies[term] += weight
    questions = (frozenset(lexicon.terms(text)) for text in (article.title, *article.questions))
    return _Entry(
        article=article,
        frequencies=dict(frequencies),
        length=sum(frequencies.values()),
        questions=tuple(terms for terms in questions if terms),
    )


def _by_language(articles: Iterable[Article]) -> dict[str, list[Article]]:
    parts: defaultdict[str, list[Article]] = defaultdict(list)
    for article in articles:
        parts[article.language].append(article)
    return dict(parts)
