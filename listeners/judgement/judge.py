"""Puts a Judgement together out of what the models and the word lists say of a text."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from core.judgement import Judgement, Probabilities
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
"""How many characters of a text are read for complaint, category, intent and risk."""

MAX_EVIDENCE: Final = 8

_LETTER: Final = re.compile(r"[^\W\d_]")
_COMPLAINT_WITHOUT_TEXT: Final = 0.02
_LEADING_WORDS: Final = 5
"""Words of the lists that stand before the pieces that decided on sentiment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _ReadText:
    """A text as it is judged."""

    text: str
    """As the sentiment model reads it: uncut, comparisons said plainly."""
    shown: str
    """Its head, readable, as it was written."""
    own: str
    passed_on: str
    compared: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prediction:
    """What the trained models say of one text, own words and quotation together."""

    complaint: float
    decided: TopicDecision
    offensive: float
    spam: float


def _no_brand(_text: str) -> Sequence[str]:
    return ()


class TextJudge:
    """Judges texts away from the event loop."""

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
        """``brands_in``: the brands a text names, ours first; comparisons are read by them.

        ``complaint``: what a brand's own labels made of the probability of a complaint.
        ``topics``: in the place of the model that ships with the code.
        ``second``: asked about what the first model is unsure of.
        ``executor``: where judging runs; ``None`` for the loop's own threads.
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
        """As core.ports.Judge."""
        if not texts:
            return ()
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, self._first, tuple(texts))
        if self._second is None:
            return found
        heard = await self._second.hear(texts, [one.probabilities for one in found])
        return self._corrected(found, heard)

    def judge_now(self, texts: Sequence[str]) -> list[Judgement]:
        """One Judgement a text, in order, in the calling thread; waits for second opinions."""
        found = self._first(texts)
        if self._second is None:
            return found
        return self._corrected(
            found, self._second.hear_now(texts, [one.probabilities for one in found])
        )

    def features(self, text: str) -> TopicFeatures | None:
        """What complaint and category are judged by; ``None`` where the author says nothing."""
        heard = self._hear(text)
        (shares,) = self._sentiment.probabilities([heard.text])
        own = self._read(heard.own, shares)
        return None if own is None else own[1]

    def _corrected(
        self, found: list[Judgement], heard: Mapping[int, Probabilities]
    ) -> list[Judgement]:
        for place, shares in heard.items():
            found[place] = replace(
                found[place],
                probabilities=shares,
                sentiment=most_likely(shares),
                model=f"{self._name}+{SECOND}",
            )
        return found

    def _first(self, texts: Sequence[str]) -> list[Judgement]:
        heard = [self._hear(text) for text in texts]
        return [self._one(one, why) for one, why in zip(heard, self._why(heard), strict=True)]

    def _why(self, heard: Sequence[_ReadText]) -> Iterator[Explained]:
        if self._explains is None:
            for shares in self._sentiment.probabilities([one.text for one in heard]):
                yield Explained(probabilities=shares, pieces=())
            return
        for one in heard:
            # One by one: the n-grams of a text are still at hand when its topics are read.
            yield from self._explains.explained((one.text,))

    def _hear(self, text: str) -> _ReadText:
        text = with_quotes_last(text)
        shown = readable_cached(text[:READ_LENGTH])
        own, passed_on = split_quoted(shown)
        plain = resolve_comparison(shown, self._brands_in)
        return _ReadText(
            text=text if plain is None else plain.text,
            shown=shown,
            own=own,
            passed_on=passed_on,
            compared=() if plain is None else plain.evidence,
        )

    def _one(self, heard: _ReadText, why: Explained) -> Judgement:
        sentiment = most_likely(why.probabilities)
        told = self._told(heard, why.probabilities)
        if told is None:
            return Judgement(
                language="other",
                sentiment=sentiment,
                probabilities=why.probabilities,
                complaint=_COMPLAINT_WITHOUT_TEXT,
                model=self._name,
            )
        return Judgement(
            language=detect_language(heard.shown),
            sentiment=sentiment,
            probabilities=why.probabilities,
            complaint=told.complaint,
            category=told.decided.category,
            intent=told.decided.intent,
            risk=told.decided.risk,
            offensive=told.offensive,
            spam=told.spam,
            evidence=_evidence(told.decided.words, _own_pieces(heard, why.pieces)),
            model=self._name,
        )

    def _told(self, heard: _ReadText, shares: Probabilities) -> _Prediction | None:
        """``None`` for a text without a letter."""
        own = self._read(heard.own, shares)
        passed_on = (
            self._read(without_attribution(heard.passed_on), shares) if heard.passed_on else None
        )
        if own is None:
            return None if passed_on is None else self._quoted(*passed_on)
        topics, seen = own
        decided = decide(topics, seen)
        if passed_on is not None:
            decided = combined_with_quoted(decided, decide(*passed_on))
        return _Prediction(
            complaint=topics.complaint,
            decided=decided,
            offensive=offence.shipped_model().probability(seen),
            spam=topics.intents["spam"],
        )

    def _quoted(self, topics: TopicProbabilities, seen: TopicFeatures) -> _Prediction:
        return _Prediction(
            complaint=topics.complaint * QUOTED_ONLY_FACTOR,
            decided=quoted_only(decide(topics, seen)),
            offensive=offence.shipped_model().probability(seen) * QUOTED_ONLY_FACTOR,
            spam=topics.intents["spam"],
        )

    def _read(
        self, text: str, shares: Probabilities
    ) -> tuple[TopicProbabilities, TopicFeatures] | None:
        folded = join_spaced_characters(text).casefold()
        if not _LETTER.search(folded):
            return None
        seen = topic_features(folded, shares)
        topics = (self._topics or shipped_model()).topics(seen)
        if self._complaint is not None:
            topics = replace(topics, complaint=self._complaint(topics.complaint))
        return topics, seen


def most_likely(probabilities: Probabilities) -> Sentiment:
    """The likeliest sentiment; neutral where it is as likely as any."""
    most = max(probabilities.negative, probabilities.neutral, probabilities.positive)
    if probabilities.neutral == most:
        return "neutral"
    return "negative" if probabilities.negative == most else "positive"


def _own_pieces(heard: _ReadText, pieces: tuple[str, ...]) -> tuple[str, ...]:
    """Comparisons as they were written, and the pieces that are the author's words."""
    if not heard.compared:
        return pieces
    shown = heard.shown.lower()
    return (*heard.compared, *(piece for piece in pieces if piece in shown))


def _evidence(words: tuple[str, ...], pieces: tuple[str, ...]) -> tuple[str, ...]:
    """A few words of each kind, none twice and none as a part of another one."""
    shown: list[str] = []
    for word in (*words[:_LEADING_WORDS], *pieces, *words[_LEADING_WORDS:]):
        if not any(word in other for other in shown):
            shown.append(word)
    return tuple(shown[:MAX_EVIDENCE])
