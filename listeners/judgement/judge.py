"""Assembles a Judgement from the models, the word lists and the structure of a text."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.model.judgement import Judgement, Probabilities
from core.taxonomy import Sentiment
from listeners.judgement import offence
from listeners.judgement.adapted_topics import AdaptedTopics
from listeners.judgement.decision import (
    DENIED_FROM,
    ELSEWHERE_FACTOR,
    QUOTED_ONLY_FACTOR,
    combined_with_quoted,
    decide,
    of_another_shop,
    quoted_only,
)
from listeners.judgement.meaning import BATCH, Encoder, load_encoder, shipped_meaning
from listeners.judgement.second_opinion import MODEL_NAME as SECOND
from listeners.judgement.second_opinion import SecondOpinion
from listeners.judgement.sentiment.comparison import (
    is_set_against_another,
    resolve_comparison,
)
from listeners.judgement.sentiment.linear import MAX_LENGTH
from listeners.judgement.sentiment.models import ExplainableModel, Explained, SentimentModel
from listeners.judgement.topic_features import TopicFeatures, topic_features_of_all
from listeners.judgement.topics import (
    VERSION,
    Scores,
    TopicModel,
    TopicProbabilities,
    shipped_model,
)
from listeners.text.language import detect_language
from listeners.text.normalise import join_spaced_characters, readable_cached
from listeners.text.quotations import split_quoted, with_quotes_last, without_attribution

READ_LENGTH: Final = 4000
"""Characters of a text that are judged for complaint, category, intent and risk."""

CHUNK: Final = 64
"""Texts whose arrays are computed together: larger ones leave the processor's cache."""

MAX_EVIDENCE: Final = 8

_LETTER: Final = re.compile(r"[^\W\d_]")
_POSSIBLE_COMPLAINT: Final = -1.0
_POSSIBLE_BAD_NEWS: Final = -1.5
"""Log-odds of a complaint, and of bad news, from which the second stage is asked."""

_POSSIBLE_HARM: Final = -2.0
_POSSIBLE_NAMED_HARM: Final = -4.0
"""The same of harm, without and with a listed word."""

_TRAINED_WITH: Final = "linear-"
"""Start of the name of the sentiment model whose probabilities the topic model was trained with."""

_COMPLAINT_FROM: Final = 0.5
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
    elsewhere: bool
    """True where a fault is another shop's, and the brand is praised by contrast."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredText:
    """A text's own words as an adaptation learns from them."""

    features: TopicFeatures
    scores: Scores
    """Of all labels, from the last stage that was asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPart:
    """Own or quoted words as the models read them."""

    text: str
    """For the sentence encoder."""
    features: TopicFeatures


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Own or quoted words with their features, and the scores of all labels so far."""

    text: str
    features: TopicFeatures
    scores: Scores


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scored:
    """A text that went through the first stage."""

    read: _ReadText
    explained: Explained
    own: _Part | None
    quoted: _Part | None


def _no_brand(_text: str) -> Sequence[str]:
    return ()


