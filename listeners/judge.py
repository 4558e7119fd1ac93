"""Puts a Judgement together: language, sentiment, complaint, category, intent and risk."""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

from core.types import Judgement, Probabilities, Sentiment
from listeners.judging import decide
from listeners.language import language
from listeners.normalise import joined, readable
from listeners.ports import SentimentModel
from listeners.topic_features import features
from listeners.topics import VERSION, model

HEAD: Final = 4000
"""How many characters of a text are judged."""

_LETTER: Final = re.compile(r"[^\W\d_]")
_SAYS_NOTHING: Final = 0.02


class TextJudge:
    """Judges texts away from the event loop."""

    def __init__(self, sentiment: SentimentModel, *, executor: Executor | None = None) -> None:
        """``executor``: where judging runs; ``None`` for the loop's own threads."""
        self._sentiment = sentiment
        self._executor = executor
        self._name = f"{sentiment.name}+{VERSION}"

    async def judge(self, texts: Sequence[str]) -> Sequence[Judgement]:
        """As core.ports.Judge."""
        if not texts:
            return ()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self.judge_now, tuple(texts))

    def judge_now(self, texts: Sequence[str]) -> list[Judgement]:
        """One Judgement a text, in order, in the calling thread."""
        heads = [text[:HEAD] for text in texts]
        sentiments = self._sentiment.probabilities(heads)
        return [
            self._one(readable(head), probabilities)
            for head, probabilities in zip(heads, sentiments, strict=True)
        ]

    def _one(self, text: str, probabilities: Probabilities) -> Judgement:
        sentiment = _most_likely(probabilities)
        folded = joined(text).casefold()
        if not _LETTER.search(folded):
            return Judgement(
                language="other",
                sentiment=sentiment,
                probabilities=probabilities,
                complaint=_SAYS_NOTHING,
                model=self._name,
            )
        seen = features(folded, probabilities)
        topics = model().topics(seen)
        decided = decide(topics, seen)
        return Judgement(
            language=language(text),
            sentiment=sentiment,
            probabilities=probabilities,
            complaint=topics.complaint,
            category=decided.category,
            intent=decided.intent,
            risk=decided.risk,
            evidence=decided.words,
            model=self._name,
        )


def _most_likely(probabilities: Probabilities) -> Sentiment:
    most = max(probabilities.negative, probabilities.neutral, probabilities.positive)
    if probabilities.neutral == most:
        return "neutral"
    return "negative" if probabilities.negative == most else "positive"
