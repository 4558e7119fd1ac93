"""Search for the article that answers a question, with a calibrated confidence.

Okapi BM25 over weighted fields picks the candidates. The confidence compares the question with
those that each article lists, weighted by inverse document frequency: a rare term that no article
contains counts against every answer instead of being ignored.

Source of BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from typing import Final, Literal

from core.model.articles import Answer, Article
from responders.answering.tokenizer import SearchLexicon

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