class TextJudge:
    """Judges texts in worker threads."""

    def __init__(
        self,
        sentiment: SentimentModel,
        *,
        brands_in: Callable[[str], Sequence[str]] = _no_brand,
        adapted: AdaptedTopics | None = None,
        topics: TopicModel | None = None,
        second: SecondOpinion | None = None,
        encoder: Callable[[], Encoder] | None = load_encoder,
        executor: Executor | None = None,
    ) -> None:
        """Combine the models.

        ``brands_in``: the brands that a text names, the brand in question first; comparisons are
        resolved for it. ``adapted``: what a brand's own labels taught. ``topics``: replaces the
        shipped model. ``second``: asked for texts that ``sentiment`` is unsure of. ``encoder``:
        loads the sentence encoder for texts that the topic model is unsure of, called when the
        first one comes; ``None`` to do without. ``executor``: runs the judging; ``None`` for the
        loop's default.
        """
        self._sentiment = sentiment
        self._explains = sentiment if isinstance(sentiment, ExplainableModel) else None
        self._brands_in = brands_in
        self._adapted = adapted
        self._topics = topics
        self._second = second
        self._encoder = encoder
        self._executor = executor
        self._name = f"{sentiment.name}+{VERSION}"
        # The topic model was trained with this sentiment model; it corrects no other.
        self._corrects_tone = sentiment.name.startswith(_TRAINED_WITH)

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

    def scored(self, texts: Sequence[str]) -> list[ScoredText | None]:
        """The last scores of the author's own words, text by text; ``None`` without words.

        They are the shipped models': an adaptation changes them afterwards.
        """
        parts: list[_Part | None] = []
        for start in range(0, len(texts), CHUNK):
            read = [self._read(text) for text in texts[start : start + CHUNK]]
            shares = self._sentiment.probabilities([one.text for one in read])
            parts += self._scored([one.own for one in read], shares)
        revised = self._second_stage([part for part in parts if part is not None])
        return [
            None
            if part is None
            else ScoredText(features=part.features, scores=revised.get(id(part), part.scores))
            for part in parts
        ]

    def parts(self, text: str) -> tuple[TextPart | None, TextPart | None]:
        """The author's own words and the quoted ones; ``None`` for words without a letter."""
        read = self._read(text)
        (shares,) = self._sentiment.probabilities([read.text])
        quoted = without_attribution(read.quoted) if read.quoted else ""
        own, passed_on = _features_of_all([read.own, quoted], [shares, shares])
        return _text_part(read.own, own), _text_part(quoted, passed_on)

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
        scored: list[_Scored] = []
        for start in range(0, len(texts), CHUNK):
            scored += self._first_stage(texts[start : start + CHUNK])
        parts = [part for one in scored for part in _parts(one)]
        revised = self._second_stage(parts)
        found: list[Judgement] = []
        for start in range(0, len(scored), CHUNK):
            found += self._judgements(scored[start : start + CHUNK], revised)
        return found

    def _first_stage(self, texts: Sequence[str]) -> list[_Scored]:
        read = [self._read(text) for text in texts]
        explained = self._explained(read)
        asked = [
            (text, explained[place].probabilities)
            for place, one in enumerate(read)
            for text in _texts(one)
        ]
        parts = iter(self._scored([text for text, _ in asked], [shares for _, shares in asked]))
        return [
            _Scored(
                read=one,
                explained=reason,
                own=next(parts),
                quoted=next(parts) if one.quoted else None,
            )
            for one, reason in zip(read, explained, strict=True)
        ]

    def _explained(self, read: Sequence[_ReadText]) -> Sequence[Explained]:
        texts = [one.text for one in read]
        if self._explains is not None:
            return self._explains.explained(texts)
        return [
            Explained(probabilities=shares, pieces=())
            for shares in self._sentiment.probabilities(texts)
        ]

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
            elsewhere=is_set_against_another(shown, self._brands_in),
        )

    def _scored(self, texts: Sequence[str], shares: Sequence[Probabilities]) -> list[_Part | None]:
        """A part for each text; ``None`` for one without a letter."""
        features = _features_of_all(texts, shares)
        lettered = [one for one in features if one is not None]
        if not lettered:
            return [None] * len(features)
        scores = iter(self._model.scores_of_all(lettered))
        return [
            None if one is None else _Part(text=text, features=one, scores=next(scores))
            for text, one in zip(texts, features, strict=True)
        ]

    @property
    def _model(self) -> TopicModel:
        return self._topics or shipped_model()

    def _second_stage(self, parts: Sequence[_Part]) -> dict[int, Scores]:
        """New scores of the parts that need the second stage, by the id of the object."""
        if self._encoder is None:
            return {}
        asked = [part for part in parts if needs_second_stage(part.scores, part.features)]
        if not asked:
            return {}
        encode, model = self._encoder(), shipped_meaning()
        asked.sort(key=lambda part: len(part.text))
        found: dict[int, Scores] = {}
        for start in range(0, len(asked), BATCH):
            batch = asked[start : start + BATCH]
            vectors = encode([join_spaced_characters(part.text) for part in batch])
            scores = model.revised(np.stack([part.scores for part in batch]), vectors)
            found |= {id(part): one for part, one in zip(batch, scores, strict=True)}
        return found

    def _corrects(self, read: _ReadText) -> bool:
        """True where the topic model's sentiment counts.

        It neither reads whole documents nor knows whom a comparison is good for.
        """
        return self._corrects_tone and not read.compared and len(read.text) <= MAX_LENGTH

    def _probabilities(
        self, parts: Sequence[_Part], revised: Mapping[int, Scores]
    ) -> dict[int, TopicProbabilities]:
        """By the id of the part."""
        if not parts:
            return {}
        scores = [revised.get(id(part), part.scores) for part in parts]
        if self._adapted is not None:
            pairs = zip(scores, parts, strict=True)
            scores = [self._adapted.scores(one, part.features) for one, part in pairs]
        topics = self._model.probabilities_of_all(np.array(scores))
        return {id(part): one for part, one in zip(parts, topics, strict=True)}

    def _judgements(
        self, scored: Sequence[_Scored], revised: Mapping[int, Scores]
    ) -> list[Judgement]:
        topics = self._probabilities([part for one in scored for part in _parts(one)], revised)
        mains = [part for one in scored if (part := one.own or one.quoted) is not None]
        offensive = _offensive(mains)
        return [self._judgement(one, topics, offensive) for one in scored]

    def _judgement(
        self,
        scored: _Scored,
        probabilities: Mapping[int, TopicProbabilities],
        offensive_by_part: Mapping[int, float],
    ) -> Judgement:
        explained, read = scored.explained, scored.read
        part = scored.own or scored.quoted
        if part is None:
            return Judgement(
                language="other",
                sentiment=most_likely(explained.probabilities),
                probabilities=explained.probabilities,
                complaint=_COMPLAINT_WITHOUT_TEXT,
                model=self._name,
            )
        topics = probabilities[id(part)]
        tone = topics.sentiment if self._corrects(read) else explained.probabilities
        decision = decide(topics, part.features)
        complaint, offensive = topics.complaint, offensive_by_part[id(part)]
        adverse, denial = topics.adverse, topics.denial
        if scored.own is None:
            decision = quoted_only(decision)
            complaint *= QUOTED_ONLY_FACTOR
            offensive *= QUOTED_ONLY_FACTOR
        elif scored.quoted is not None:
            passed_on = probabilities[id(scored.quoted)]
            decision = combined_with_quoted(
                decision,
                decide(passed_on, scored.quoted.features),
                own_leads=complaint >= _COMPLAINT_FROM or len(part.text) >= len(scored.quoted.text),
            )
            adverse, denial = max(adverse, passed_on.adverse), max(denial, passed_on.denial)
        if denial >= DENIED_FROM:
            adverse *= 1 - denial
        if read.elsewhere:
            decision = of_another_shop(decision)
            complaint *= ELSEWHERE_FACTOR
            adverse *= ELSEWHERE_FACTOR
        return Judgement(
            language=detect_language(read.shown),
            sentiment=most_likely(tone),
            probabilities=tone,
            complaint=complaint,
            category=decision.category,
            intent=decision.intent,
            risk=decision.risk,
            relevance=decision.relevance,
            adverse=adverse,
            denial=denial,
            offensive=offensive,
            spam=topics.intents["spam"],
            evidence=_evidence(decision.words, _own_pieces(read, explained.pieces)),
            model=self._name,
        )


