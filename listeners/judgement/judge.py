"""Assembles a Judgement from the models, the word lists and the structure of a text."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from core.model.judgement import Judgement, Probabilities
from core.taxonomy import Sentiment
from listeners.judgement import offence
from listeners.judgement.platt_scaling import PlattScaling
from listeners.judgement.second_opinion import MODEL_NAME as SECOND
from listeners.judgement.second_opinion import SecondOpinion
from listeners.judgement.sentiment.comparison import resolve_comparison
from listeners.judgement.sentiment.models import ExplainableModel, Explained, SentimentModel
from listeners.judgement.topic_features import TopicFeatures, topic_features
from listeners.judgement.topics import (
    QUOTED_ONLY_FACTOR,
    VERSION,
    TopicDecision,
    TopicModel,
    TopicProbabilities,
    combined_with_quoted,
    decide,
    quoted_only,
    shipped_model,
)
from listeners.text.language import detect_language
from listeners.text.normalise import join_spaced_characters, readable_cached
from listeners.text.quotations import split_quoted, with_quotes_last, without_attribution

READ_LENGTH: Final = 4000
"""Characters of a text that are judged for complaint, category, intent and risk."""

MAX_EVIDENCE: Final = 8

_LETTER: Final = re.compile(r"[^\W\d_]")
_COMPLAINT_WITHOUT_TEXT: Final = 0.02
_LEADING_WORDS: Final = 5
"""Listed words that precede the evidence of sentiment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _ReadText:
    """A text prepared for the models."""

    text: str
    """For the sentiment model: whole, with comparisons resolved."""
    shown: str
    """The readable head of the text as written."""
    own: str
    quoted: str
    compared: tuple[str, ...]
    """The comparisons as written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prediction:
    """Predictions of the trained models on one text, own words and quotation together."""

    complaint: float
    decision: TopicDecision
    offensive: float
    spam: float


def _no_brand(_text: str) -> Sequence[str]:
    return ()


class TextJudge:
    """Judges texts in worker threads."""

    def __init__(
        self,
        sentiment: SentimentModel,
        *,
        brands_in: Callable[[str], Sequence[str]] = _no_brand,
        complaint: PlattScaling | None = None,
        topics: TopicModel | None = None,
        second: SecondOpinion | None = None,
        executor: Executor | None = None,
    ) -> None:
        """Combine the models.

        ``brands_in``: the brands that a text names, the brand in question first; comparisons are
        resolved for it. ``complaint``: an adapted scaling of the probability of a complaint.
        ``topics``: replaces the shipped model. ``second``: asked for texts that ``sentiment`` is
        unsure of. ``executor``: runs the judging; ``None`` for the loop's default.
        """
        self._sentiment = sentiment
        self._explains = sentiment if isinstance(sentiment, ExplainableModel) else None
        self._brands_in = brands_in
        self._complaint = complaint
        self._topics = topics
        self._second = second
        self._executor = executor
        self._name = f"{sentiment.name}+{VERSION}"

    async def judge(self, texts: Sequence[str]) -> Sequence[Judgement]:
        """As ``core.ports.Judge``."""
        if not texts:
            return ()
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, self._judge_all, tuple(texts))
        if self._second is None:
            return found
        revised = await self._second.revise(texts, [one.probabilities for one in found])
        return self._revised(found, revised)

    def judge_now(self, texts: Sequence[str]) -> list[Judgement]:
        """One Judgement a text, in the calling thread; waits for all second opinions."""
        found = self._judge_all(texts)
        if self._second is None:
            return found
        revised = self._second.revise_now(texts, [one.probabilities for one in found])
        return self._revised(found, revised)

    def features(self, text: str) -> TopicFeatures | None:
        """The features of the author's own words; ``None`` where there are none."""
        read = self._read(text)
        (shares,) = self._sentiment.probabilities([read.text])
        own = self._predict(read.own, shares)
        return None if own is None else own[1]

    def _revised(
        self, found: list[Judgement], revised: Mapping[int, Probabilities]
    ) -> list[Judgement]:
        for place, shares in revised.items():
            found[place] = replace(
                found[place],
                probabilities=shares,
                sentiment=most_likely(shares),
                model=f"{self._name}+{SECOND}",
            )
        return found

    def _judge_all(self, texts: Sequence[str]) -> list[Judgement]:
        read = [self._read(text) for text in texts]
        return [
            self._judge_one(one, explained)
            for one, explained in zip(read, self._explained(read), strict=True)
        ]

    def _explained(self, read: Sequence[_ReadText]) -> Iterator[Explained]:
        if self._explains is None:
            for shares in self._sentiment.probabilities([one.text for one in read]):
                yield Explained(probabilities=shares, pieces=())
            return
        for one in read:
            # One by one, so that the n-grams of a text are still cached for its topics.
            yield from self._explains.explained((one.text,))

    def _read(self, text: str) -> _ReadText:
        text = with_quotes_last(text)
        shown = readable_cached(text[:READ_LENGTH])
        own, quoted = split_quoted(shown)
        resolved = resolve_comparison(shown, self._brands_in)
        return _ReadText(
            text=text if resolved is None else resolved.text,
            shown=shown,
            own=own,
            quoted=quoted,
            compared=() if resolved is None else resolved.evidence,
        )

    def _judge_one(self, read: _ReadText, explained: Explained) -> Judgement:
        sentiment = most_likely(explained.probabilities)
        prediction = self._predict_whole(read, explained.probabilities)
        if prediction is None:
            return Judgement(
                language="other",
                sentiment=sentiment,
                probabilities=explained.probabilities,
                complaint=_COMPLAINT_WITHOUT_TEXT,
                model=self._name,
            )
        decision = prediction.decision
        return Judgement(
            language=detect_language(read.shown),
            sentiment=sentiment,
            probabilities=explained.probabilities,
            complaint=prediction.complaint,
            category=decision.category,
            intent=decision.intent,
            risk=decision.risk,
            offensive=prediction.offensive,
            spam=prediction.spam,
            evidence=_evidence(decision.words, _own_pieces(read, explained.pieces)),
            model=self._name,
        )

    def _predict_whole(self, read: _ReadText, shares: Probabilities) -> _Prediction | None:
        """``None`` for a text without a letter."""
        own = self._predict(read.own, shares)
        quoted = self._predict(without_attribution(read.quoted), shares) if read.quoted else None
        if own is None:
            return None if quoted is None else _quotation_alone(*quoted)
        topics, features = own
        decision = decide(topics, features)
        if quoted is not None:
            decision = combined_with_quoted(decision, decide(*quoted))
        return _Prediction(
            complaint=topics.complaint,
            decision=decision,
            offensive=offence.shipped_model().probability(features),
            spam=topics.intents["spam"],
        )

    def _predict(
        self, text: str, shares: Probabilities
    ) -> tuple[TopicProbabilities, TopicFeatures] | None:
        folded = join_spaced_characters(text).casefold()
        if not _LETTER.search(folded):
            return None
        features = topic_features(folded, shares)
        topics = (self._topics or shipped_model()).topics(features)
        if self._complaint is not None:
            topics = replace(topics, complaint=self._complaint(topics.complaint))
        return topics, features


