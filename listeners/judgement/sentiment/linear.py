"""The default sentiment model: a linear model over hashed n-grams of the structured text.

Trained by ``benchmarks/train_sentiment.py``; its data, figures and limits are in
``docs/explanation/model-card.md``.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.model.judgement import Probabilities
from listeners.judgement.adaptation import Adaptation, FirstModelChange, read_adaptation
from listeners.judgement.ngrams import LONGEST_NGRAM, Hashes, character_ngrams, ngrams, word_ngrams
from listeners.judgement.sentiment.model_file import (
    BUCKET_BITS,
    CLASSES,
    ModelHeader,
    Table,
    read_model,
)
from listeners.judgement.sentiment.models import Explained
from listeners.judgement.sentiment.spelling import emoji_as_brackets, spell, squeeze
from listeners.judgement.sentiment.structure import StructuredText, WeightedPart, analyse
from listeners.judgement.sentiment.structure_words import structure_words

Floats = NDArray[np.float32]

MODEL_FILE: Final = Path(__file__).with_name("sentiment.bin")
"""The model that ships with the code."""

MAX_LENGTH: Final = 20_000
"""Characters; a longer text is a document, and is not judged."""

READ_LENGTH: Final = 4_000
"""Characters of a text that are judged."""

UNCERTAIN: Final = (0.3, 0.4, 0.3)
"""Probabilities of a text without words: negative, neutral, positive."""

_SHIFT: Final = np.uint32(32 - BUCKET_BITS)
_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)

LENGTH_POWER: Final = 0.5
"""The sum of weights is divided by the number of n-grams to this power."""

_POLARITY_BIAS: Final = 0.15
"""Log-odds from which a fragment counts as good: since most good words are listed, an unlisted word
is bad more often than its weights say."""

_MAX_PIECES: Final = 4
_EMOJI_ONLY_LENGTH: Final = 50
_EMOJI_WEIGHT: Final = 0.05

EVIDENCE_LENGTH: Final = 400
"""Characters of a part that are searched for evidence."""

_MAX_CHINESE_PIECE: Final = 6
"""Characters of a Chinese piece of evidence."""

_MIN_LATIN_PIECE: Final = 4
"""Letters below which only listed Latin words are shown: *bad*, but not *was*."""

_MIN_STRENGTH: Final = 5.0
"""Units of weight below which a piece is not shown."""

_WORD: Final = re.compile(r"[a-z][a-z'\-]*")
_SPREAD: Final = (
    np.tril(np.ones((LONGEST_NGRAM, LONGEST_NGRAM))) / np.arange(1, LONGEST_NGRAM + 1)[:, None]
).astype("f4")
"""Splits an n-gram's weight among its characters: row is its length, column the character."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _PartFeatures:
    """A part of a text with the hashes of its character n-grams."""

    text: str
    by_place: Hashes
    weight: float


