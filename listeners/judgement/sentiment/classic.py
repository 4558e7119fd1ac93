"""The classic sentiment models: snownlp for Chinese, VADER for English.

They are the measured baseline, and a choice in the configuration. snownlp's score is not a
probability; squaring it pulls it towards neutral.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from core.model.judgement import Probabilities
from listeners.text.language import detect_language
from listeners.text.normalise import readable

READ_LENGTH: Final = 2000
"""Characters that are judged: snownlp's time grows with the length."""

UNCERTAIN: Final = Probabilities(negative=0.2, neutral=0.6, positive=0.2)


class ClassicModel:
    """snownlp for Chinese and mixed texts, VADER for English; both loaded at first use."""

    @property
    def name(self) -> str:
        return "classic-1"

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        """As ``SentimentModel``; the first call takes seconds and some 400 MB."""
        return [_probabilities(readable(text[:READ_LENGTH])) for text in texts]


def load() -> ClassicModel:
    return ClassicModel()


def _probabilities(text: str) -> Probabilities:
    spoken = detect_language(text)
    if spoken in {"zh", "mixed"}:
        return _from_score(_snownlp()(text))
    if spoken == "en":
        return _from_score((_vader()(text) + 1) / 2)
    return UNCERTAIN


def _from_score(score: float) -> Probabilities:
    """Three classes from one score in [0, 1] whose middle is neutral."""
    positive, negative = score**2, (1 - score) ** 2
    neutral = 1 - positive - negative
    return Probabilities(negative=negative, neutral=neutral, positive=positive)


@cache
def _snownlp() -> Callable[[str], float]:
    from snownlp import SnowNLP  # noqa: PLC0415 - takes seconds, so never at start

    def score(text: str) -> float:
        return min(1.0, max(0.0, float(SnowNLP(text).sentiments)))

    return score


@cache
def _vader() -> Callable[[str], float]:
    from vaderSentiment.vaderSentiment import (  # noqa: PLC0415 - loads its lexicon
        SentimentIntensityAnalyzer,
    )

    analyzer = SentimentIntensityAnalyzer()

    def compound(text: str) -> float:
        return float(analyzer.polarity_scores(text)["compound"])

    return compound