def _quotation_alone(topics: TopicProbabilities, features: TopicFeatures) -> _Prediction:
    return _Prediction(
        complaint=topics.complaint * QUOTED_ONLY_FACTOR,
        decision=quoted_only(decide(topics, features)),
        offensive=offence.shipped_model().probability(features) * QUOTED_ONLY_FACTOR,
        spam=topics.intents["spam"],
    )


def most_likely(probabilities: Probabilities) -> Sentiment:
    """The likeliest sentiment; neutral where it ties."""
    most = max(probabilities.negative, probabilities.neutral, probabilities.positive)
    if probabilities.neutral == most:
        return "neutral"
    return "negative" if probabilities.negative == most else "positive"


def _own_pieces(read: _ReadText, pieces: tuple[str, ...]) -> tuple[str, ...]:
    """The comparisons as written, and the pieces that occur in the text as written."""
    if not read.compared:
        return pieces
    shown = read.shown.lower()
    return (*read.compared, *(piece for piece in pieces if piece in shown))


def _evidence(words: tuple[str, ...], pieces: tuple[str, ...]) -> tuple[str, ...]:
    """Some words of each kind, without those that are part of an earlier one."""
    shown: list[str] = []
    for word in (*words[:_LEADING_WORDS], *pieces, *words[_LEADING_WORDS:]):
        if not any(word in other for other in shown):
            shown.append(word)
    return tuple(shown[:MAX_EVIDENCE])