class LinearModel:
    """A ``SentimentModel``; safe to share between threads."""

    def __init__(
        self, header: ModelHeader, table: Table, *, adaptation: Adaptation | None = None
    ) -> None:
        """``adaptation``: a brand's own, made for this model."""
        self.adaptation: Final = adaptation
        self._header = header
        self._scale = header.unit / header.temperature
        self._bias = np.array(header.bias) / header.temperature
        self._change = adaptation.first if adaptation else None
        if self._change is not None:
            table = _moved(table, self._change)
        self._rows = table.view(np.uint32).ravel()

    @property
    def name(self) -> str:
        changed = f"+{self.adaptation.labels}" if self.adaptation else ""
        return f"linear-{self._header.version}{changed}"

    def probabilities(self, texts: Sequence[str]) -> list[Probabilities]:
        """As ``SentimentModel``."""
        return [self._one(text) for text in texts]

    def explained(self, texts: Sequence[str]) -> list[Explained]:
        """As ``ExplainableModel``."""
        return [self._explained(text) for text in texts]

    def explain(self, text: str) -> tuple[str, ...]:
        """The decisive pieces of a text, strongest first; none for a text without words.

        They are in the spelling of the model: lower case, simplified, numbers as zero.
        """
        structured = self._analyse(text)
        if structured is None:
            return ()
        parts = self._features_of(structured.parts)
        return self._pieces(text, structured, parts, int(self._sum(parts).argmax()))

    def scores(self, parts: Sequence[WeightedPart]) -> NDArray[np.float64]:
        """Log-odds of the three classes, up to a constant, of spelled parts."""
        return self._sum(self._features_of(parts))

    def _features_of(self, parts: Sequence[WeightedPart]) -> list[_PartFeatures]:
        found = []
        for part in parts:
            text = squeeze(part.text)
            found.append(
                _PartFeatures(text=text, by_place=character_ngrams(text), weight=part.weight)
            )
        return found

    def _sum(self, parts: Sequence[_PartFeatures]) -> NDArray[np.float64]:
        total = np.zeros(3)
        size = 0
        for part in parts:
            found = ngrams(part.text)
            rows = self._rows.take(found >> _SHIFT).view(np.int8).reshape(-1, 4)
            # The sums are integers far below 2**24: exact in float32, and faster.
            sums = np.ones(len(found), np.float32) @ rows.astype(np.float32)
            total += part.weight * sums[:3].astype(np.float64)
            size += len(found)
        scores: NDArray[np.float64] = total * (self._scale / size**LENGTH_POWER) + self._bias
        return scores if self._change is None else self._change.calibration.applied(scores)

    def _explained(self, text: str) -> Explained:
        structured = self._analyse(text)
        if structured is None:
            return Explained(probabilities=self._hinted(text), pieces=())
        parts = self._features_of(structured.parts)
        scores = self._sum(parts)
        most = int(scores.argmax())
        pieces = () if CLASSES[most] == "neutral" else self._pieces(text, structured, parts, most)
        return Explained(probabilities=_probabilities(*scores.tolist()), pieces=pieces)

    def _pieces(
        self, text: str, structured: StructuredText, parts: Sequence[_PartFeatures], most: int
    ) -> tuple[str, ...]:
        found = [
            (part.weight * strength, piece)
            for part in parts
            for strength, piece in decisive_pieces(
                part.text, part.by_place, self._rows, _SHIFT, most
            )
        ]
        found.sort(key=lambda pair: -pair[0])
        pieces = [piece for _, piece in found]
        if structured.evidence or len(parts) > 1:
            # Plain words that the analysis inserted are not the author's.
            said = squeeze(spell(text[:READ_LENGTH]))
            pieces = [*structured.evidence, *(piece for piece in pieces if piece in said)]
        return tuple(dict.fromkeys(pieces))[:_MAX_PIECES]

    def polarity(self, fragment: str) -> float:
        """Log-odds of good against bad of a spelled fragment, less ``_POLARITY_BIAS``."""
        negative, _, positive = self.scores((WeightedPart(text=fragment),)).tolist()
        return float(positive - negative - _POLARITY_BIAS)

    def _analyse(self, text: str) -> StructuredText | None:
        if len(text) > MAX_LENGTH:
            return None
        spelled = spell(text[:READ_LENGTH])
        return analyse(spelled, self.polarity) if _LETTERS.search(spelled) else None

    def _one(self, text: str) -> Probabilities:
        structured = self._analyse(text)
        if structured is None:
            return self._hinted(text)
        return _probabilities(*self.scores(structured.parts).tolist())

    def _hinted(self, text: str) -> Probabilities:
        """Uncertain and neutral; emoji without words shift it a little."""
        negative, neutral, positive = UNCERTAIN
        hint = emoji_as_brackets(text[:_EMOJI_ONLY_LENGTH])
        if len(text) <= _EMOJI_ONLY_LENGTH and hint != text:
            shift = _EMOJI_WEIGHT * math.tanh(self.polarity(spell(hint)))
            negative, positive = negative - shift, positive + shift
        return Probabilities(negative=negative, neutral=neutral, positive=positive)