def _text_part(text: str, features: TopicFeatures | None) -> TextPart | None:
    if features is None:
        return None
    return TextPart(text=join_spaced_characters(text), features=features)


def _features_of_all(
    texts: Sequence[str], shares: Sequence[Probabilities]
) -> list[TopicFeatures | None]:
    """``None`` for a text without a letter."""
    folded = [join_spaced_characters(text).casefold() for text in texts]
    lettered = [place for place, text in enumerate(folded) if _LETTER.search(text)]
    found: list[TopicFeatures | None] = [None] * len(texts)
    features = topic_features_of_all(
        [folded[place] for place in lettered], [shares[place] for place in lettered]
    )
    for place, one in zip(lettered, features, strict=True):
        found[place] = one
    return found


def _texts(read: _ReadText) -> Iterator[str]:
    """The texts of its parts."""
    yield read.own
    if read.quoted:
        yield without_attribution(read.quoted)


def _offensive(parts: Sequence[_Part]) -> dict[int, float]:
    """The probability of offence by the id of the part."""
    if not parts:
        return {}
    found = offence.shipped_model().probabilities([part.features for part in parts])
    return {id(part): one for part, one in zip(parts, found, strict=True)}


def _parts(scored: _Scored) -> Iterator[_Part]:
    if scored.own is not None:
        yield scored.own
    if scored.quoted is not None:
        yield scored.quoted


def needs_second_stage(scores: Scores, features: TopicFeatures) -> bool:
    """True where the second stage is worth its time.

    That is where a complaint is possible, whose category it tells better, where bad news is
    possible, or harm: by its score, or by a lower one and a listed word.
    """
    complaint, harm, adverse = float(scores[0]), float(scores[1]), float(scores[2])
    return (
        complaint > _POSSIBLE_COMPLAINT
        or harm > _POSSIBLE_HARM
        or adverse > _POSSIBLE_BAD_NEWS
        or (bool(features.risks) and harm > _POSSIBLE_NAMED_HARM)
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
