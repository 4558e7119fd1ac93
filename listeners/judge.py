"""Puts a Judgement together: language, sentiment, complaint, category, intent and risk."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final

from core.types import Judgement, Probabilities, Sentiment
from listeners.categories import category
from listeners.complaint import complaint
from listeners.intents import intent
from listeners.language import language
from listeners.normalise import joined, readable
from listeners.ports import SentimentModel
from listeners.risks import risks

HEAD: Final = 4000
"""How many characters of a text are judged."""

VERSION: Final = "rules-1"


class TextJudge:
    """Judges texts away from the event loop."""

    def __init__(self, model: SentimentModel, *, executor: Executor | None = None) -> None:
        """``executor``: where judging runs; ``None`` for the loop's own threads."""
        self._model = model
        self._executor = executor
        self._name = f"{model.name}+{VERSION}"

    async def judge(self, texts: Sequence[str]) -> Sequence[Judgement]:
        """As core.ports.Judge."""
        if not texts:
            return ()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self.judge_now, tuple(texts))

    def judge_now(self, texts: Sequence[str]) -> list[Judgement]:
        """One Judgement a text, in order, in the calling thread."""
        heads = [text[:HEAD] for text in texts]
        sentiments = self._model.probabilities(heads)
        return [
            self._one(readable(head), probabilities)
            for head, probabilities in zip(heads, sentiments, strict=True)
        ]

    def _one(self, text: str, probabilities: Probabilities) -> Judgement:
        folded = joined(text).casefold()
        sentiment = _most_likely(probabilities)
        wrong = complaint(folded, probabilities)
        about, about_words = category(folded)
        wanted, wanted_words = intent(folded, complaint=wrong.probability, sentiment=sentiment)
        harm = risks(folded)
        evidence = dict.fromkeys(
            (*(word for risk in harm for word in risk.words), *wrong.words, *about_words)
        )
        return Judgement(
            language=language(text),
            sentiment=sentiment,
            probabilities=probabilities,
            complaint=wrong.probability,
            category=about,
            intent=wanted,
            risk=tuple(risk.kind for risk in harm),
            evidence=tuple(dict.fromkeys((*evidence, *wanted_words))),
            model=self._name,
        )


def _most_likely(probabilities: Probabilities) -> Sentiment:
    most = max(probabilities.negative, probabilities.neutral, probabilities.positive)
    if probabilities.neutral == most:
        return "neutral"
    return "negative" if probabilities.negative == most else "positive"