def _probabilities(negative: float, neutral: float, positive: float) -> Probabilities:
    top = max(negative, neutral, positive)
    shares = [math.exp(score - top) for score in (negative, neutral, positive)]
    whole = sum(shares)
    return Probabilities(
        negative=shares[0] / whole, neutral=shares[1] / whole, positive=shares[2] / whole
    )


def _moved(table: Table, change: FirstModelChange) -> Table:
    places = np.array(change.buckets, np.int64)
    moved = table.copy()
    moves = np.array(change.moves, np.int64).reshape(-1, 3)
    moved[places, :3] = np.clip(table[places, :3] + moves, -127, 127)
    return moved


def load(adaptation: Path | None = None, *, path: Path = MODEL_FILE) -> LinearModel:
    """Load a model, with the adaptation in a file where one is given.

    Raises ConfigError where a file is missing, damaged or made for another model.
    """
    header, table = read_model(path)
    model = LinearModel(header, table)
    if adaptation is None:
        return model
    return LinearModel(
        header, table, adaptation=read_adaptation(adaptation, model.name, buckets=len(table))
    )


def decisive_pieces(
    text: str,
    by_place: Hashes,
    rows: NDArray[np.uint32],
    shift: np.uint32,
    sentiment: int,
) -> Iterator[tuple[float, str]]:
    """Pieces of a squeezed text with their strengths: Chinese ones in order, then Latin ones.

    ``by_place``: hashes of its character n-grams, as ``character_ngrams`` returns them; ``rows``:
    four packed weights a bucket; ``shift``: turns a hash into a bucket; ``sentiment``: index of
    the class whose weights count.
    """
    text = text[:EVIDENCE_LENGTH]
    strengths = _by_character(by_place[:, : len(text) + 2], rows, shift, sentiment)
    # The hashes are of the text between spaces.
    del strengths[0]
    yield from _chinese(text, strengths)
    listed = structure_words().english
    for piece in _WORD.finditer(text):
        start, end = piece.span()
        own = rows.take(word_ngrams(piece[0])[:1] >> shift).view(np.int8)
        strength = sum(strengths[start:end]) + int(own[sentiment])
        if strength >= _MIN_STRENGTH and (end - start >= _MIN_LATIN_PIECE or piece[0] in listed):
            yield strength, piece[0]


def _chinese(text: str, strengths: list[float]) -> Iterator[tuple[float, str]]:
    """Runs of Chinese characters that all support the sentiment."""
    total, first = 0.0, 0
    # The space after the text ends the last run.
    for place, (char, strength) in enumerate(zip(text + " ", strengths, strict=False)):
        supports = strength > 0 and "\u3400" <= char <= "\u9fff"
        if supports and place - first < _MAX_CHINESE_PIECE:
            total += strength
            continue
        if total >= _MIN_STRENGTH and place - first > 1:
            yield total, text[first:place]
        total, first = (strength, place) if supports else (0.0, place + 1)


def _by_character(
    hashes: Hashes, rows: NDArray[np.uint32], shift: np.uint32, sentiment: int
) -> list[float]:
    """Support of each character for the sentiment, beginning with the space before the text."""
    weights = rows.take(hashes >> shift).view(np.int8)[:, sentiment::4].T
    size = hashes.shape[1]
    padded = np.zeros((size + LONGEST_NGRAM - 1, LONGEST_NGRAM), np.float32)
    np.matmul(weights.astype(np.float32), _SPREAD, out=padded[LONGEST_NGRAM - 1 :])
    # The support of a character is on a diagonal: the n-grams that begin at it, and those that
    # begin one to four characters before.
    step = padded.itemsize
    diagonal: Floats = np.ndarray(
        (size, LONGEST_NGRAM),
        np.float32,
        padded,
        (LONGEST_NGRAM - 1) * LONGEST_NGRAM * step,
        (LONGEST_NGRAM * step, (1 - LONGEST_NGRAM) * step),
    )
    strengths: list[float] = diagonal.sum(axis=1).tolist()
    return strengths
